internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// Dials and listens in Linux's abstract namespace: names without a file, which end with their socket and which every process of the
/// network namespace may dial and take.
struct AbstractTransport: Transport {
    func connect(_ context: TransportContext) async throws -> any ByteStream {
        let name = try Self.name(of: context, stage: .dial)
        return try await UnixDialer(address: .abstract(name), layer: "abstract").connect(context)
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        let name = try Self.name(of: context, stage: .listen)
        do throws(IOFailure) {
            let listener = try SocketListener.bind(
                to: .abstract(name),
                backlog: context.options.integer("backlog") ?? 4096,
                settings: nil,
                reactor: context.reactor
            )
            return UnixListener(listener, boundTarget: PercentCoding.encode(context.host ?? ""), layer: "abstract")
        } catch {
            throw SystemErrors.explain(error, "@" + String(decoding: name, as: UTF8.self), stage: .listen, layer: "abstract")
        }
    }

    private static func name(of context: TransportContext, stage: PatchbayError.Stage) throws(PatchbayError) -> [UInt8] {
        // An empty name would have the system choose one when listening, and is nobody's when connecting.
        guard let host = context.host, !host.isEmpty else {
            throw PatchbayError(.invalidURL, "a name is needed, as in abstract://worker", stage: stage, layer: "abstract")
        }
        let name = Array(host.utf8)
        guard name.count <= Address.longestUnixPath else {
            throw PatchbayError(
                .pathTooLong,
                "an abstract name has at most \(Address.longestUnixPath) bytes, and this one has \(name.count); choose a shorter one",
                stage: stage,
                layer: "abstract"
            )
        }
        return name
    }
}
