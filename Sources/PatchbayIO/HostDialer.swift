internal import Glibc
internal import Synchronization

/// Dials a host by name: its addresses are asked for and raced.
package struct HostDialer: Sendable {
    /// What was tried and why it failed.
    package struct Failure: Error {
        /// An address was tried and refused, or timed out; empty where no address was found.
        package var attempts: [(address: Address, elapsed: Duration, error: any Error)]
        /// Why no address was found.
        package var resolution: String?
        package var timedOut = false
    }

    package var settings: TCPSettings
    package var reactor: Reactor

    package init(settings: TCPSettings, reactor: Reactor) {
        self.settings = settings
        self.reactor = reactor
    }

    /// - Throws: ``Failure``, or `CancellationError`.
    package nonisolated(nonsending) func connect(host: String, port: UInt16, timeout: Duration?) async throws -> SocketStream {
        if let address = Address(numericHost: host, port: port) {
            let start = ContinuousClock.now
            do {
                return try await SocketStream.connect(to: address, settings: settings, timeout: timeout, reactor: reactor)
            } catch let failure as IOFailure {
                throw Failure(
                    attempts: [(address, ContinuousClock.now - start, failure)],
                    timedOut: failure.errno == ETIMEDOUT
                )
            }
        }
        return try await race(host: host, port: port, timeout: timeout)
    }

    private enum Event: Sendable {
        case resolved([Address], String?)
        case connected(SocketStream)
        case failed(Address, Duration, IOFailure)
        case tick(Int)
        case deadline
    }

    private nonisolated(nonsending) func race(host: String, port: UInt16, timeout: Duration?) async throws -> SocketStream {
        return try await withThrowingTaskGroup(of: Event.self) { group in
            var race = AddressRace()
            var failure = Failure(attempts: [])
            var unresolved = 2
            var open = 0
            var turn = 0
            var isTickSpent = false
            func startNext() {
                guard let address = race.next() else { return }
                open += 1
                turn += 1
                let turn = turn
                let (settings, reactor) = (settings, reactor)
                group.addTask {
                    let start = ContinuousClock.now
                    do {
                        return .connected(try await SocketStream.connect(to: address, settings: settings, timeout: nil, reactor: reactor))
                    } catch let failure as IOFailure {
                        return .failed(address, ContinuousClock.now - start, failure)
                    }
                }
                group.addTask {
                    try await reactor.sleep(for: AddressRace.attemptDelay)
                    return .tick(turn)
                }
            }
            for family in [AF_INET6, AF_INET] {
                group.addTask {
                    let answer = try await Resolver.shared.resolve(host, port: port, family: family)
                    return .resolved(answer.addresses, answer.status == 0 ? nil : answer.reason)
                }
            }
            let reactor = reactor
            if let timeout {
                group.addTask {
                    try await reactor.sleep(for: timeout)
                    return .deadline
                }
            }
            defer { group.cancelAll() }
            while let event = try await group.next() {
                switch event {
                case .connected(let stream):
                    group.cancelAll()
                    await Self.closeLosers(&group)
                    return stream
                case .resolved(let addresses, let reason):
                    unresolved -= 1
                    race.add(addresses)
                    if failure.resolution == nil { failure.resolution = reason }
                    // An IPv4 answer that came first waits a moment for IPv6.
                    if open == 0, unresolved > 0, !race.isEmpty, addresses.first?.isV6 == false {
                        group.addTask {
                            try await reactor.sleep(for: AddressRace.resolutionDelay)
                            return .tick(0)
                        }
                    } else if open == 0 || isTickSpent {
                        isTickSpent = false
                        startNext()
                    }
                case .failed(let address, let elapsed, let error):
                    open -= 1
                    failure.attempts.append((address, elapsed, error))
                    startNext()
                case .tick(let number):
                    guard number == turn else { continue }
                    // An answer that comes later need not wait once more.
                    isTickSpent = race.isEmpty
                    startNext()
                case .deadline:
                    failure.timedOut = true
                    throw failure
                }
                if open == 0, unresolved == 0, race.isEmpty { throw failure }
            }
            throw failure
        }
    }

    /// A second attempt may have succeeded in the same moment.
    private nonisolated(nonsending) static func closeLosers(_ group: inout ThrowingTaskGroup<Event, any Error>) async {
        while let event = await group.nextResult() {
            if case .success(.connected(let stream)) = event { stream.close(abort: false) }
        }
    }
}
