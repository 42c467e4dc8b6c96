internal import Glibc
public import PatchbayCore
public import PatchbayIO

/// Dials and listens on Unix sockets.
///
/// It opens descriptors, and leaves reading and writing to Patchbay. A transport that has none gives a `ByteStream` of its own.
public struct AcmeTransport: Transport {
    public init() {}

    public func connect(_ context: TransportContext) async throws -> any ByteStream {
        let socket = try AcmeSocket(context.path, stage: .dial)
        // A Unix socket is connected at once, or not at all.
        guard socket.withAddress({ Glibc.connect(socket.descriptor, $0, $1) }) == 0 else {
            throw socket.abandoned("nobody can be reached at that path; start the listener, or check the path")
        }
        return try context.reactor.stream(adopting: socket.descriptor)
    }

    public func listen(_ context: TransportContext) async throws -> any StreamListener {
        let path = context.path
        let socket = try AcmeSocket(path, stage: .listen)
        guard socket.withAddress({ bind(socket.descriptor, $0, $1) }) == 0 else {
            throw socket.abandoned("the path cannot be listened on; stop who listens there, remove the file, or choose another")
        }
        guard Glibc.listen(socket.descriptor, CInt(context.options.integer("backlog") ?? 128)) == 0 else {
            unlink(path)
            throw socket.abandoned("the path cannot be listened on")
        }
        return try AdoptedListener(adopting: socket.descriptor, boundTarget: percentEncoded(path), reactor: context.reactor) {
            unlink(path)
        }
    }

    private func percentEncoded(_ path: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
        return path.utf8.map { byte in
            if plain.contains(byte) { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.utf8.count == 1 ? "%0" + digits : "%" + digits
        }.joined()
    }
}
