import FuzzSupport
import NIOCore
import Testing

@testable import PatchbayCore

@Suite("What a connection is beside its descriptor")
struct HandedStateTests {
    private static var full: HandedState {
        var state = HandedState(stack: "json+length+handed-over://", largestForPeer: 70_000)
        state.hasFinished = true
        state.heardClose = true
        state.identity = "key:1"
        state.data = ["note": "hello", "empty": ""]
        state.ready = [ByteBuffer(), ByteBuffer(string: "looked at")]
        state.unread = ByteBuffer(bytes: [0, 0, 0, 9, 1])
        state.descriptorPlace = 5
        state.unsent = ByteBuffer(bytes: [0, 0, 0, 0])
        return state
    }

    private func read(_ bytes: ByteBuffer) throws(PatchbayError) -> HandedState {
        guard let count = try HandedState.count(bytes, limit: 1000),
            let body = bytes.getSlice(at: bytes.readerIndex + HandedState.headBytes, length: count)
        else {
            throw HandedState.malformed("is cut short")
        }
        return try HandedState(body)
    }

    @Test("everything comes back, and what is absent stays absent")
    func both() throws {
        let state = Self.full
        let back = try read(state.encoded())
        #expect(back.stack == state.stack)
        #expect(back.largestForPeer == 70_000)
        #expect(back.hasFinished && !back.hasEnded && back.heardClose)
        #expect(back.identity == "key:1")
        #expect(back.user == nil)
        #expect(back.data == state.data)
        #expect(back.ready == state.ready)
        #expect(back.unread == state.unread)
        #expect(back.descriptorPlace == 5)
        #expect(back.unsent == state.unsent)
        let empty = try read(HandedState(stack: "", largestForPeer: .max).encoded())
        #expect(empty.largestForPeer == .max)
        #expect(empty.descriptorPlace == nil)
        #expect(empty.ready == [])
    }

    @Test("every prefix is refused, and so is a byte too many")
    func torn() throws {
        let whole = Self.full.encoded()
        for count in 0..<whole.readableBytes {
            #expect(throws: PatchbayError.self) { _ = try read(try #require(whole.getSlice(at: whole.readerIndex, length: count))) }
        }
        var body = whole
        body.moveReaderIndex(forwardBy: HandedState.headBytes)
        body.writeInteger(UInt8(0))
        #expect(throws: PatchbayError.self) { _ = try HandedState(body) }
    }

    @Test("a count beyond the limit is refused before its bytes come")
    func limit() {
        var head = ByteBuffer(bytes: Array("PBHO".utf8) + [1])
        head.writeInteger(UInt64.max)
        let error = #expect(throws: PatchbayError.self) { _ = try HandedState.count(head, limit: .max) }
        #expect(error?.code == .limitExceeded)
    }

    @Test("100,000 hostile states are refused or read, and nothing traps")
    func hostile() {
        var random = FuzzSource.forTest()
        var body = Self.full.encoded()
        body.moveReaderIndex(forwardBy: HandedState.headBytes)
        let valid = Array(body.readableBytesView)
        var read = 0
        for _ in 0..<100_000 {
            guard let state = try? HandedState(ByteBuffer(bytes: random.input(from: valid, longest: 200))) else { continue }
            read += 1
            #expect((state.descriptorPlace ?? 0) <= state.unread.readableBytes)
            #expect(state.weight <= valid.count + 32)
        }
        #expect(read > 0)
    }
}
