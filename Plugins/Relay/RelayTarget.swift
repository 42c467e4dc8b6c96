internal import PatchbayCore
internal import PatchbayIO

/// Which relays there are, which name is meant there, and what opens them.
struct RelayTarget: Sendable {
    /// The one that is tried first in front.
    var ways: [RelayWay]
    var name: String
    var key: RelayKey?
    var generation: UInt64

    init(_ context: TransportContext, stage: PatchbayError.Stage) throws {
        let name = context.path.hasPrefix("/") ? String(context.path.dropFirst()) : context.path
        guard (1...RelayMessage.longestName).contains(name.utf8.count), name.utf8.allSatisfy(Self.isOfAName) else {
            throw Self.invalid(
                "behind the relay stands one name, of letters, digits and . _ ~ -, as in relay://relay.example:7000/worker",
                stage
            )
        }
        self.name = name
        ways = try Self.ways(context, stage).ranked(for: name)
        key = try context.options.secret("access-key").map {
            try RelayKey(id: context.options.text("access-id") ?? "default", key: $0)
        }
        generation = UInt64(clamping: context.options.integer("generation") ?? 0)
    }

    private static func ways(_ context: TransportContext, _ stage: PatchbayError.Stage) throws -> [RelayWay] {
        var ways: [RelayWay] = []
        if let carrier = context.carrier {
            guard context.host == nil, context.port == nil else {
                throw invalid("with 'via' the relay has no host of its own: write relay:///worker?via=…", stage)
            }
            ways.append(.carrier(carrier))
        } else {
            ways.append(try way(context.host, context.port, stage))
        }
        for text in context.options.list("also") {
            guard let url = try? ConnectionURL(text), let parts = try? url.parts, parts.shortForm == .hostAndPort, parts.user == nil,
                parts.password == nil,
                parts.options.isEmpty
            else {
                throw invalid("'also' is the host and port of another relay, as in also=relay2.example:7000", stage)
            }
            ways.append(try way(parts.host?.text, parts.port?.text, stage))
        }
        return ways
    }

    private static func way(_ host: String?, _ port: Int?, _ stage: PatchbayError.Stage) throws -> RelayWay {
        guard let host, let port = port.flatMap(UInt16.init(exactly:)), port > 0 else {
            throw invalid("a relay has a host and a port, as in relay://relay.example:7000/worker, or is reached by via=…", stage)
        }
        return .tcp(host: host, port: port)
    }

    private static func isOfAName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "-")].contains(byte)
        }
    }

    private static func invalid(_ message: String, _ stage: PatchbayError.Stage) -> PatchbayError {
        PatchbayError(.invalidURL, message, stage: stage, layer: RelayTransport.layer)
    }

    static func nonce() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<RelayAccess.nonceBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// Tries one relay after the other.
    /// - Parameters:
    ///   - ways: those that may be tried, the first one first.
    ///   - timeout: for all of them; each has an equal share of what is left, so that a silent one does not use it up.
    /// - Throws: of several refusals the one that says most: a relay that knows the name goes before one that does not, and any answer before none.
    nonisolated(nonsending) func first<Result>(
        of ways: ArraySlice<RelayWay>,
        on reactor: Reactor,
        timeout: Duration?,
        _ attempt: (any ByteStream, Int, _ deadline: UInt64) async throws -> Result
    ) async throws -> Result {
        let end = timeout.map { reactor.deadline(after: $0) }
        var worst: PatchbayError?
        for index in ways.indices {
            var share: Duration?
            if let end {
                let now = reactor.now
                let left = Duration.nanoseconds(Int64(clamping: end > now ? end - now : 0))
                share = left / (ways.endIndex - index)
            }
            let deadline = share.map { reactor.deadline(after: $0) } ?? .max
            do {
                let stream = try await ways[index].dial(on: reactor, timeout: share)
                do { return try await attempt(stream, index, deadline) } catch {
                    stream.close(abort: true)
                    throw error
                }
            } catch let error as PatchbayError {
                guard let weight = Self.weight(of: error.code), ways.count > 1 else { throw error }
                if worst.flatMap({ Self.weight(of: $0.code) }) ?? -1 < weight { worst = error }
            }
        }
        throw worst ?? PatchbayError(.relayDown, "there is no other relay", stage: .dial, layer: RelayTransport.layer)
    }

    /// How much a failure says; nil for one that another relay does not change.
    private static func weight(of code: PatchbayError.Code) -> Int? {
        switch code {
        case .relayDown, .closed, .reset: 0
        case .timedOut: 1
        case .relayFull: 2
        case .protocolViolation, .versionMismatch: 3
        case .noSuchName: 4
        case .nameAway: 5
        case .permissionDenied, .authenticationFailed: 6
        default: nil
        }
    }
}
