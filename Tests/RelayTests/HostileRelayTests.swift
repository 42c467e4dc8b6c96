import NIOCore
import Patchbay
import PatchbayCore
import PatchbayIO
import PatchbayRelay
import Synchronization
import Testing

@Suite("A hostile relay", .timeLimit(.minutes(5)))
struct HostileRelayTests {
    /// What became of one conversation: three messages, each echoed.
    struct Outcome: Sendable {
        var sent: [ByteBuffer]
        var received: [ByteBuffer] = []
        var echoed: [ByteBuffer] = []
        var errors: [PatchbayError] = []
        var untyped: [String] = []
        /// The dialer had all its echoes, and saw nothing wrong.
        var isWhole = false
        /// Bytes that had come to the dialer when it had its last echo.
        var heard = 0
        var passed = HostileRelay.Record()

        mutating func note(_ error: any Error) {
            if let error = error as? PatchbayError { errors.append(error) } else { untyped.append("\(error)") }
        }

        /// What either end took for the other's is what the other sent, from the first on.
        var isTrue: Bool { sent.starts(with: received) && sent.starts(with: echoed) }
    }

    private static let messages = ["first", String(repeating: "second ", count: 9), "third"].map { ByteBuffer(string: $0) }

    private static func converse(through relay: HostileRelay, layer: String = "noise", patience: Duration = .seconds(20)) async throws
        -> Outcome
    {
        var registry = Registry.standard
        try registry.register(HostilePlugin(relay: relay))
        let text =
            "\(layer)+hostile://:0123456789abcdef0123456789abcdef@worker?handshake-timeout=\(Int(patience / .milliseconds(1)))ms&close-timeout=100ms"
        let url = try ConnectionURL(text + (layer == "noise" ? "" : "&insecure"))
        let outcome = Shared(Outcome(sent: messages))
        let listener = try await Listener.bind(url, registry: registry)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await listener.run(onEvent: { event in
                    switch event {
                    case .handshakeFailed(_, let error), .connectionFailed(_, let error): outcome.withLock { $0.note(error) }
                    default: break
                    }
                }) { connection in
                    while let message = try await connection.receiveBytes() {
                        outcome.withLock { $0.received.append(message) }
                        try await connection.send(bytes: message)
                    }
                }
            }
            do {
                try await withConnection(to: url, registry: registry) { connection in
                    for message in messages {
                        try await connection.send(bytes: message)
                        guard let echo = try await connection.receiveBytes(timeout: patience) else {
                            throw PatchbayError(.closed, "ended early", stage: .receive)
                        }
                        outcome.withLock { $0.echoed.append(echo) }
                    }
                    outcome.withLock { $0.heard = relay.passed.bytes[.toDialer]?.count ?? 0 }
                }
                outcome.withLock { $0.isWhole = $0.echoed.count == messages.count }
            } catch {
                outcome.withLock { $0.note(error) }
            }
            listener.stop(drain: patience)
        }
        outcome.withLock { $0.passed = relay.passed }
        return outcome.value
    }

    @Test("each byte that passes, flipped, dropped, doubled or out of order: the ends fail typed, and take nothing false")
    func tampering() async throws {
        let calm = try await Self.converse(through: HostileRelay())
        #expect(calm.isWhole && calm.isTrue && calm.errors.isEmpty)
        var cases: [HostileRelay.Tampering] = []
        // Behind a direction's end, which is sealed as all else, nobody reads any more: the dialer has closed when the listener answers its
        // end, and the last record of the other direction, which is empty (docs/security.md), follows the CLOSE that the listener took.
        let ends = [HostileRelay.Direction.toDialer: calm.heard, .toListener: (calm.passed.bytes[.toListener]?.count ?? 0) - 18]
        for (direction, count) in ends {
            #expect(count > 300)
            for offset in 0..<count {
                // The double of the last byte stands behind the end.
                let deeds = HostileRelay.Deed.allCases.filter { $0 != .double || offset < count - 1 }
                cases += deeds.map { .init(direction: direction, offset: offset, deed: $0) }
            }
        }
        let pending = Shared(cases[...])
        let changes = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            // Most of each is the patience with which an end waits for what was dropped.
            for _ in 0..<96 {
                group.addTask {
                    while let tampering = pending.withLock({ $0.popFirst() }) {
                        do {
                            let outcome = try await Self.converse(through: HostileRelay(tampering), patience: .seconds(2))
                            #expect(outcome.isTrue, "\(tampering)")
                            #expect(outcome.untyped.isEmpty, "\(tampering): \(outcome.untyped)")
                            guard outcome.passed.isChanged else { continue }
                            #expect(!outcome.errors.isEmpty, "\(tampering) went unseen")
                            changes.withLock { $0 += 1 }
                        } catch {
                            Issue.record(error, "\(tampering)")
                        }
                    }
                }
            }
        }
        let changed = changes.value
        // Of four deeds to a byte only a change of places between equals is none, and what a failed handshake never came to.
        #expect(changed > cases.count / 2, "\(changed) of \(cases.count) bytes were changed")
    }

    @Test("a call that is led elsewhere, or told otherwise to its ends, fails in the handshake", arguments: ["noise", "hmac"])
    func lies(layer: String) async throws {
        let lies: [HostileRelay.Told] = [
            .init(name: "another"), .init(realm: "elsewhere:7000"), .init(circuit: [UInt8](repeating: 8, count: 16)), .init(circuit: []),
        ]
        for told in lies {
            let outcome = try await Self.converse(through: HostileRelay(listener: told), layer: layer, patience: .seconds(10))
            #expect(outcome.received.isEmpty && outcome.echoed.isEmpty)
            #expect(outcome.errors.contains { $0.code == .authenticationFailed }, "\(outcome.errors)")
        }
    }

    @Test("an exchange that was captured, and is played again, is refused")
    func replay() async throws {
        let captured = try await Self.converse(through: HostileRelay())
        let bytes = try #require(captured.passed.bytes[.toListener])
        let outcome = try await Self.converse(through: HostileRelay(replaying: bytes), patience: .seconds(2))
        #expect(outcome.received.isEmpty)
        #expect(outcome.errors.contains { $0.code == .authenticationFailed }, "\(outcome.errors)")
    }
}
