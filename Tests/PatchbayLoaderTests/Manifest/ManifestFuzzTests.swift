import FuzzSupport
import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayLoader

@Suite struct ManifestFuzzTests {
    /// Words that the notation gives a meaning, and some that break it.
    private static let words = [
        "in.ptr", "in.len", "out.ptr", "out.cap", "inout:inLen", "inout:outLen", "inout:inPos", "inout:outPos", "inout:ctx", "ctx", "ret",
        "null",
        "const:-9223372036854775808", "const:18446744073709551615", "inout:const:255", "opt.level", "opt.", "ret == 0", "ret < -1",
        "ret >= null",
        "n*n*n", "n + 9223372036854775807", "(((n)))", "1/n", "u32le", "u64be", "void f(void)", "int f(const void *a, size_t b)",
        "unsigned char",
        "long long", "struct", "...", "[]", "int f(", "16MiB", "9999999999GiB", "bufferTooSmall", "unknownSize", "otherwise", "-1", "",
        "\\u0000", "🧵",
        "integer", "choice", "flag", "size", "1.0", "libc.so.6", "/lib/a.so/../b", "processor",
    ]
    private static let numbers = [
        "0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e400", "0.5", "null", "[]", "{}", "true",
    ]

    /// Replaces texts and numbers of the sample by others of the notation, so that the fuzz comes behind the JSON.
    private static func shuffled(_ sample: [UInt8], _ source: inout FuzzSource) -> [UInt8] {
        var parts = sample.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false).map(Array.init)
        for _ in 0...Int.random(in: 0...3, using: &source) {
            let index = Int.random(in: 0..<parts.count, using: &source)
            if index % 2 == 1 {
                // What stands between quotation marks: a key or a text.
                parts[index] =
                    Bool.random(using: &source)
                    ? Array(words.randomElement(using: &source)!.utf8) : parts[Int.random(in: 0..<parts.count / 2, using: &source) * 2 + 1]
            } else if let digit = parts[index].firstIndex(where: { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
                parts[index].replaceSubrange(digit...digit, with: numbers.randomElement(using: &source)!.utf8)
            }
        }
        return Array(parts.joined(separator: [UInt8(ascii: "\"")]))
    }

    @Test("no manifest traps its reader", arguments: 0..<4)
    func fuzz(_ part: Int) {
        var source = FuzzSource.forTest("part \(part)")
        for _ in 0..<part { _ = source.next() }
        let sample = Array(SampleManifest.text.utf8.filter { $0 != UInt8(ascii: "\n") })
        var accepted = 0
        for round in 0..<25_000 {
            let bytes = round % 2 == 0 ? Self.shuffled(sample, &source) : source.input(from: sample, longest: 300)
            if let manifest = try? Manifest.parse(ByteBuffer(bytes: bytes), path: "fuzz") {
                accepted += 1
                for layer in manifest.metadata.layers { #expect(layer.kind == "processor") }
            }
        }
        // Fuzz that never gets past the first check would prove little.
        #expect(accepted > 100)
    }

    @Test("no message traps a bound decoder", arguments: ReferenceTests.layers)
    func decoders(_ shipped: ShippedManifest, _ layer: String) throws {
        if let missing = shipped.missing { try Test.cancel("\(missing)") }
        var source = FuzzSource.forTest(layer)
        let processor = try shipped.plugin().processor(layer)
        let valid = try processor.encode(Array("a message that is worth a little, a message that is worth a little".utf8))
        for _ in 0..<2000 {
            var decoder = try processor.makeDecoder()
            var sink = ProcessorSink(maximum: 1 << 20)
            try? decoder.push(ByteBuffer(bytes: source.input(from: valid, longest: 200)), .finish, into: &sink)
        }
        #expect(try processor.decode(valid).count == 66)
    }
}
