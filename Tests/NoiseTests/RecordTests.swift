internal import AuthenticatorTestSupport
internal import Crypto
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayNoise

@Suite("Sealed records")
struct RecordTests {
    static func state(_ cipher: NoiseCipher, _ first: UInt8 = 0) -> CipherState {
        CipherState(cipher, key: SymmetricKey(data: Array(first..<first + 32)))
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
    func fuzz(_ cipher: NoiseCipher) throws { try Self.checks(cipher).fuzz(rounds: 50_000) }

    @Test("nothing of the text is on the wire, and the same text never looks the same twice")
    func hidden() throws {
        let text = Array("a text that is long enough to be found".utf8)
        for cipher in NoiseCipher.allCases {
            let records = try Self.checks(cipher).seal([text, text], end: false)
            #expect(records[0] != records[1])
            for record in records { #expect(record.count == text.count + 18 && !record.contains(text.prefix(4))) }
        }
    }

    @Test("a new key follows after 2^20 records, at both ends, and the old one opens nothing more")
    func rekeying() throws {
        var sealing = Self.state(.aesgcm)
        var opening = Self.state(.aesgcm)
        let record = [UInt8](repeating: 7, count: 3)
        var first = ByteBuffer()
        // As if so many records had gone: all but the last.
        try sealing.skip(to: CipherState.recordsPerKey - 1)
        try opening.skip(to: CipherState.recordsPerKey - 1)
        for _ in 0..<3 {
            var wire = ByteBuffer()
            var plain = ByteBuffer()
            try record.withUnsafeBytes { try sealing.seal($0, into: &wire) }
            try sealing.rekeyIfDue()
            try wire.withUnsafeReadableBytes { try opening.open($0, into: &plain) }
            try opening.rekeyIfDue()
            #expect(Array(plain.readableBytesView) == record)
            first = wire
        }
        var old = Self.state(.aesgcm)
        try old.skip(to: CipherState.recordsPerKey + 1)
        #expect(throws: (any Error).self) {
            var plain = ByteBuffer()
            try first.withUnsafeReadableBytes { try old.open($0, into: &plain) }
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: ArraySlice<UInt8>) -> Bool {
        indices.contains { self[$0...].starts(with: part) }
    }
}
