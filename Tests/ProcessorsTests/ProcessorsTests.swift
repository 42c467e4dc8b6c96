import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayProcessors

@Suite struct ProcessorsTests {
    func run(_ step: any ProcessorStep, _ input: [UInt8], maximum: Int = 1000) throws -> [[UInt8]] {
        var step = step
        var sink = ProcessorSink(maximum: maximum)
        try step.push(ByteBuffer(bytes: input), .finish, into: &sink)
        return sink.buffers.map { Array($0.readableBytesView) }
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func `base 64 is that of the RFC`(_ plain: String, _ text: String) throws {
        #expect(try run(Base64Processor().makeEncoder(), Array(plain.utf8)) == [Array(text.utf8)])
        #expect(try run(Base64Processor().makeDecoder(), Array(text.utf8)) == [Array(plain.utf8)])
    }

    @Test func `base 64 carries every byte`() throws {
        let bytes = (0..<768).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 3) }
        let text = try run(Base64Processor().makeEncoder(), bytes, maximum: 1024)
        #expect(try run(Base64Processor().makeDecoder(), text[0]) == [bytes])
        // The two characters that variants of the alphabet change.
        #expect(try run(Base64Processor().makeEncoder(), [0xfb, 0xff]) == [Array("+/8=".utf8)])
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Z===", "====", "Zm\n9", "Zm-_", "Zm9v\n", "=Zg=", "Z=g="])
    func `what is no base 64 is refused`(_ text: String) {
        let error = #expect(throws: PatchbayError.self) { try run(Base64Processor().makeDecoder(), Array(text.utf8)) }
        #expect(error?.code == .decodingFailed)
    }

    @Test func `base 64 keeps the sink's bound`() {
        let error = #expect(throws: PatchbayError.self) {
            try run(Base64Processor().makeEncoder(), [UInt8](repeating: 0, count: 100), maximum: 100)
        }
        #expect(error?.code == .messageTooLarge)
    }

    @Test func `empty messages are dropped when reading only`() throws {
        #expect(try run(RemoveEmptyProcessor().makeDecoder(), []) == [])
        #expect(try run(RemoveEmptyProcessor().makeDecoder(), [1]) == [[1]])
        #expect(try run(RemoveEmptyProcessor().makeEncoder(), []) == [[]])
    }

    @Test func `the plugin registers its processors above the framing`() throws {
        var registrar = Registrar()
        ProcessorsPlugin().register(into: &registrar)
        #expect(registrar.layers.map(\.name) == ["base64", "remove-empty"])
        for layer in registrar.layers {
            guard case .processor(let positions, let make) = layer.maker else {
                throw PatchbayError(.unknownLayer, layer.name, stage: .plugin)
            }
            #expect(positions == [.message])
            _ = try make(Options())
        }
    }
}
