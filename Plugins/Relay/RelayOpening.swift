package import NIOCore
package import PatchbayCore

/// One connection of a client to a relay, until its name is registered or bytes pass: a pure state machine.
package struct RelayOpening: Sendable {
    /// What the connection is for.
    package enum Intent: Sendable, Equatable {
        case listen(name: String, generation: UInt64, instance: [UInt8])
        case dial(name: String)
        case accept(circuit: [UInt8])
    }

    package enum Step: Sendable, Equatable {
        /// Send these, then go on.
        case send(ByteBuffer)
        /// So many bytes must be there, and no more may be taken off the stream: what follows may be the peer's.
        case need(Int)
        case done(Outcome)
    }

    /// What the relay said.
    package struct Outcome: Sendable, Equatable {
        /// What the relay calls itself: both ends of a circuit were told the same, or their handshakes fail.
        package var realm: String
        /// Of a dialled or accepted call.
        package var circuit: [UInt8]?
        /// Milliseconds, for a listener.
        package var lease: UInt32?
    }

    package static let magic = Array("PBRL".utf8)
    package static let majorVersion: UInt8 = 1
    package static let preface = magic + [majorVersion]

    private enum Phase { case preface, challenge, answer, over }

    private let intent: Intent
    private let key: RelayKey?
    private let nonce: [UInt8]
    private var phase = Phase.preface
    private var transcript = RelayTranscript()
    private var realm = ""
    private var notices = 0
    private static let mostNotices = 8

    /// - Parameter nonce: 32 random bytes, new for each connection.
    package init(_ intent: Intent, key: RelayKey?, nonce: [UInt8]) {
        self.intent = intent
        self.key = key
        self.nonce = nonce
    }

    /// Goes on with what came.
    /// - Throws: ``PatchbayError`` with the relay's code, `protocolViolation`, `versionMismatch` or `authenticationFailed`.
    package mutating func advance(_ wire: inout ByteBuffer) throws(PatchbayError) -> Step {
        do {
            return try move(&wire)
        } catch {
            phase = .over
            throw error
        }
    }

    private mutating func move(_ wire: inout ByteBuffer) throws(PatchbayError) -> Step {
        while true {
            switch phase {
            case .preface:
                guard let step = try receivePreface(&wire) else { continue }
                return step
            case .challenge:
                guard let (message, frame) = try RelayMessage.read(&wire) else { return .need(RelayMessage.bytesNeeded(wire)) }
                if case .failure(let code, let text) = message { throw Self.refusal(code, text) }
                guard case .challenge(_, let realm) = message else { throw Self.violation("no challenge first") }
                self.realm = realm
                transcript.append(frame)
                phase = .answer
                return .send(try ask())
            case .answer:
                guard let (message, frame) = try RelayMessage.read(&wire) else { return .need(RelayMessage.bytesNeeded(wire)) }
                guard let outcome = try receive(message, frame) else { continue }
                phase = .over
                return .done(outcome)
            case .over: throw Self.violation("something behind its answer")
            }
        }
    }

    /// - Returns: nil once it is there.
    private mutating func receivePreface(_ wire: inout ByteBuffer) throws(PatchbayError) -> Step? {
        let seen = Array(wire.readableBytesView.prefix(Self.preface.count))
        guard Self.magic.starts(with: seen.prefix(Self.magic.count)) else {
            throw PatchbayError(
                .protocolViolation,
                "what answers there is no relay; check the address",
                stage: .dial,
                layer: "relay"
            )
        }
        guard seen.count == Self.preface.count else { return .need(Self.preface.count) }
        guard seen == Self.preface else {
            throw PatchbayError(
                .versionMismatch,
                "the relay speaks version \(seen[Self.magic.count]) of its protocol, this end version \(Self.majorVersion); use the same",
                stage: .dial,
                layer: "relay"
            )
        }
        wire.moveReaderIndex(forwardBy: seen.count)
        transcript.append(ByteBuffer(bytes: seen))
        phase = .challenge
        return nil
    }

    private mutating func ask() throws(PatchbayError) -> ByteBuffer {
        let access = RelayAccess(
            keyID: key?.id,
            nonce: nonce,
            proof: key.map { _ in [UInt8](repeating: 0, count: RelayAccess.proofBytes) }
        )
        let message: RelayMessage =
            switch intent {
            case .listen(let name, let generation, let instance):
                .listen(name: name, generation: generation, instance: instance, access: access)
            case .dial(let name): .dial(name: name, access: access)
            case .accept(let circuit): .accept(circuit: circuit)
            }
        var output = ByteBuffer(bytes: Self.preface)
        try message.write(into: &output)
        if let key, message.proof != nil {
            transcript.prove(&output, with: key, as: .dialer)
        } else {
            transcript.append(output)
        }
        return output
    }

    /// - Returns: nil for what is no answer.
    private mutating func receive(_ message: RelayMessage, _ frame: ByteBuffer) throws(PatchbayError) -> Outcome? {
        switch message {
        case .failure(let code, let text): throw Self.refusal(code, text)
        case .notice:
            guard notices < Self.mostNotices else { throw Self.violation("more notices than anyone reads") }
            notices += 1
            transcript.append(frame)
            return nil
        case .ready(let circuit, let lease, let proof):
            try check(frame, proof)
            switch intent {
            case .listen: guard lease != nil else { throw Self.violation("a registration without a lease") }
            case .dial: guard circuit != nil else { throw Self.violation("a call without a circuit") }
            case .accept(let own): guard circuit == own else { throw Self.violation("another call than the one that was accepted") }
            }
            return Outcome(realm: realm, circuit: circuit, lease: lease)
        default: throw Self.violation("a frame that is not due")
        }
    }

    /// A relay that was given a proof proves itself in turn.
    private mutating func check(_ frame: ByteBuffer, _ proof: [UInt8]?) throws(PatchbayError) {
        if case .accept = intent { return }
        guard let key else { return }
        guard proof != nil, transcript.verify(frame, with: key, from: .listener) else {
            throw PatchbayError(
                .authenticationFailed,
                "the relay did not prove that it holds the access key '\(key.id)'; check its address and the key",
                stage: .authenticate,
                layer: "relay"
            )
        }
    }

    private static func violation(_ what: String) -> PatchbayError {
        PatchbayError(.protocolViolation, "the relay sent \(what)", stage: .dial, layer: "relay")
    }

    private static func refusal(_ code: PatchbayError.Code, _ text: String) -> PatchbayError {
        PatchbayError(code, text.isEmpty ? "the relay refused, and says no more" : "the relay says: \(text)", stage: .dial, layer: "relay")
    }
}
