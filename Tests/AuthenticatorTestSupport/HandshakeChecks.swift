package import NIOCore
package import PatchbayCore
internal import Testing

/// What must hold of every authenticator that both ends prove a secret with, bound to the greeting.
package struct HandshakeChecks: Sendable {
    /// A greeting's, which both ends agree on.
    package var transcript: ByteBuffer
    package var authenticator: @Sendable (Role) throws -> any Authenticator

    package init(transcript: ByteBuffer, authenticator: @escaping @Sendable (Role) throws -> any Authenticator) {
        self.transcript = transcript
        self.authenticator = authenticator
    }

    /// Two ends; each with the greeting as it reads there.
    package func pair(dialed: ByteBuffer? = nil, listened: ByteBuffer? = nil) throws -> HandshakePair {
        try HandshakePair(authenticator(.dialer), authenticator(.listener), dialed: dialed ?? transcript, listened: listened ?? transcript)
    }

    /// One end, before anything was said.
    package func end(_ role: Role) throws -> any Handshake {
        try authenticator(role).makeHandshake(HandshakeContext(role: role, transcript: transcript))
    }

    /// What an end says is opened by the other, and by no other.
    package func seals(_ dialer: HandshakeResult, _ listener: HandshakeResult) throws {
        let bytes = ByteBuffer(string: "all that went before")
        #expect(dialer.exportedMAC?(bytes) == listener.exportedMAC?(bytes))
        #expect(dialer.exportedMAC?(bytes).readableBytes == 32)
        for (sealing, opening) in [(dialer, listener), (listener, dialer)] {
            var sealer = try #require(sealing.transform).makeSealer()
            var wire = ByteBuffer()
            try bytes.withUnsafeReadableBytes { try sealer.seal($0, into: &wire) }
            let sealed = wire
            var opener = try #require(opening.transform).makeOpener()
            var plain = ByteBuffer()
            #expect(try opener.open(&wire, into: &plain, upTo: 1024) == .bytes(bytes.readableBytes))
            #expect(plain == bytes)
            // What one end sealed, it does not take for the other's.
            wire = sealed
            var own = try #require(sealing.transform).makeOpener()
            #expect(HandshakePair.code { _ = try own.open(&wire, into: &plain, upTo: 1024) } == .authenticationFailed)
        }
    }

    /// A greeting that reads differently at the two ends is refused, at each of its bytes.
    package func otherTranscript() throws {
        for index in 0..<transcript.readableBytes {
            var changed = transcript
            changed.setInteger(try #require(changed.getInteger(at: index, as: UInt8.self)) ^ 1, at: index)
            var pair = try pair(listened: changed)
            #expect(HandshakePair.code { _ = try pair.run() } == .authenticationFailed)
        }
    }

    /// A message of an earlier handshake is worth nothing under a new nonce.
    package func replay() throws {
        var earlier = try pair()
        _ = try earlier.run()
        let fresh = ByteBuffer(bytes: transcript.readableBytesView.map { $0 &+ 1 })
        for index in earlier.messages.indices {
            var pair = try pair(dialed: fresh, listened: fresh)
            #expect(HandshakePair.code { _ = try pair.run { $0 == index ? earlier.messages[$0].bytes : $1 } } == .authenticationFailed)
        }
    }

    /// Every bit of each message counts.
    package func flips() throws {
        var sample = try pair()
        _ = try sample.run()
        for message in sample.messages.indices {
            for bit in 0..<sample.messages[message].bytes.readableBytes * 8 {
                var pair = try pair()
                let code = HandshakePair.code {
                    _ = try pair.run { index, bytes in
                        guard index == message else { return bytes }
                        var array = Array(bytes.readableBytesView)
                        array[bit / 8] ^= 1 << (bit % 8)
                        return ByteBuffer(bytes: array)
                    }
                }
                #expect(code == .authenticationFailed)
            }
        }
    }

    /// What comes out of turn is a violation, and after a failure everything is.
    package func outOfTurn() throws {
        for role in [Role.dialer, .listener] {
            for input in [HandshakeInput.message(ByteBuffer(repeating: 0, count: 48)), .verdict(true)] {
                var handshake = try end(role)
                #expect(HandshakePair.code { _ = try handshake.step(input) } == .protocolViolation)
                #expect(HandshakePair.code { _ = try handshake.step(.start) } == .protocolViolation)
            }
            var handshake = try end(role)
            _ = try handshake.step(.start)
            #expect(HandshakePair.code { _ = try handshake.step(.start) } == .protocolViolation)
        }
    }
}
