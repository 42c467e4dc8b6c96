import AcmeMetadata
import AcmePlugin
import NIOCore
import PatchbayCore
import PatchbayPlugin
import Testing

@Suite struct AcmePluginTests {
    struct Order: Codable, Equatable {
        var item: String
        var count: Int
        var price: Double
    }

    @Test func `The metadata in the file says what the plugin registers`() throws {
        try PluginExport.check(metadata: String(cString: AcmeMetadataText()), of: AcmePlugin())
    }

    @Test func `A value comes back as it was`() throws {
        let order = Order(item: "nail", count: 100, price: 0.05)
        var message = ByteBuffer()
        try AcmeCodec().encode(order, into: &message)
        #expect(try AcmeCodec().decode(Order.self, from: message) == order)
    }

    @Test(arguments: [
        (Value.null, "n"), (["a", true] as Value, "ls1:ate"), (["n": -7] as Value, "ds1:ni-7ee"), (1.0, "r3ff0000000000000"),
    ])
    func `Each value has one form`(value: Value, text: String) throws {
        var message = ByteBuffer()
        try AcmeCodec().encode(value, into: &message)
        #expect(String(buffer: message) == text)
        #expect(try AcmeCodec().decodeValue(from: message) == value)
    }

    @Test(arguments: ["", "x", "i", "i1", "i01e", "s5:hi", "s-1:", "l", "e", "nn", "di1ee", "r12", "s2:\u{FFFD}"])
    func `What is malformed is refused`(text: String) {
        #expect(throws: PatchbayError.self) { try AcmeCodec().decodeValue(from: ByteBuffer(string: text)) }
    }
}
