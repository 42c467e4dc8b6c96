internal import CPatchbay
internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayLoader

@Suite struct TapeFuzzTests {
    @Test func `a token of the host and one of the interface have one layout`() {
        #expect(MemoryLayout<Token>.size == MemoryLayout<patchbay_token>.size)
        #expect(MemoryLayout<Token>.stride == MemoryLayout<patchbay_token>.stride)
        #expect(MemoryLayout<Token>.offset(of: \.kind) == MemoryLayout<patchbay_token>.offset(of: \.kind))
        #expect(MemoryLayout<Token>.offset(of: \.inMessage) == MemoryLayout<patchbay_token>.offset(of: \.in_message))
        #expect(MemoryLayout<Token>.offset(of: \.detail) == MemoryLayout<patchbay_token>.offset(of: \.detail))
        #expect(MemoryLayout<Token>.offset(of: \.length) == MemoryLayout<patchbay_token>.offset(of: \.length))
        #expect(MemoryLayout<Token>.offset(of: \.payload) == MemoryLayout<patchbay_token>.offset(of: \.payload))
    }

    @Test func `100,000 fuzzed tapes: no trap, and what passes is a value`() async throws {
        var source = FuzzSource.forTest()
        let value = Value.array([
            .int(1), .string("größe"), .map(ValueMap([.init(.string("k"), .tagged(.name("n"), .array([.null, .bool(true)])))])),
            .number("1e400"), .bigInteger(BigInteger(isNegative: true, magnitude: [255, 0, 0, 0, 0, 0, 0, 0, 1])),
            .global(module: "m", name: "n"), .extension(type: 1, ByteBuffer(bytes: [1, 2])),
        ])
        let (valid, arena) = try await Self.tape(value)
        var passed = 0
        for round in 0..<100_000 {
            // Other tests want the pool's few threads too.
            if round.isMultiple(of: 64) { await Task.yield() }
            let bytes = source.input(from: valid, longest: 160)
            let tokens = Self.tokens(bytes, &source)
            guard let checked = Self.check(tokens, arena) else { continue }
            passed += 1
            var tape = Tape(message: arena)
            tape.arena = arena
            tape.tokens = checked
            // May nest deeper than a value may; must not trap.
            let read = try? Value(tape)
            #expect(read != nil)
            var writer = Recorder(ByteBuffer())
            try tape.write(to: &writer)
        }
        print("tapes: \(passed) of 100,000 passed")
        #expect(passed > 0)
    }

    private static func check(_ tokens: [patchbay_token], _ bytes: ByteBuffer) -> [Token]? {
        tokens.withUnsafeBufferPointer { try? TapeCheck.tokens($0, message: bytes, arena: bytes, depth: 64) }
    }

    /// The bytes as tokens; at times one is made more plausible, or fields that must be zero are.
    private static func tokens(_ bytes: [UInt8], _ source: inout FuzzSource) -> [patchbay_token] {
        let repairs = Bool.random(using: &source)
        return stride(from: 0, to: bytes.count - 15, by: 16).map { start in
            var token = patchbay_token()
            withUnsafeMutableBytes(of: &token) { $0.copyBytes(from: bytes[start..<(start + 16)]) }
            guard repairs else { return token }
            token.kind %= 20
            token.reserved = 0
            token.in_message &= 1
            if Bool.random(using: &source) {
                token.detail = 0
                token.length %= 8
                token.payload %= 32
            }
            return token
        }
    }

    /// The tokens of a value, as bytes, with their arena.
    private static func tape(_ value: Value) async throws -> (tokens: [UInt8], arena: ByteBuffer) {
        let plugin = try await CompiledPlugin(metadata: CSources.codecMetadata(), body: CSources.tapeCodec + CSources.codecInterface)
        var message = ByteBuffer()
        try Echo.codec(plugin.load()).encode(value, into: &message)
        guard let count = message.readInteger(endianness: .little, as: UInt32.self), let tokens = message.readBytes(length: Int(count) * 16)
        else { throw CompiledPlugin.Failure(description: "no tape") }
        return (tokens, message.slice())
    }

    /// A writer that reads all that it is told.
    private struct Recorder: TokenWriter {
        private var buffer: ByteBuffer
        init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }
        mutating func finish() -> ByteBuffer { buffer }
        mutating func null() {}
        mutating func bool(_ value: Bool) {}
        mutating func int(_ value: Int64) {}
        mutating func unsigned(_ value: UInt64) {}
        mutating func bigInteger(_ value: BigInteger) { buffer.writeString(value.description) }
        mutating func float(_ value: Float) {}
        mutating func double(_ value: Double) {}
        mutating func number(_ literal: String) { buffer.writeString(literal) }
        mutating func string(_ utf8: UnsafeRawBufferPointer) { buffer.writeBytes(utf8) }
        mutating func bytes(_ bytes: UnsafeRawBufferPointer) { buffer.writeBytes(bytes) }
        mutating func beginSequence(_ kind: SequenceKind, count: Int?) {}
        mutating func endSequence(_ kind: SequenceKind, count: Int) {}
        mutating func beginMap(count: Int?) {}
        mutating func endMap(count: Int) {}
        mutating func tag(_ tag: ValueTag) {}
        mutating func `extension`(type: Int8, _ bytes: UnsafeRawBufferPointer) { buffer.writeBytes(bytes) }
        mutating func simple(_ value: UInt8) {}
        mutating func global(module: String, name: String) { buffer.writeString(module + name) }
    }
}
