import AcmeMetadata
import AcmePlugin
import NIOCore
import PatchbayCore
import PatchbayPlugin
import Testing

@Suite struct AcmePluginTests {
    private let processor = AcmeProcessor(mask: 0x20)

    private func push(_ text: String, _ flush: ProcessorFlush, through step: inout any ProcessorStep, maximum: Int = 100) throws -> String {
        var sink = ProcessorSink(maximum: maximum)
        try step.push(ByteBuffer(string: text), flush, into: &sink)
        return sink.buffers.map { String(buffer: $0) }.joined()
    }

    @Test func `The metadata in the file says what the plugin registers`() throws {
        try PluginExport.check(metadata: String(cString: AcmeMetadataText()), of: AcmePlugin())
    }

    @Test func `A message comes back as it was`() throws {
        var encoder = processor.makeEncoder()
        var decoder = processor.makeDecoder()
        let masked = try push("Hello", .finish, through: &encoder)
        #expect(masked == "hELLO")
        #expect(try push(masked, .finish, through: &decoder) == "Hello")
    }

    @Test func `One byte at a time is the same as all at once`() throws {
        var encoder = processor.makeEncoder()
        let pieces = try "Hello".map { try push(String($0), .none, through: &encoder) }
        #expect(pieces.joined() + (try push("", .finish, through: &encoder)) == "hELLO")
    }

    @Test func `The bound of the sink is kept`() {
        var encoder = processor.makeEncoder()
        #expect(throws: PatchbayError.self) { try push("Hello", .finish, through: &encoder, maximum: 4) }
    }
}
