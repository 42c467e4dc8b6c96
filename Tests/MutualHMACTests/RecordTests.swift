internal import Crypto
internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayMutualHMAC

@Suite("Records")
struct RecordTests {
    static let transform = RecordTransform(sealing: SymmetricKey(data: Array(0..<32)), opening: SymmetricKey(data: Array(0..<32)))

    /// What an opener made of all bytes of a wire.
    struct Opened: Equatable {
        var plain: [UInt8] = []
        var code: PatchbayError.Code?
        var ended = false
        /// The bytes it waits for.
        var need: Int?
    }

    static func seal(_ pieces: [[UInt8]], end: Bool = true) throws -> [[UInt8]] {
        var sealer = transform.makeSealer()
        var records = try pieces.map { piece in
            var wire = ByteBuffer()
            try piece.withUnsafeBytes { try sealer.seal($0, into: &wire) }
            return Array(wire.readableBytesView)
        }
        if end {
            var wire = ByteBuffer()
            try sealer.sealEnd(into: &wire)
            records.append(Array(wire.readableBytesView))
        }
        return records
    }

    static func open(_ wire: [UInt8], upTo maximum: Int = 1 << 20, step: Int = .max) -> Opened {
        var opener = transform.makeOpener()
        var opened = Opened()
        var buffer = ByteBuffer()
        var plain = ByteBuffer()
        var rest = wire[...]
        reading: while true {
            do {
                switch try opener.open(&buffer, into: &plain, upTo: maximum) {
                case .bytes(let count): #expect(count > 0)
                case .end where rest.isEmpty && buffer.readableBytes == 0:
                    opened.ended = true
                    break reading
                case .end: break
                case .need(let count) where rest.isEmpty:
                    opened.need = count
                    break reading
                case .need(let count): #expect(count > buffer.readableBytes)
                }
                if buffer.readableBytes == 0 || step < .max {
                    buffer.writeBytes(rest.prefix(step))
                    rest = rest.dropFirst(step)
                }
            } catch {
                opened.code = error.code
                // Nothing comes after a failure.
                let before = plain
                #expect(throws: PatchbayError.self) { try opener.open(&buffer, into: &plain, upTo: maximum) }
                #expect(plain == before)
                break
            }
        }
        opened.plain = Array(plain.readableBytesView)
        return opened
    }

    @Test("what goes in comes out, whatever its length", arguments: [0, 1, 2, 63, 64, 65, 16_383, 16_384, 16_385, 40_000, 1 << 20])
    func lengths(_ count: Int) throws {
        var generator = FuzzSource.forTest("\(count) bytes")
        let bytes = generator.bytes(count)
        let records = try Self.seal([bytes])
        #expect(records[0].count == count + (count + 16_383) / 16_384 * 20)
        #expect(Self.open(records.flatMap { $0 }, upTo: 2 << 20) == Opened(plain: bytes, ended: true))
    }

    @Test("a wire cut anywhere waits for the rest", arguments: [1, 2, 3, 7, 19, 20, 21, 100])
    func trickle(_ step: Int) throws {
        let pieces = [Array(repeating: UInt8(1), count: 5), [2], Array(repeating: 3, count: 300)]
        let opened = try Self.open(Self.seal(pieces).flatMap { $0 }, step: step)
        #expect(opened.plain == pieces.flatMap { $0 })
        #expect(opened.ended)
    }

    @Test("no more than about the maximum is opened at once, and a record is never cut")
    func maximum() throws {
        var wire = ByteBuffer(bytes: try Self.seal([[1, 2, 3], [4, 5, 6], [7, 8, 9, 10]]).flatMap { $0 })
        var opener = Self.transform.makeOpener()
        var plain = ByteBuffer()
        #expect(try opener.open(&wire, into: &plain, upTo: 7) == .bytes(6))
        #expect(try opener.open(&wire, into: &plain, upTo: 1) == .bytes(4))
        #expect(try opener.open(&wire, into: &plain, upTo: 1) == .end)
        #expect(try opener.open(&wire, into: &plain, upTo: 1) == .end)
    }

