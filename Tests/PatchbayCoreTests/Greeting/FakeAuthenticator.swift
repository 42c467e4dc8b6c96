import NIOCore
import PatchbayCore

/// A keyed hash that is good enough to notice a changed byte, and for nothing else (FNV-1a in four lanes).
func fakeMAC(_ key: String, _ bytes: ByteBuffer) -> ByteBuffer {
    var result = ByteBuffer()
    for lane in UInt64(0)..<4 {
        var hash = 0xcbf2_9ce4_8422_2325 &+ lane &* 0x9e37_79b9_7f4a_7c15
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in bytes.readableBytesView { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        result.writeInteger(hash)
    }
    return result
}

/// The listener challenges, the dialer answers with a MAC and challenges, the listener answers.
struct FakeAuthenticator: Authenticator {
    var key = "key"
    var transforms = false
    var exports = true
    /// The listener's check is work of the connection's.
    var works = false
    /// Bytes that the last message has behind its MAC.
    var padding = 0

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake {
        FakeHandshake(options: self, context: context)
    }
}

struct FakeHandshake: Handshake {
    let options: FakeAuthenticator
    let context: HandshakeContext
    var stage = 0
    var parting: ByteBuffer? { ByteBuffer(string: "no") }

    func mac(_ label: String) -> ByteBuffer {
        var input = ByteBuffer(string: label)
        input.writeImmutableBuffer(context.transcript)
        return fakeMAC(options.key, input)
    }

    func done(_ output: [ByteBuffer]) -> HandshakeStep {
        let key = options.key
        let mac: @Sendable (ByteBuffer) -> ByteBuffer = { fakeMAC(key, $0) }
        var result = HandshakeResult(identity: context.user ?? "somebody")
        if options.exports { result.exportedMAC = mac }
        if options.transforms { result.transform = FakeTransform(key: key, role: context.role) }
        return HandshakeStep(output: output, next: .done(result))
    }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        stage += 1
        switch (context.role, stage, input) {
        case (.listener, 1, .start): return HandshakeStep(output: [ByteBuffer(string: "challenge")], next: .receive)
        case (.dialer, 1, .start): return HandshakeStep(next: .receive)
        case (.dialer, 2, .message(let challenge)):
            guard challenge == ByteBuffer(string: "challenge") else { throw failure }
            return HandshakeStep(output: [mac("dialer")], next: .receive)
        case (.listener, 2, .message(let answer)):
            guard options.works else { return try check(answer == mac("dialer")) }
            let isRight = answer == mac("dialer")
            return HandshakeStep(next: .perform { isRight })
        case (.listener, 3, .verdict(let verdict)): return try check(verdict)
        case (.dialer, 3, .message(let answer)):
            guard answer == lastMessage else { throw failure }
            return done([])
        default: throw failure
        }
    }

    private var lastMessage: ByteBuffer {
        var message = mac("listener")
        message.writeRepeatingByte(0, count: options.padding)
        return message
    }

    private func check(_ isRight: Bool) throws -> HandshakeStep {
        guard isRight else { throw failure }
        return done([lastMessage])
    }

    private var failure: PatchbayError { PatchbayError(.authenticationFailed, "the fake key is wrong", stage: .authenticate) }
}

/// Records: u16 length, the bytes, eight bytes of MAC; the one that ends the stream is empty.
struct FakeTransform: StreamTransform {
    var key: String
    var role: Role

    func makeSealer() -> any StreamSealer { Sealer(key: key + role.rawValue) }
    func makeOpener() -> any StreamOpener { Opener(key: key + (role == .dialer ? Role.listener : .dialer).rawValue) }

    static func tag(_ key: String, _ number: UInt64, _ plain: ByteBuffer) -> ByteBuffer {
        var input = ByteBuffer(integer: number)
        input.writeImmutableBuffer(plain)
        return fakeMAC(key, input).getSlice(at: 0, length: 8) ?? ByteBuffer()
    }

    struct Sealer: StreamSealer {
        var key: String
        var number: UInt64 = 0

        mutating func seal(_ plain: UnsafeRawBufferPointer, into wire: inout ByteBuffer) {
            let bytes = ByteBuffer(bytes: plain)
            wire.writeInteger(UInt16(bytes.readableBytes))
            wire.writeImmutableBuffer(bytes)
            wire.writeImmutableBuffer(FakeTransform.tag(key, number, bytes))
            number += 1
        }

        mutating func sealEnd(into wire: inout ByteBuffer) { seal(UnsafeRawBufferPointer(start: nil, count: 0), into: &wire) }
    }

    struct Opener: StreamOpener {
        var key: String
        var number: UInt64 = 0

        mutating func open(
            _ wire: inout ByteBuffer,
            into plain: inout ByteBuffer,
            upTo maximum: Int
        ) throws(PatchbayError) -> OpenOutcome {
            guard let length = wire.getInteger(at: wire.readerIndex, as: UInt16.self) else { return .need(2) }
            let total = 2 + Int(length) + 8
            guard wire.readableBytes >= total else { return .need(total) }
            wire.moveReaderIndex(forwardBy: 2)
            guard let bytes = wire.readSlice(length: Int(length)), let tag = wire.readSlice(length: 8),
                tag == FakeTransform.tag(key, number, bytes)
            else { throw PatchbayError(.authenticationFailed, "a record was changed", stage: .receive) }
            number += 1
            if length == 0 { return .end }
            plain.writeImmutableBuffer(bytes)
            return .bytes(bytes.readableBytes)
        }
    }
}
