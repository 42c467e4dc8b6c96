internal import Foundation
internal import Patchbay

/// Swift and CPython converse over authenticated sockets, each as the listener and as the dialer.
///
/// `scripts/demo` builds and runs it. Its argument is the path of `peer.py`. It ends with status 0 where every answer was the right one.
@main
struct Demo {
    static func main() async {
        // A conversation that hangs ends the program, with a status that is not 0.
        alarm(120)
        do {
            guard CommandLine.arguments.count == 2 else { throw PythonPeer.Failure(description: "usage: patchbay-demo peer.py") }
            try await Demo(script: CommandLine.arguments[1]).run()
        } catch {
            Transcript.write("\nThe demo failed: \(error)")
            exit(1)
        }
    }

    let script: String
    let python: (major: Int, minor: Int)
    /// A folder in the temporary one, for the sockets and the key, for this user alone.
    let folder: String
    var keyFile: String { folder + "/key" }

    init(script: String) throws {
        self.script = script
        python = try PythonPeer.version()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("demo-\(UUID().uuidString.prefix(6).lowercased())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    /// CPython 3.11 and older know no other digest.
    private var needsMD5: Bool { (python.major, python.minor) < (3, 12) }

    @concurrent
    func run() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data((0..<32).map { _ in UInt8.random(in: 0...255) }.map { String(format: "%02x", $0) }.joined().utf8)
            .write(to: URL(fileURLWithPath: keyFile))
        Transcript.write("Patchbay talks to CPython \(python.major).\(python.minor), which uses its standard library and nothing else.")
        if needsMD5 {
            Transcript.write("CPython 3.11 and older authenticate with HMAC-MD5 alone, so our URLs say digest=md5.")
        }
        try await swiftListens("1. Over a Unix socket: Swift listens, Python connects", at: "\(folder)/swift.sock")
        try await pythonListens("2. Over a Unix socket: Python listens, Swift connects", at: "\(folder)/python.sock")
        try await swiftListens("3. Over TCP: Swift listens, Python connects", at: "127.0.0.1:0")
        try await pythonListens("4. Over TCP: Python listens, Swift connects", at: "127.0.0.1:0")
        Transcript.write("\nEvery answer was as expected.")
    }

    private func swiftListens(_ title: String, at address: String) async throws {
        Transcript.write("\n\(title)\n")
        let listener = try await Listener.bind(url(address))
        Transcript.say("listens at \(listener.url)")
        let peer = try PythonPeer(script: script, role: "connect", address: listener.address?.description ?? address, keyFile: keyFile)
        defer { peer.terminate() }
        let connection = try await listener.accept()
        let rate = try await Conversation(connection: connection).run()
        await connection.close()
        try peer.waitUntilItEnds()
        conclude(connection.stack, rate)
    }

    private func pythonListens(_ title: String, at address: String) async throws {
        Transcript.write("\n\(title)\n")
        let peer = try PythonPeer(script: script, role: "listen", address: address, keyFile: keyFile)
        defer { peer.terminate() }
        let url = try url(peer.boundAddress())
        Transcript.say("connects to \(url)")
        let (stack, rate) = try await withConnection(to: url) { ($0.stack, try await Conversation(connection: $0).run()) }
        try peer.waitUntilItEnds()
        conclude(stack, rate)
    }

    /// `python+unix:///path?python.key-file=…`, or `python+tcp://host:port?…`.
    private func url(_ address: String) throws -> ConnectionURL {
        func encoded(_ path: String) -> String { path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path }
        let target = address.hasPrefix("/") ? "unix://\(encoded(address))" : "tcp://\(address)"
        return try ConnectionURL("python+\(target)?python.key-file=\(encoded(keyFile))" + (needsMD5 ? "&python.digest=md5" : ""))
    }

    private func conclude(_ stack: Stack?, _ rate: Double) {
        Transcript.write("\n   \(Int(rate)) round trips per second, over this stack (options that are not the default):\n")
        for line in (stack?.description ?? "").split(separator: "\n") where !line.hasSuffix(" default") { Transcript.write("   \(line)") }
    }
}
