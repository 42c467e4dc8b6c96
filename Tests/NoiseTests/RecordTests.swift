internal import AuthenticatorTestSupport
internal import Crypto
internal import FoundationEssentials
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayNoise

@Suite("Sealed records")
struct RecordTests {
    static func state(_ cipher: NoiseCipher, number: UInt64 = 0) -> CipherState {
        CipherState(cipher, key: SymmetricKey(data: Array(0..<32)), number: number)
    }

    static func checks(_ cipher: NoiseCipher = .chachapoly) -> RecordChecks {
        RecordChecks(transform: NoiseTransform(sealing: state(cipher), opening: state(cipher)), overhead: 18)
    }

    @Test("what goes in comes out, whatever its length", arguments: [1, 2, 63, 64, 65, 16_383, 16_384, 16_385, 40_000, 1 << 20])
    func lengths(_ count: Int) throws {
        for cipher in NoiseCipher.allCases { try Self.checks(cipher).lengths(count) }
    }

    @Test("a wire cut anywhere waits for the rest", arguments: [1, 2, 3, 7, 17, 18, 19, 100])
    func trickle(_ step: Int) throws { try Self.checks().trickle(step) }

    @Test("no more than about the maximum is opened at once, and a record is never cut")
    func maximum() throws { try Self.checks().maximum() }

    @Test("every bit of every record counts, and nothing of a changed record is given", arguments: NoiseCipher.allCases)
    func flips(_ cipher: NoiseCipher) throws { try Self.checks(cipher).flips() }

    @Test("records that were dropped, repeated, swapped, cut or sent back are refused", arguments: NoiseCipher.allCases)
    func order(_ cipher: NoiseCipher) throws { try Self.checks(cipher).order() }

    @Test("a stream cut at any byte never looks as if it had ended")
    func truncation() throws { try Self.checks().truncation() }

    @Test("a length that no sender writes is a violation before any byte behind it came", arguments: [0, 1, 15, 16_401, 0x8000, 0xffff])
    func headers(_ length: UInt16) { Self.checks().refuses(header: withUnsafeBytes(of: length.bigEndian, Array.init)) }

    @Test("100,000 forged wires never trap, never give a byte that was not sealed", arguments: NoiseCipher.allCases)
    func fuzz(_ cipher: NoiseCipher) throws {
        try Self.checks(cipher).fuzz(rounds: 50_000) { [0, UInt8.random(in: 16...180, using: &$0)] }
    }

    @Test("nothing of the text is on the wire, and the same text never looks the same twice")
    func hidden() throws {
        let text = Array("a text that is long enough to be found".utf8)
        for cipher in NoiseCipher.allCases {
            let records = try Self.checks(cipher).seal([text, text], end: false)
            #expect(records[0] != records[1])
            for record in records { #expect(record.count == text.count + 18 && !record.contains(text.prefix(4))) }
        }
    }

    @Test("a new key follows after 2^20 records, at both ends at once, and the old one opens nothing more", arguments: NoiseCipher.allCases)
    func rekeying(_ cipher: NoiseCipher) throws {
        // As if all but the last of them had gone.
        let state = Self.state(cipher, number: CipherState.recordsPerKey - 1)
        let transform = NoiseTransform(sealing: state, opening: state)
        var sealer = transform.makeSealer()
        var opener = transform.makeOpener()
        var wires: [ByteBuffer] = []
        for round in 0..<4 {
            var wire = ByteBuffer()
            var plain = ByteBuffer()
            try [UInt8(round)].withUnsafeBytes { try sealer.seal($0, into: &wire) }
            wires.append(wire)
            #expect(try opener.open(&wire, into: &plain, upTo: 100) == .bytes(1))
            #expect(Array(plain.readableBytesView) == [UInt8(round)])
        }
        // The last record under the old key opens under it, the next one does not.
        var old = state
        var plain = ByteBuffer()
        let sealed = wires.map { Array($0.readableBytesView.dropFirst(2)) }
        try sealed[0].withUnsafeBytes { try old.open($0, into: &plain) }
        #expect(throws: (any Error).self) { try sealed[1].withUnsafeBytes { try old.open($0, into: &plain) } }
    }

    @Test("the next key is what the framework says", arguments: NoiseCipher.allCases)
    func rekey(_ cipher: NoiseCipher) throws {
        // Section 4.2, by the cipher's own means: 32 zero bytes sealed under the last number, without the tag.
        let key = SymmetricKey(data: Array(0..<32))
        let zeros = [UInt8](repeating: 0, count: 32)
        let ones = [UInt8](repeating: 0xff, count: 8)
        let sealed =
            switch cipher {
            case .chachapoly: try ChaChaPoly.seal(zeros, using: key, nonce: ChaChaPoly.Nonce(data: [0, 0, 0, 0] + ones)).ciphertext
            case .aesgcm: try AES.GCM.seal(zeros, using: key, nonce: AES.GCM.Nonce(data: [0, 0, 0, 0] + ones)).ciphertext
            }
        var state = Self.state(cipher)
        try state.rekey()
        var expected = CipherState(cipher, key: SymmetricKey(data: Array(sealed)))
        var (one, other) = (ByteBuffer(), ByteBuffer())
        try [UInt8(7)].withUnsafeBytes { try state.seal($0, into: &one) }
        try [UInt8(7)].withUnsafeBytes { try expected.seal($0, into: &other) }
        #expect(one == other)
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: ArraySlice<UInt8>) -> Bool {
        indices.contains { self[$0...].starts(with: part) }
    }
}
