import NIOCore
import Testing

@testable import PatchbayCore

/// Tapes of a codec that promises more than it lays down.
@Suite struct LyingTapeTests {
    private struct Drained: Decodable {
        var count = 0

        init(from decoder: any Decoder) throws {
            var elements = try decoder.unkeyedContainer()
            while !elements.isAtEnd {
                _ = try elements.decode(Int.self)
                count += 1
            }
        }
    }

    private func tape(_ kind: Token.Kind) -> Tape {
        let tokens = [Token(kind, length: .max, payload: 2), Token(.int, payload: 7)]
        return Tape(tokens: tokens, message: ByteBuffer(), arena: ByteBuffer(), hasBytesAsText: false)
    }

    @Test("reading stops where the tape does", arguments: [Token.Kind.array, .tuple, .set])
    func sequences(kind: Token.Kind) throws {
        #expect(throws: PatchbayError.self) { try tape(kind).decode([Int].self) }
        #expect(throws: PatchbayError.self) { try tape(kind).decode([[Int]].self) }
        #expect(try tape(kind).decode(Drained.self).count == 1)
        let whole = tape(kind)
        #expect(throws: PatchbayError.self) { try Value.read(whole, TapeMemory.of(whole), at: 0) }
    }

    @Test("a map without its values is an error")
    func map() throws {
        #expect(throws: PatchbayError.self) { try tape(.map).decode([Int: Int].self) }
        #expect(throws: PatchbayError.self) { try tape(.map).decode([String: Int].self) }
        let whole = tape(.map)
        #expect(throws: PatchbayError.self) { try Value.read(whole, TapeMemory.of(whole), at: 0) }
    }

    @Test("a tag with nothing behind it is no value")
    func tag() {
        let bare = Tape(tokens: [Token(.tag, payload: 1)], message: ByteBuffer(), arena: ByteBuffer(), hasBytesAsText: false)
        #expect(throws: PatchbayError.self) { try bare.decode(Int.self) }
    }
}
