internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// Dials and listens on a Unix socket at a path.
struct UnixTransport: Transport {
    func connect(_ context: TransportContext) async throws -> any ByteStream {
        let path = try Self.checked(context.path, stage: .dial)
        return try await UnixDialer(address: .unix(path), layer: "unix").connect(context)
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        let folder = context.path.isEmpty ? try Self.makeFolder() : nil
        var isBound = false
        defer { if let folder, !isBound { rmdir(folder) } }
        let path = try Self.checked(folder.map { $0 + "/listener.sock" } ?? context.path, stage: .listen)
        let socketPath = SocketPath(path, permissions: UInt32(clamping: context.options.integer("permissions") ?? 0o600), layer: "unix")
        let listener = try await socketPath.listen(backlog: context.options.integer("backlog") ?? 4096, reactor: context.reactor)
        let target = String(decoding: PercentCoding.encode(path.utf8, keeping: UInt8(ascii: "/")), as: UTF8.self)
        isBound = true
        return UnixListener(listener, boundTarget: target, layer: "unix", folder: folder)
    }

    /// A fresh folder of this user alone, for a listener that was given no path.
    private static func makeFolder() throws(PatchbayError) -> String {
        let temporary = getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        var template = Array((temporary + "/patchbay-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SystemErrors.explain(IOFailure(errno: errno, operation: "make a folder"), temporary, stage: .listen, layer: "unix")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func checked(_ path: String, stage: PatchbayError.Stage) throws(PatchbayError) -> String {
        guard path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(0) else {
            throw PatchbayError(.invalidURL, "a Unix socket's path is absolute, as in unix:///run/a.sock", stage: stage, layer: "unix")
        }
        try SocketPath.checkLength(of: path, stage: stage, layer: "unix")
        return path
    }
}
