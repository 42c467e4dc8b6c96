internal import AuthenticatorTestSupport
internal import Crypto
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayMutualHMAC

@Suite("Records")
struct RecordTests {
    static let checks = RecordChecks(
        transform: RecordTransform(sealing: SymmetricKey(data: Array(0..<32)), opening: SymmetricKey(data: Array(0..<32))),
        overhead: 20
    )

    @Test("what goes in comes out, whatever its length", arguments: [0, 1, 2, 63, 64, 65, 16_383, 16_384, 16_385, 40_000, 1 << 20])
    func lengths(_ count: Int) throws { try Self.checks.lengths(count) }

    @Test("a wire cut anywhere waits for the rest", arguments: [1, 2, 3, 7, 19, 20, 21, 100])
    func trickle(_ step: Int) throws { try Self.checks.trickle(step) }

    @Test("no more than about the maximum is opened at once, and a record is never cut")
    func maximum() throws { try Self.checks.maximum() }

    @Test("every bit of every record counts, and nothing of a changed record is given")
    func flips() throws { try Self.checks.flips() }

    @Test("records that were dropped, repeated, swapped, cut or sent back are refused")
    func order() throws { try Self.checks.order() }

    @Test("a record sent back to its sender is refused")
    func reflection() throws {
        let transform = RecordTransform(sealing: SymmetricKey(data: Array(0..<32)), opening: SymmetricKey(data: Array(32..<64)))
        var sealer = transform.makeSealer()
        var opener = transform.makeOpener()
        var wire = ByteBuffer()
        var plain = ByteBuffer()
        try [UInt8(1)].withUnsafeBytes { try sealer.seal($0, into: &wire) }
        #expect(throws: PatchbayError.self) { try opener.open(&wire, into: &plain, upTo: 100) }
        #expect(plain.readableBytes == 0)
    }

    @Test("a stream cut at any byte never looks as if it had ended")
    func truncation() throws { try Self.checks.truncation() }

    @Test(
        "a header that no sender writes is a violation before any byte behind it came",
        arguments: [0, 16_385, 0x0001_0000, 0x8000_0001, 0xffff_ffff]
    )
    func headers(_ header: UInt32) { Self.checks.refuses(header: withUnsafeBytes(of: header.bigEndian, Array.init)) }

    @Test("20,000 forged wires never trap, never give a byte that was not sealed")
    func fuzz() throws { try Self.checks.fuzz(rounds: 20_000) { _ in [0, 0, 0] } }
}
