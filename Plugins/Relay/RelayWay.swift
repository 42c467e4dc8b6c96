internal import Crypto
internal import PatchbayCore
internal import PatchbayIO

/// One relay, and how it is reached.
enum RelayWay: Sendable {
    case tcp(host: String, port: UInt16)
    case carrier(Carrier)

    /// For print, and what its place among others is made of.
    var shown: String {
        switch self {
        case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .carrier(let carrier): carrier.shown
        }
    }

    /// A connection to the relay.
    /// - Throws: `relayDown` where nothing answers, `timedOut`.
    nonisolated(nonsending) func dial(on reactor: Reactor, timeout: Duration?) async throws -> any ByteStream {
        do {
            switch self {
            case .tcp(let host, let port):
                return try await HostDialer(settings: TCPSettings(), reactor: reactor).connect(host: host, port: port, timeout: timeout)
            case .carrier(let carrier): return try await carrier.connect(on: reactor, timeout: timeout)
            }
        } catch let failure as HostDialer.Failure {
            let reason = failure.attempts.first.map { "\($0.error)" } ?? failure.resolution ?? "no address"
            throw unreachable(failure.timedOut ? .timedOut : .relayDown, reason, failure.attempts.first?.error)
        } catch let error as PatchbayError where error.stage == .dial {
            throw unreachable(error.code == .timedOut ? .timedOut : .relayDown, error.message, error)
        }
    }

    private func unreachable(_ code: PatchbayError.Code, _ reason: String, _ cause: (any Error)?) -> PatchbayError {
        PatchbayError(
            code,
            "the relay \(shown) does not answer (\(reason)); check its address, and that it runs",
            stage: .dial,
            layer: RelayTransport.layer,
            cause: cause
        )
    }
}

extension Array where Element == RelayWay {
    /// In the order in which a name's listener and dialers try them, the same at both ends: rendezvous hashing (Thaler and Ravishankar,
    /// 1998), so that a relay that comes or goes moves only the names that are, or were, its own.
    func ranked(for name: String) -> [RelayWay] {
        guard count > 1 else { return self }
        let weighed = map { way in
            (weight: [UInt8](SHA256.hash(data: [UInt8]("\(way.shown.lowercased())\0\(name)".utf8))), way: way)
        }
        return weighed.sorted { $1.weight.lexicographicallyPrecedes($0.weight) }.map(\.way)
    }
}
