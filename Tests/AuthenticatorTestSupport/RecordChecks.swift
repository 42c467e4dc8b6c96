package import FuzzSupport
internal import NIOCore
package import PatchbayCore
internal import Testing

/// What must hold of every transform that cuts the stream into records.
package struct RecordChecks: Sendable {
    /// Opens what it seals, as two ends in one.
    package var transform: any StreamTransform
    /// Bytes of a record that are not its payload.
    package var overhead: Int
    /// Of the largest record, in bytes.
    package var largestPayload = 16_384

    package init(transform: any StreamTransform, overhead: Int) {
        self.transform = transform
        self.overhead = overhead
    }

    /// What an opener made of all bytes of a wire.
    package struct Opened: Equatable {
        package var plain: [UInt8] = []
        package var code: PatchbayError.Code?
        package var ended = false
        /// The bytes it waits for.
        package var need: Int?

        package init(plain: [UInt8] = [], code: PatchbayError.Code? = nil, ended: Bool = false, need: Int? = nil) {
            self.plain = plain
            self.code = code
            self.ended = ended
            self.need = need
        }
    }

    package func seal(_ pieces: [[UInt8]], end: Bool = true) throws -> [[UInt8]] {
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

    package func open(_ wire: [UInt8], upTo maximum: Int = 1 << 20, step: Int = .max) -> Opened {
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

    /// What goes in comes out, whatever its length.
    package func lengths(_ count: Int) throws {
        var generator = FuzzSource.forTest("\(count) bytes")
        let bytes = generator.bytes(count)
        let records = try seal([bytes])
        #expect(records[0].count == count + (count + largestPayload - 1) / largestPayload * overhead)
        #expect(open(records.flatMap { $0 }, upTo: 2 << 20) == Opened(plain: bytes, ended: true))
    }

    /// A wire cut anywhere waits for the rest.
    package func trickle(_ step: Int) throws {
        let pieces = [Array(repeating: UInt8(1), count: 5), [2], Array(repeating: 3, count: 300)]
        let opened = try open(seal(pieces).flatMap { $0 }, step: step)
        #expect(opened.plain == pieces.flatMap { $0 })
        #expect(opened.ended)
    }

    /// No more than about the maximum is opened at once, and a record is never cut.
    package func maximum() throws {
        var wire = ByteBuffer(bytes: try seal([[1, 2, 3], [4, 5, 6], [7, 8, 9, 10]]).flatMap { $0 })
        var opener = transform.makeOpener()
        var plain = ByteBuffer()
        #expect(try opener.open(&wire, into: &plain, upTo: 7) == .bytes(6))
        #expect(try opener.open(&wire, into: &plain, upTo: 1) == .bytes(4))
        #expect(try opener.open(&wire, into: &plain, upTo: 1) == .end)
        #expect(try opener.open(&wire, into: &plain, upTo: 1) == .end)
    }

    /// Every bit of every record counts, and nothing of a changed record is given.
    package func flips() throws {
        let pieces: [[UInt8]] = [Array("first".utf8), Array("second one".utf8), Array("third".utf8)]
        let wire = try seal(pieces).flatMap { $0 }
        var boundaries: [Int] = [0]
        for piece in pieces { boundaries.append(boundaries[boundaries.count - 1] + piece.count + overhead) }
        for bit in 0..<wire.count * 8 {
            var changed = wire
            changed[bit / 8] ^= 1 << (bit % 8)
            let opened = open(changed)
            let genuine = boundaries.lastIndex { $0 <= bit / 8 } ?? 0
            #expect(opened.plain == pieces.prefix(genuine).flatMap { $0 })
            // A longer length may wait for bytes that never come: the end of the stream then makes it a truncation.
            #expect(opened.code == .authenticationFailed || opened.code == .protocolViolation || opened.need != nil)
            #expect(!opened.ended)
        }
    }

    /// Records that were dropped, repeated, swapped, cut or sent back are refused.
    package func order() throws {
        let records = try seal([[1, 1], [2, 2], [3, 3]])
        func code(_ indices: [Int]) -> Opened { open(indices.flatMap { records[$0] }) }
        #expect(code([0, 2, 3]) == Opened(plain: [1, 1], code: .authenticationFailed))
        #expect(code([1, 2, 3]) == Opened(code: .authenticationFailed))
        #expect(code([0, 0, 1]) == Opened(plain: [1, 1], code: .authenticationFailed))
        #expect(code([0, 2, 1, 3]) == Opened(plain: [1, 1], code: .authenticationFailed))
        #expect(code([0, 3]) == Opened(plain: [1, 1], code: .authenticationFailed))
        #expect(code([0, 1, 2, 3, 3]).code == .protocolViolation)
        #expect(code([0, 1, 2, 3, 0]).code == .protocolViolation)
    }

    /// A stream cut at any byte never looks as if it had ended.
    package func truncation() throws {
        let wire = try seal([[1, 2, 3], [4]]).flatMap { $0 }
        for count in 0..<wire.count {
            let opened = open(Array(wire.prefix(count)))
            #expect(!opened.ended && opened.code == nil && opened.need != nil)
        }
    }

    /// A header that no sender writes is a violation before any byte behind it came.
    package func refuses(header: [UInt8]) { #expect(open(header) == Opened(code: .protocolViolation)) }

    /// Forged wires never trap, never give a byte that was not sealed.
    /// - Parameter header: the first bytes of a record of at most 180 bytes.
    package func fuzz(rounds: Int, header: (inout FuzzSource) -> [UInt8]) throws {
        var generator = FuzzSource.forTest()
        let pieces = [Array(repeating: UInt8(5), count: 40), [6, 7], Array(repeating: 8, count: 90)]
        let whole = pieces.flatMap { $0 }
        let wire = try seal(pieces).flatMap { $0 }
        for round in 0..<rounds {
            var bytes: [UInt8]
            if round & 1 == 0 {
                bytes = generator.input(from: [], longest: 200)
                // Headers that get past the first look.
                if round & 2 == 0, bytes.count > 4 {
                    let head = header(&generator)
                    bytes.replaceSubrange(0..<head.count, with: head)
                }
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
            let opened = open(bytes, step: Int.random(in: 1...100, using: &generator))
            #expect(whole.starts(with: opened.plain))
            #expect(!opened.ended || opened.plain == whole)
        }
    }
}
