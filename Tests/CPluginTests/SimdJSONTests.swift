import NIOCore
import Patchbay
import PatchbayCore
import Testing

@Suite("The codec simdjson", .timeLimit(.minutes(2)))
struct SimdJSONTests {
    struct Entry: Codable, Equatable {
        var name: String
        var numbers: [Double]
        var blob: [UInt8]
        var next: [Entry]
    }

    private static func codecs() async throws -> (loaded: any Codec, linked: any Codec) {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.simdjson)
        func codec(_ name: String) throws -> any Codec {
            let layer = try #require(registry.layer(named: name)?.layer)
            guard case .codec(let make) = layer.maker else { throw NoCodec() }
            return try make(try Options([:], for: layer.options))
        }
        return (try codec("simdjson"), try codec("json"))
    }

    struct NoCodec: Error {}

    @Test("it reads what our JSON writes, and the other way round")
    func either() async throws {
        let (loaded, linked) = try await Self.codecs()
        let entry = Entry(
            name: "wärme \"\n",
            numbers: [0, -1, 0.1, 1e21, 1e-7],
            blob: [0, 255, 7],
            next: [Entry(name: "", numbers: [], blob: [], next: [])]
        )
        var ours = ByteBuffer()
        try linked.encode(entry, into: &ours)
        #expect(try loaded.decode(Entry.self, from: ours) == entry)
        #expect(try loaded.decodeValue(from: ours) == linked.decodeValue(from: ours))
        var theirs = ByteBuffer()
        try loaded.encode(entry, into: &theirs)
        #expect(try linked.decode(Entry.self, from: theirs) == entry)
    }

    @Test("what is no JSON, or more than it can say, is refused", arguments: ["[1,]", "{", "18446744073709551616", "\"\u{1}\""])
    func refusals(text: String) async throws {
        let (loaded, _) = try await Self.codecs()
        let error = #expect(throws: PatchbayError.self) { try loaded.decodeValue(from: ByteBuffer(string: text)) }
        #expect(error?.code == .decodingFailed)
    }
}
