import CPatchbayIO
import Foundation
import Glibc
import PatchbayIO
import PluginTestSupport
import Testing

/// A proxy from Debian, on a port of its own, ended with the last reference.
final class ProxyServer {
    let port: Int
    private let process = Process()
    private let folder: Folder

    static let socks: String? = ["/usr/bin/microsocks", "/usr/local/bin/microsocks"].first(where: Tool.exists)
    static let http: String? = ["/usr/bin/tinyproxy", "/usr/sbin/tinyproxy"].first(where: Tool.exists)

    struct Failure: Error { var description: String }

    static func microsocks(user: String? = nil, password: String? = nil) async throws -> ProxyServer {
        try await ProxyServer(#require(socks)) { port, _ in
            ["-i", "127.0.0.1", "-p", "\(port)"] + (user.map { ["-u", $0] } ?? []) + (password.map { ["-P", $0] } ?? [])
        }
    }

    static func tinyproxy(user: String? = nil, password: String? = nil) async throws -> ProxyServer {
        try await ProxyServer(#require(http)) { port, folder in
            var lines = ["Port \(port)", "Listen 127.0.0.1", "Timeout 60", "MaxClients 20"]
            if let user, let password { lines.append("BasicAuth \(user) \(password)") }
            return ["-d", "-c", try folder.write(lines.joined(separator: "\n") + "\n", to: "tinyproxy.conf")]
        }
    }

    private init(_ program: String, _ arguments: (Int, Folder) throws -> [String]) async throws {
        folder = try Folder()
        port = try Self.freePort()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = try arguments(port, folder)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        // It tells nobody when it listens.
        for _ in 0..<2000 {
            if try Self.connects(to: port) { return }
            guard process.isRunning else { break }
            try await ReactorGroup.shared.next().sleep(for: .milliseconds(5))
        }
        throw Failure(description: "\(program) does not listen")
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        return address
    }

    /// A port that was free a moment ago: these proxies cannot choose one and say which.
    static func freePort() throws -> Int {
        let socket = cpb_socket(AF_INET, CInt(SOCK_STREAM.rawValue))
        defer { _ = cpb_close(socket) }
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard cpb_bind(socket, &address, length) >= 0, cpb_local_address(socket, &address, &length) >= 0 else {
            throw Failure(description: "no port is free")
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func connects(to port: Int) throws -> Bool {
        let socket = cpb_socket(AF_INET, CInt(SOCK_STREAM.rawValue))
        defer { _ = cpb_close(socket) }
        var address = loopback(port)
        let status = cpb_connect(socket, &address, socklen_t(MemoryLayout<sockaddr_in>.size))
        if status == 0 { return true }
        return status == -EINPROGRESS && cpb_poll(socket, CInt(CPB_OUT), 1000) == 1 && cpb_socket_error(socket) == 0
    }
}
