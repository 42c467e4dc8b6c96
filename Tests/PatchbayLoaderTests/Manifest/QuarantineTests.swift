import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayLoader

@Suite(.enabled(if: RogueLibrary.canBuild, "no gcc")) struct QuarantineTests {
    @Test("a length beyond the room quarantines the plugin in this process", arguments: ["rogue_lies", "rogue_lies_below_zero"])
    func quarantine(_ function: String) throws {
        try RogueLibrary.with(function) { plugin in
            let processor = try plugin.processor()
            #expect(plugin.breach == nil)
            #expect(try processor.encode([1, 2, 3]) == [1, 2, 3])
            let first = #expect(throws: PatchbayError.self) { try processor.decode([1, 2, 3]) }
            #expect(first?.code == PatchbayError.Code("plugin-breach"))
            #expect(first?.message.contains(function) == true)
            #expect(plugin.breach != nil)
            // From now on nothing of it is called, not even what worked.
            let second = #expect(throws: PatchbayError.self) { try plugin.processor().encode([1]) }
            #expect(second?.message == first?.message)
        }
    }

    @Test("of what a function returns only the declared width counts, with its sign")
    func narrow() throws {
        // As int the function returns 511; as signed char that is -1, which the manifest calls bufferTooSmall.
        try RogueLibrary.with("rogue_wide", type: "signed char") { plugin in
            let error = #expect(throws: PatchbayError.self) { try plugin.processor().decode([1, 2, 3], maximum: 100) }
            #expect(error?.code == .messageTooLarge)
            #expect(plugin.breach == nil)
        }
        try RogueLibrary.with("rogue_wide", ok: "ret > 0", type: "unsigned char") { plugin in
            // 255 bytes of a room of 4096.
            let decoded = try plugin.processor().decode([1, 2, 3])
            #expect(decoded.count == 255)
        }
    }

    @Test("a context is made once per step, and freed with it")
    func contexts() throws {
        let decode = """
            {"function": "int rogue_count(void *in, size_t n, void *out, size_t cap, void *context)",
             "roles": ["in.ptr", "in.len", "out.ptr", "out.cap", "ctx"], "outCap": {"grow": 1, "maximum": "1MiB"}, "ok": "ret == 1",
             "outLen": "ret", "errors": {"0": "bufferTooSmall"}, "ctx": {
                "create": {"function": "void *rogue_create(void)", "roles": []},
                "free": {"function": "void rogue_free(void *context)", "roles": ["ctx"]}}}
            """
        let encode = """
            {"function": "long rogue_copy(const void *in, size_t n, void *out, size_t cap)", "roles": ["in.ptr", "in.len", "out.ptr", "out.cap"],
             "bound": "n + 1", "ok": "ret >= 0", "outLen": "ret"}
            """
        try RogueLibrary.with(encode: encode, decode: decode) { plugin in
            let processor = try plugin.processor()
            func push(_ step: inout any ProcessorStep) throws -> [UInt8] {
                var sink = ProcessorSink(maximum: 100)
                try step.push(ByteBuffer(bytes: [1]), .finish, into: &sink)
                return Array(sink.buffers[0].readableBytesView)
            }
            var first = try processor.makeDecoder()
            #expect(try push(&first) == [1])
            #expect(try push(&first) == [1])
            do {
                var second = try processor.makeDecoder()
                #expect(try push(&second) == [2])
            }
            #expect(try push(&first) == [1])
        }
    }
}
