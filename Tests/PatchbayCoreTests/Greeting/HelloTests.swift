import NIOCore
import Testing

@testable import PatchbayCore

@Suite struct HelloTests {
    /// A HELLO of `json`, with fields added.
    func hello(_ more: [(UInt8, [UInt8])], without omitted: UInt8? = nil) -> ByteBuffer {
        let nonce = [UInt8](repeating: 7, count: 32)
        let fields: [(UInt8, [UInt8])] = [(1, [0, 0]), (2, Array("json".utf8)), (3, nonce), (4, [0, 0, 0, 0, 1, 0, 0, 0])]
        var content = ByteBuffer()
        for (type, value) in fields.filter({ $0.0 != omitted }) + more {
            content.writeInteger(type)
            content.writeInteger(UInt16(value.count))
            content.writeBytes(value)
        }
        return content
    }

    func code(_ content: ByteBuffer, carriesDetails: Bool = true) -> PatchbayError.Code? {
        do {
            _ = try Hello(content, carriesDetails: carriesDetails)
            return nil
        } catch { return error.code }
    }

    @Test func `unknown fields are skipped, unless they must be understood`() throws {
        #expect(try Hello(hello([(7, [1, 2]), (0x7f, [])]), carriesDetails: true).stack == "json")
        #expect(code(hello([(0x80, [])])) == .versionMismatch)
        #expect(code(hello([(0xff, [1])])) == .versionMismatch)
    }

    @Test(arguments: [UInt8(1), 2, 3, 4])
    func `each required field is missed`(_ type: UInt8) {
        #expect(code(hello([], without: type)) == .protocolViolation)
    }

    @Test func `malformed fields are violations`() {
        let cases: [ByteBuffer] = [
            hello([(5, [0xff])]), hello([(6, [])]), hello([(6, [0])]), hello([(6, [3, 0x61])]), hello([(6, [1, 0xff])]),
            hello([(6, [1, 0x61, 0xc0])]), hello([(2, [0x61])]), hello([(5, []), (5, [])]), hello([(6, [1, 0x61]), (5, [])]),
            hello([(4, [0, 1])], without: 4), hello([(0, [])]),
        ]
        for content in cases { #expect(code(content) == .protocolViolation) }
        var torn = hello([])
        torn.writeBytes([5, 0])
        #expect(code(torn) == .protocolViolation)
        torn.writeBytes([9, 0x61])
        #expect(code(torn) == .protocolViolation)
    }

    @Test func `data keeps its order and its repeats`() throws {
        let details = try #require(
            try Hello(hello([(6, [1, 0x62, 0x31]), (6, [1, 0x61]), (6, [1, 0x62, 0x32])]), carriesDetails: true).details
        )
        #expect(details.data.all("b") == ["1", "2"])
        #expect(details.data["a"] == "")
        #expect(details.data.pairs.map(\.name) == ["b", "a", "b"])
    }

    @Test func `text of a peer is made harmless and short`() {
        #expect(PeerRefusal.printable("a\u{7}\u{202e}\u{2028}é", 100) == "a\u{FFFD}\u{FFFD}\u{FFFD}é")
        #expect(PeerRefusal.printable(String(repeating: "é", count: 400), 512).utf8.count == 512)
        var content = ByteBuffer()
        content.writeBytes([16, 0, 2, 0x41, 0x42, 17, 0, 1, 0xff])
        let refusal = PeerRefusal(content)
        #expect(refusal.code == .refused)
        #expect(refusal.message == "\u{FFFD}")
    }

    @Test func `a peer is told nothing of this end's own business`() {
        let error = PatchbayError(.systemFailure, "cannot read worker.key", stage: .handshake)
        #expect(!PeerRefusal(telling: error).message.contains("worker.key"))
        #expect(PeerRefusal(telling: error).code == .systemFailure)
        #expect(PeerRefusal(telling: PatchbayError(.refused, "full", stage: .handshake)).message == "full")
    }
}
