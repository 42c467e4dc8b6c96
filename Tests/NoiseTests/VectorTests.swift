internal import AuthenticatorTestSupport
internal import Crypto
internal import NIOCore
internal import Testing

@testable internal import PatchbayNoise

@Suite("Noise as others speak it")
struct VectorTests {
    @Test("there are four vectors for each pattern and cipher")
    func count() {
        for pattern in NoisePattern.allCases {
            for cipher in NoiseCipher.allCases {
                #expect(NoiseVector.all.filter { $0.pattern == pattern && $0.cipher == cipher }.count == 4)
            }
        }
    }

    private func state(_ vector: NoiseVector, isInitiator: Bool) throws -> HandshakeState {
        func key(_ name: String) throws -> HandshakeState.PrivateKey? {
            try vector[name].map { try HandshakeState.PrivateKey(rawRepresentation: $0) }
        }
        var keys = HandshakeState.Keys()
        keys.shared = vector["preshared_key"].map { SymmetricKey(data: $0) }
        keys.own = try key(isInitiator ? "init_static" : "resp_static")
        if vector.pattern.knowsListener, isInitiator { keys.remote = try key("resp_static")?.publicKey }
        let ephemeral = try #require(try key(isInitiator ? "gen_init_ephemeral" : "gen_resp_ephemeral"))
        keys.makeEphemeral = { ephemeral }
        return try HandshakeState(
            vector.pattern,
            vector.cipher,
            isInitiator: isInitiator,
            prologue: vector["prologue"] ?? [],
            keys: keys
        )
    }

    @Test("each message is the other implementation's, byte by byte, and opens to its payload", arguments: NoiseVector.all)
    func handshakes(_ vector: NoiseVector) throws {
        var initiator = try state(vector, isInitiator: true)
        var responder = try state(vector, isInitiator: false)
        var messages = vector.messages[...]
        #expect(messages.count == vector.pattern.messages.count + 2)
        while !initiator.isDone {
            let next = messages.popFirst()
            let (payload, ciphertext) = try #require(next)
            if initiator.speaks {
                #expect(try initiator.write(payload) == ciphertext)
                #expect(try responder.read(ciphertext) == payload)
            } else {
                #expect(try responder.write(payload) == ciphertext)
                #expect(try initiator.read(ciphertext) == payload)
            }
        }
        #expect(responder.isDone)
        if vector.pattern.hasStaticKeys {
            let keys = try ["init_static", "resp_static"].map { try HandshakeState.PrivateKey(rawRepresentation: #require(vector[$0])) }
            #expect(responder.remoteStatic?.rawRepresentation == keys[0].publicKey.rawRepresentation)
            #expect(initiator.remoteStatic?.rawRepresentation == keys[1].publicKey.rawRepresentation)
        }

        // Transport messages go in turns, the initiator's first.
        var sealing = [initiator.split().dialer, initiator.split().listener]
        var opening = [responder.split().dialer, responder.split().listener]
        var turn = 0
        for (payload, ciphertext) in messages {
            var sealed = ByteBuffer()
            var plain = ByteBuffer()
            try payload.withUnsafeBytes { try sealing[turn].seal($0, into: &sealed) }
            #expect(Array(sealed.readableBytesView) == ciphertext)
            try ciphertext.withUnsafeBytes { try opening[turn].open($0, into: &plain) }
            #expect(Array(plain.readableBytesView) == payload)
            turn ^= 1
        }
    }
}
