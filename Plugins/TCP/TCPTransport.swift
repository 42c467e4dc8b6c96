internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO

/// Dials and listens over TCP.
struct TCPTransport: Transport {
    func connect(_ context: TransportContext) async throws -> any ByteStream {
        guard let host = context.host, let port = context.port, let port = UInt16(exactly: port), port > 0 else {
            throw PatchbayError(
                .invalidURL,
                "connecting over TCP needs a host and a port, as in tcp://127.0.0.1:7000",
                stage: .dial,
                layer: "tcp"
            )
        }
        let dialer = HostDialer(settings: context.options.tcpSettings, reactor: context.reactor)
        do {
            return try await dialer.connect(host: host, port: port, timeout: context.timeout)
        } catch let failure as HostDialer.Failure {
            throw Self.explain(failure, host: host, port: port)
        } catch let failure as IOFailure {
            throw SystemErrors.explain(failure, "\(host):\(port)", stage: .dial, layer: "tcp")
        }
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        let host = context.host ?? "127.0.0.1"
        let target = "\(host):\(context.port ?? 0)"
        guard let port = UInt16(exactly: context.port ?? 0) else {
            throw PatchbayError(.invalidURL, "a port is at most 65535", stage: .listen, layer: "tcp")
        }
        var lastFailure: IOFailure?
        for address in try await addresses(host, port, target) {
            do throws(IOFailure) {
                let listener = try SocketListener.bind(
                    to: address,
                    backlog: context.options.integer("backlog") ?? 4096,
                    settings: context.options.tcpSettings,
                    reactor: context.reactor
                )
                return TCPListener(listener)
            } catch {
                lastFailure = error
            }
        }
        throw lastFailure.map { SystemErrors.explain($0, target, stage: .listen, layer: "tcp") }
            ?? PatchbayError(.nameNotFound, "'\(host)' has no address to listen on", stage: .listen, layer: "tcp")
    }

    private func addresses(_ host: String, _ port: UInt16, _ target: String) async throws -> [Address] {
        if let address = Address(numericHost: host, port: port) { return [address] }
        var addresses: [Address] = []
        var reason = ""
        // A name may have both; IPv4 first, since that is what peers of the name `localhost` try everywhere.
        for family in [Address.ipv4Family, Address.ipv6Family] {
            let answer = try await Resolver.shared.resolve(host, port: port, family: family)
            addresses += answer.addresses
            if answer.status != 0 { reason = answer.reason }
        }
        guard addresses.isEmpty else { return addresses }
        throw PatchbayError(
            .nameNotFound,
            "cannot listen on \(target): '\(host)' does not resolve (\(reason)); check the name",
            stage: .listen,
            layer: "tcp"
        )
    }

    private static func explain(_ failure: HostDialer.Failure, host: String, port: UInt16) -> PatchbayError {
        let target = "\(host):\(port)"
        guard !failure.attempts.isEmpty else {
            if failure.timedOut {
                return PatchbayError(
                    .timedOut,
                    "cannot connect to \(target): looking up the name took too long; check the name server, or raise timeout",
                    stage: .dial,
                    layer: "tcp"
                )
            }
            let reason = failure.resolution.map { " (\($0))" } ?? ""
            return PatchbayError(
                .nameNotFound,
                "cannot connect to \(target): '\(host)' does not resolve\(reason); check the name",
                stage: .dial,
                layer: "tcp"
            )
        }
        let explained = failure.attempts.map { attempt in
            (
                attempt,
                (attempt.error as? IOFailure).map { SystemErrors.explain($0, attempt.address.description, stage: .dial, layer: "tcp") }
            )
        }
        if explained.count == 1, let error = explained[0].1 { return error }
        let timedOut = failure.timedOut && explained.allSatisfy { $0.1?.code == .timedOut }
        var error = PatchbayError(
            failure.timedOut || timedOut ? .timedOut : explained[0].1?.code ?? .systemFailure,
            "cannot connect to \(target): none of its \(explained.count) addresses answered; check that the listener runs",
            stage: .dial,
            layer: "tcp"
        )
        error.attempts = explained.map {
            PatchbayError.Attempt(target: $0.0.address.description, elapsed: $0.0.elapsed, error: $0.1 ?? $0.0.error)
        }
        return error
    }
}

extension Options {
    fileprivate var tcpSettings: TCPSettings {
        TCPSettings(noDelay: flag("no-delay"), keepAlive: duration("keepalive"))
    }
}

/// A bound TCP port.
final class TCPListener: PeerTellingListener {
    private let listener: SocketListener

    init(_ listener: SocketListener) { self.listener = listener }

    var address: Address? { listener.address }

    var lastPeer: Address? { listener.lastPeer }

    var boundTarget: String { (address?.description ?? "").replacing("%", with: "%25") }

    func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? {
        do {
            return try await listener.accept(home)
        } catch let failure as IOFailure {
            throw SystemErrors.explain(failure, address?.description ?? "a port", stage: .listen, layer: "tcp")
        }
    }

    func close() { listener.close() }
}
