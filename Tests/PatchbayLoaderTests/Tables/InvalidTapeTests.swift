internal import NIOCore
internal import PatchbayCore
internal import PatchbayLoader
internal import Testing

/// Tapes that a codec in C hands over as they are, so that a test can say any.
@Suite struct InvalidTapeTests {
    struct Raw: Sendable {
        var kind: UInt8
        var inMessage: UInt8 = 0
        var detail: UInt8 = 0
        var reserved: UInt8 = 0
        var length: UInt32 = 0
        var payload: UInt64 = 0
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var words: String
        var tokens: [Raw]
        var arena: [UInt8] = []
        var testDescription: String { words }
    }

    static func message(_ tokens: [Raw], _ arena: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt32(tokens.count), endianness: .little)
        for token in tokens {
            buffer.writeBytes([token.kind, token.inMessage, token.detail, token.reserved])
            buffer.writeInteger(token.length, endianness: .little)
            buffer.writeInteger(token.payload, endianness: .little)
        }
        buffer.writeBytes(arena)
        return buffer
    }

    static let plugin = Task {
        try await CompiledPlugin(metadata: CSources.codecMetadata(), body: CSources.tapeCodec + CSources.codecInterface)
    }

    static let cases: [Case] = [
        Case(words: "it ends before its value does", tokens: []),
        Case(words: "token 0 is of kind 20, which does not exist", tokens: [Raw(kind: 20)]),
        Case(words: "`reserved` of token 0", tokens: [Raw(kind: 0, reserved: 1)]),
        Case(words: "`payload` of token 0", tokens: [Raw(kind: 0, payload: 1)]),
        Case(words: "`detail` of token 0", tokens: [Raw(kind: 1, detail: 2)]),
        Case(words: "`length` of token 0", tokens: [Raw(kind: 2, length: 1)]),
        Case(words: "`in_message` of token 0", tokens: [Raw(kind: 5, inMessage: 1)]),
        Case(words: "`payload` of token 0", tokens: [Raw(kind: 3, payload: 7)]),
        Case(words: "`payload` of token 0", tokens: [Raw(kind: 4, payload: 1 << 32)]),
        Case(words: "the bytes of token 0 lie outside", tokens: [Raw(kind: 6, length: 4)], arena: [1, 2, 3]),
        Case(words: "the bytes of token 0 lie outside", tokens: [Raw(kind: 7, length: 1, payload: .max)], arena: [1, 2, 3]),
        Case(words: "the bytes of token 0 lie outside", tokens: [Raw(kind: 7, inMessage: 1, length: 21)]),
        Case(words: "`in_message` of token 0", tokens: [Raw(kind: 7, inMessage: 2)]),
        Case(words: "token 0 is not UTF-8", tokens: [Raw(kind: 6, length: 2)], arena: [0xC0, 0x80]),
        Case(words: "token 0 is not UTF-8", tokens: [Raw(kind: 16, length: 1), Raw(kind: 0)], arena: [0xFF]),
        Case(
            words: "token 0 is an integer that is not in its shortest form",
            tokens: [Raw(kind: 8, length: 9)],
            arena: [0, 1, 1, 1, 1, 1, 1, 1, 1]
        ),
        Case(
            words: "token 0 is an integer that is not in its shortest form",
            tokens: [Raw(kind: 8, length: 8)],
            arena: [255, 1, 1, 1, 1, 1, 1, 1]
        ),
        Case(
            words: "token 0 is an integer that is not in its shortest form",
            tokens: [Raw(kind: 9, length: 8)],
            arena: [128, 0, 0, 0, 0, 0, 0, 0]
        ),
        Case(words: "token 0 is no number as JSON writes them", tokens: [Raw(kind: 10, length: 3)], arena: Array("1e+".utf8)),
        Case(words: "token 0 is no number as JSON writes them", tokens: [Raw(kind: 10, length: 2)], arena: Array("01".utf8)),
        Case(words: "token 0 is no module and name", tokens: [Raw(kind: 19, length: 3)], arena: Array("abc".utf8)),
        Case(words: "`detail` of token 0", tokens: [Raw(kind: 18, detail: 21)]),
        Case(words: "token 0 says that its container ends at 9", tokens: [Raw(kind: 11, length: 1, payload: 9), Raw(kind: 0)]),
        Case(words: "token 0 says that its container ends at 1", tokens: [Raw(kind: 11, length: 1, payload: 1), Raw(kind: 0)]),
        Case(words: "token 0 says that its container ends at 2", tokens: [Raw(kind: 11, payload: 2), Raw(kind: 0)]),
        Case(
            words: "token 1 says that its container ends at 4",
            tokens: [Raw(kind: 11, length: 2, payload: 4), Raw(kind: 11, length: 1, payload: 4), Raw(kind: 0), Raw(kind: 0)]
        ),
        Case(words: "says that its container ends", tokens: [Raw(kind: 14, length: 1, payload: 2), Raw(kind: 0)]),
        Case(words: "says that its container ends", tokens: [Raw(kind: 11, length: .max, payload: 3), Raw(kind: 0), Raw(kind: 0)]),
        Case(words: "it ends before its value does", tokens: [Raw(kind: 15, payload: 1)]),
        Case(words: "token 1 stands behind the end of the value", tokens: [Raw(kind: 0), Raw(kind: 0)]),
    ]

    /// What a codec may pass on from a peer.
    private static func isContent(_ invalid: Case) -> Bool {
        ["is not UTF-8", "in its shortest form", "is no number", "is no module and name"].contains { invalid.words.contains($0) }
    }

    @Test(arguments: cases.filter { !isContent($0) })
    func `an invalid tape is a breach that says which token and why`(invalid: Case) async throws {
        let module = try await Self.plugin.value.copy().load()
        let codec = try Echo.codec(module)
        let error = try #require(
            #expect(throws: PatchbayError.self) { try codec.decodeValue(from: Self.message(invalid.tokens, invalid.arena)) }
        )
        #expect(error.code == .pluginBreach)
        #expect(error.message.contains("patchbay_codec.decode gave an invalid tape: "), "\(error)")
        #expect(error.message.contains(invalid.words), "\(error)")
    }

    @Test(arguments: cases.filter(isContent))
    func `bytes that do not fit their kind are the message's fault, not the plugin's`(invalid: Case) async throws {
        let module = try await Self.plugin.value.copy().load()
        let codec = try Echo.codec(module)
        let error = try #require(
            #expect(throws: PatchbayError.self) { try codec.decodeValue(from: Self.message(invalid.tokens, invalid.arena)) }
        )
        #expect(error.code == .decodingFailed)
        #expect(error.message.contains(invalid.words), "\(error)")
        #expect(module.breach == nil)
    }

    @Test func `nesting beyond the limit is the message's fault, not the plugin's`() async throws {
        let module = try await Self.plugin.value.copy().load()
        let codec = try Echo.codec(module)
        func nested(_ depth: Int) -> ByteBuffer {
            Self.message((0..<depth).map { _ in Raw(kind: 11, length: 1, payload: UInt64(depth + 1)) } + [Raw(kind: 0)], [])
        }
        #expect(throws: Never.self) { try codec.decodeValue(from: nested(128)) }
        #expect { try codec.decodeValue(from: nested(129)) } throws: { ($0 as? PatchbayError)?.code == .limitExceeded }
        #expect(module.breach == nil)
    }

    @Test func `every kind of value passes, from the message and from the arena`() async throws {
        let module = try await Self.plugin.value.copy().load()
        let codec = try Echo.codec(module)
        let big = BigInteger(isNegative: true, magnitude: [128, 0, 0, 0, 0, 0, 0, 1])
        let value = Value.array([
            .null, .bool(true), .int(-5), .bigInteger(BigInteger(UInt64.max)), .bigInteger(big), .float(1.5), .double(-0.0),
            .number("1e400"), .string("größe"), .bytes(ByteBuffer(bytes: [0, 255])), .tuple([.null]), .set([]),
            .map(ValueMap([.init(.int(1), .tagged(.number(9), .tagged(.name("n"), .array([]))))])),
            .extension(type: -3, ByteBuffer(bytes: [1])), .simple(23), .global(module: "builtins", name: "float"),
        ])
        var buffer = ByteBuffer()
        try codec.encode(value, into: &buffer)
        #expect(try codec.decodeValue(from: buffer) == value)
        #expect(module.breach == nil)
    }
}
