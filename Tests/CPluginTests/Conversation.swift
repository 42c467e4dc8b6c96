import Foundation
import NIOCore
import Patchbay
import PatchbayCore

/// Listens, and echoes every message of every connection, while `body` talks to it.
func withEcho(
    _ url: String,
    _ registry: Registry,
    onConnection: @escaping @Sendable (Connection) -> Void = { _ in },
    _ body: (Listener) async throws -> Void
) async throws {
    let listener = try await Listener.bind(ConnectionURL(url), registry: registry)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            try await listener.run { connection in
                onConnection(connection)
                while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
            }
        }
        do {
            try await body(listener)
        } catch {
            listener.close()
            throw error
        }
        listener.close()
        try await group.waitForAll()
    }
}

/// Sends these messages, all of them before the first comes back, and gives what came.
func exchange(_ messages: [[UInt8]], over url: String, _ registry: Registry) async throws -> [[UInt8]] {
    try await withConnection(to: ConnectionURL(url), registry: registry) { connection in
        async let sending: Void = { for message in messages { try await connection.send(bytes: ByteBuffer(bytes: message)) } }()
        var received: [[UInt8]] = []
        for _ in messages {
            guard let message = try await connection.receiveBytes() else { break }
            received.append(Array(message.readableBytesView))
        }
        try await sending
        return received
    }
}

/// Messages of many sizes.
let sampleMessages: [[UInt8]] = [1, 2, 100, 5000, 65_536, 100_000, 3].map { count in
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ count) }
}

/// A folder of one test, which goes with the last reference.
final class Folder {
    let path: String

    init() throws {
        path = URL(fileURLWithPath: NSTemporaryDirectory()).resolvingSymlinksInPath().path + "/patchbay-c-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        return file
    }
}
