import NIOCore

@testable import PatchbayCore

/// On the bare stream: the dialer says `knock!`, the listener `enter!`, and all that follows is records.
struct FakeStreamAuthenticator: Authenticator {
    static let knock = ByteBuffer(string: "knock!")
    static let enter = ByteBuffer(string: "enter!")

    var key = "stream"
    var transforms = true

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake { FakeStreamHandshake(options: self, role: context.role) }
}

struct FakeStreamHandshake: Handshake {
    let options: FakeStreamAuthenticator
    let role: Role
    var heard = ByteBuffer()
    var parting: ByteBuffer? { ByteBuffer(string: "alert") }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        switch input {
        case .start: return HandshakeStep(output: role == .dialer ? [FakeStreamAuthenticator.knock] : [], next: .receive)
        case .message(let bytes): heard.writeImmutableBuffer(bytes)
        case .verdict: break
        }
        let expected = role == .dialer ? FakeStreamAuthenticator.enter : FakeStreamAuthenticator.knock
        guard expected.readableBytesView.starts(with: heard.readableBytesView.prefix(expected.readableBytes)) else {
            throw PatchbayError(.authenticationFailed, "not the word", stage: .authenticate)
        }
        guard heard.readSlice(length: expected.readableBytes) != nil else { return HandshakeStep(next: .receive) }
        var result = HandshakeResult(identity: "stream")
        if options.transforms { result.transform = FakeStreamTransform(records: FakeTransform(key: options.key, role: role), early: heard) }
        return HandshakeStep(output: role == .listener ? [FakeStreamAuthenticator.enter] : [], next: .done(result))
    }
}

/// Records, of which the handshake has read the first bytes already.
struct FakeStreamTransform: StreamTransform {
    let records: FakeTransform
    let early: ByteBuffer

    func makeSealer() -> any StreamSealer { records.makeSealer() }
    func makeOpener() -> any StreamOpener { Opener(records: records.makeOpener(), early: early) }

    struct Opener: StreamOpener {
        var records: any StreamOpener
        var early: ByteBuffer

        mutating func open(
            _ wire: inout ByteBuffer,
            into plain: inout ByteBuffer,
            upTo maximum: Int
        ) throws(PatchbayError) -> OpenOutcome {
            early.writeImmutableBuffer(wire)
            wire.clear()
            switch try records.open(&early, into: &plain, upTo: maximum) {
            case .need: return .need(1)
            case let outcome: return outcome
            }
        }
    }
}

/// An authenticator on the bare stream, then what stands on it: what ``Connector`` does one after the other.
struct LayeredOpening: Opening {
    var below: StreamHandshake
    let above: (OpeningResult) -> any Opening
    var current: (any Opening)?

    init(_ role: Role, _ authenticator: FakeStreamAuthenticator = .init(), above: @escaping (OpeningResult) -> any Opening) {
        below = StreamHandshake(role: role, authenticator: authenticator)
        self.above = above
    }

    mutating func advance(_ wire: inout ByteBuffer) throws(PatchbayError) -> OpeningStep {
        if current == nil {
            let step = try below.advance(&wire)
            guard case .done(let result) = step else { return step }
            current = above(result)
        }
        guard var opening = current else { return .need(1) }
        defer { current = opening }
        return try opening.advance(&wire)
    }

    mutating func verdict(_ verdict: Bool) {
        below.verdict(verdict)
        current?.verdict(verdict)
    }

    mutating func admitted() { current?.admitted() }
    mutating func refuse(_ reason: String) -> PatchbayError { current?.refuse(reason) ?? below.refuse(reason) }

    mutating func abandon(_ error: PatchbayError) {
        below.abandon(error)
        current?.abandon(error)
    }

    mutating func ended(_ wire: ByteBuffer) -> PatchbayError { current?.ended(wire) ?? below.ended(wire) }
    var parting: ByteBuffer? { current == nil ? below.parting : current?.parting }
}
