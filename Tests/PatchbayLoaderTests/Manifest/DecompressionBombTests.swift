import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayLoader

@Suite(.timeLimit(.minutes(5))) struct DecompressionBombTests {
    @Test("a small message that becomes a huge one stops at the connection's limit", arguments: ReferenceTests.layers)
    func bomb(_ shipped: ShippedManifest, _ layer: String) throws {
        if let missing = shipped.missing { try Test.cancel("\(missing)") }
        let processor = try shipped.plugin().processor(layer)
        let bomb = try processor.encode([UInt8](repeating: 0, count: 32 << 20))
        // Snappy repeats at most 64 bytes with 3: the smallest ratio of all.
        #expect(bomb.count < 2 << 20)
        let error = #expect(throws: PatchbayError.self) { try processor.decode(bomb, maximum: 16 << 20) }
        #expect(error?.code == .messageTooLarge)
        #expect(try processor.decode(bomb, maximum: 32 << 20).count == 32 << 20)
    }

    @Test(
        "a length that the message merely claims is refused before any memory is taken for it",
        arguments: ["lz4-block", "snappy", "zstd"]
    )
    func claims(_ layer: String) throws {
        let shipped: ShippedManifest = layer == "snappy" ? .snappy : layer == "zstd" ? .zstd : .lz4
        if let missing = shipped.missing { try Test.cancel("\(missing)") }
        let processor = try shipped.plugin().processor(layer)
        let claim: [UInt8] =
            switch layer {
            // A length of 2^32 - 1 in 32 bits, and as a varint.
            case "lz4-block": [0xFF, 0xFF, 0xFF, 0xFF, 0x10, 0x61]
            case "snappy": [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00, 0x61]
            // RFC 8878: magic number; a single segment with 8 bytes of content size; an RLE block.
            default: [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x03, 0x00, 0x00, 0x61]
            }
        let error = #expect(throws: PatchbayError.self) { try processor.decode(claim, maximum: 1 << 34) }
        #expect(error?.code == .limitExceeded)
        #expect(error?.message.contains("it says") == true)
    }

    @Test("the expansion that a manifest declares holds where max-message is higher", .enabled(if: ShippedManifest.gzip.missing == nil))
    func expansion() throws {
        let text = String(decoding: try ShippedManifest.read(ShippedManifest.gzip.path), as: UTF8.self)
        let lower = text.replacing("\"expansion\": 1032", with: "\"expansion\": 100")
        let processor = try BoundPlugin(try Manifest.parse(.init(string: lower), path: "lower")).processor()
        let encoded = try processor.encode([UInt8](repeating: 0, count: 1 << 20))
        let error = #expect(throws: PatchbayError.self) { try processor.decode(encoded) }
        #expect(error?.code == .limitExceeded)
        #expect(error?.message.contains("100 times") == true)
    }
}
