internal import PatchbayCore
internal import PatchbayIO

/// Dials and listens on the socket of a node: `<runtime folder>/<name>.sock`.
struct NodeTransport: Transport {
    /// Nil: the process's own.
    var folder: RuntimeFolder?

    func connect(_ context: TransportContext) async throws -> any ByteStream {
        let folder = folder ?? .current
        let path = try Self.path(of: context, in: folder, stage: .dial)
        try folder.check(stage: .dial)
        let stream = try await UnixDialer(address: .unix(path), layer: "node").connect(context)
        do throws(PatchbayError) {
            try PeerCheck(context.options).check(stream, stage: .dial)
        } catch {
            stream.close(abort: true)
            throw error
        }
        return stream
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        let folder = folder ?? .current
        let path = try Self.path(of: context, in: folder, stage: .listen)
        try folder.create()
        let listener = try await SocketPath(path, permissions: 0o600, layer: "node")
            .listen(backlog: context.options.integer("backlog") ?? 4096, reactor: context.reactor)
        return UnixListener(listener, boundTarget: context.host ?? "", layer: "node", check: PeerCheck(context.options))
    }

    private static func path(
        of context: TransportContext,
        in folder: RuntimeFolder,
        stage: PatchbayError.Stage
    ) throws(PatchbayError) -> String {
        // Checked here as well: a name with a slash would leave the folder.
        guard let name = context.host, NodeName.isValid(name.utf8) else {
            throw PatchbayError(
                .invalidURL,
                "a node's name is 1 to \(NodeName.longest) lower-case letters, digits and '-', as in node://worker",
                stage: stage,
                layer: "node"
            )
        }
        let path = folder.path + "/" + name + ".sock"
        try SocketPath.checkLength(of: path, stage: stage, layer: "node")
        return path
    }
}