    @Test("every bit of every record counts, and nothing of a changed record is given")
    func flips() throws {
        let pieces: [[UInt8]] = [Array("first".utf8), Array("second one".utf8), Array("third".utf8)]
        let wire = try Self.seal(pieces).flatMap { $0 }
        var boundaries: [Int] = [0]
        for piece in pieces { boundaries.append(boundaries[boundaries.count - 1] + piece.count + 20) }
        for bit in 0..<wire.count * 8 {
            var changed = wire
            changed[bit / 8] ^= 1 << (bit % 8)
            let opened = Self.open(changed)
            let genuine = boundaries.lastIndex { $0 <= bit / 8 } ?? 0
            #expect(opened.plain == pieces.prefix(genuine).flatMap { $0 })
            // A longer length may wait for bytes that never come: the end of the stream then makes it a truncation.
            #expect(opened.code == .authenticationFailed || opened.code == .protocolViolation || opened.need != nil)
            #expect(!opened.ended)
        }
    }

    @Test("records that were dropped, repeated, swapped, cut or sent back are refused")
    func order() throws {
        let records = try Self.seal([[1, 1], [2, 2], [3, 3]])
        func code(_ indices: [Int]) -> Opened { Self.open(indices.flatMap { records[$0] }) }
        #expect(code([0, 2, 3]) == Opened(plain: [1, 1], code: .authenticationFailed))
        #expect(code([1, 2, 3]) == Opened(code: .authenticationFailed))
        #expect(code([0, 0, 1]) == Opened(plain: [1, 1], code: .authenticationFailed))
        #expect(code([0, 2, 1, 3]) == Opened(plain: [1, 1], code: .authenticationFailed))
        #expect(code([0, 3]) == Opened(plain: [1, 1], code: .authenticationFailed))
        #expect(code([0, 1, 2, 3, 3]).code == .protocolViolation)
        #expect(code([0, 1, 2, 3, 0]).code == .protocolViolation)
    }

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
    func truncation() throws {
        let wire = try Self.seal([[1, 2, 3], [4]]).flatMap { $0 }
        for count in 0..<wire.count {
            let opened = Self.open(Array(wire.prefix(count)))
            #expect(!opened.ended && opened.code == nil && opened.need != nil)
        }
    }

    @Test(
        "a header that no sender writes is a violation before any byte behind it came",
        arguments: [0, 16_385, 0x0001_0000, 0x8000_0001, 0xffff_ffff]
    )
    func headers(_ header: UInt32) {
        #expect(Self.open(withUnsafeBytes(of: header.bigEndian, Array.init)) == Opened(code: .protocolViolation))
    }

    @Test("20,000 forged wires never trap, never give a byte that was not sealed")
    func fuzz() throws {
        var generator = FuzzSource.forTest()
        let pieces = [Array(repeating: UInt8(5), count: 40), [6, 7], Array(repeating: 8, count: 90)]
        let whole = pieces.flatMap { $0 }
        let wire = try Self.seal(pieces).flatMap { $0 }
        for round in 0..<20_000 {
            var bytes: [UInt8]
            if round & 1 == 0 {
                bytes = generator.input(from: [], longest: 200)
                // Headers that get past the first look.
                if round & 2 == 0, bytes.count > 4 { bytes.replaceSubrange(0..<3, with: [0, 0, 0]) }
            } else {
                bytes = wire
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let at = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                    case 1: bytes.remove(at: at)
                    default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: at)
                    }
                }
            }
            let opened = Self.open(bytes, step: Int.random(in: 1...100, using: &generator))
            #expect(whole.starts(with: opened.plain))
            #expect(!opened.ended || opened.plain == whole)
        }
    }
}
