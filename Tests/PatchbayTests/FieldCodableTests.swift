import NIOCore
import Patchbay
import PatchbayCore
import Testing

/// Types that say their fields themselves, beside the same types by `Codable`.
@Suite struct FieldCodableTests {
    struct Job: Codable, Equatable {
        var id: Int
        var name: String
        var load: Double
        var ratio: Float
        var done: Bool
        var size: UInt64
        var steps: [Step]
        var note: String?
        var tags: [String]
    }

    struct Step: Codable, Equatable {
        var name: String
        var cost: Int8
    }

    struct FieldJob: FieldCodable, Equatable {
        var id: Int
        var name: String
        var load: Double
        var ratio: Float
        var done: Bool
        var size: UInt64
        var steps: [FieldStep]
        var note: String?
        var tags: [String]

        init(_ job: Job) {
            (id, name, load, ratio) = (job.id, job.name, job.load, job.ratio)
            (done, size, steps) = (job.done, job.size, job.steps.map { FieldStep(name: $0.name, cost: $0.cost) })
            (note, tags) = (job.note, job.tags)
        }

        func write(to tokens: inout some TokenWriter) throws {
            let count = note == nil ? 8 : 9
            try tokens.beginMap(count: count)
            try tokens.field("id", id)
            try tokens.field("name", name)
            try tokens.field("load", load)
            try tokens.field("ratio", ratio)
            try tokens.field("done", done)
            try tokens.field("size", size)
            try tokens.field("steps", steps)
            if let note { try tokens.field("note", note) }
            try tokens.field("tags", .array(tags.map { .string($0) }))
            try tokens.endMap(count: count)
        }

        init(from fields: inout FieldReader) throws {
            id = try fields.integer("id")
            name = try fields.string("name")
            load = try fields.double("load")
            ratio = try fields.float("ratio")
            done = try fields.bool("done")
            size = try fields.integer("size", as: UInt64.self)
            steps = try fields.array("steps")
            note = fields.has("note") ? try fields.string("note") : nil
            tags = try fields.value("tags")
        }
    }

    struct FieldStep: FieldCodable, Equatable {
        var name: String
        var cost: Int8

        init(name: String, cost: Int8) { (self.name, self.cost) = (name, cost) }

        func write(to tokens: inout some TokenWriter) throws {
            try tokens.beginMap(count: 2)
            try tokens.field("name", name)
            try tokens.field("cost", cost)
            try tokens.endMap(count: 2)
        }

        init(from fields: inout FieldReader) throws {
            name = try fields.string("name")
            cost = try fields.integer("cost", as: Int8.self)
        }
    }

    static let jobs = [
        Job(id: -7, name: "ä \"b\"\n", load: 0.1, ratio: 1.5, done: true, size: .max, steps: [], note: nil, tags: ["x", "y"]),
        Job(
            id: 1 << 40,
            name: String(repeating: "long ", count: 80),
            load: 1e300,
            ratio: -0.25,
            done: false,
            size: 0,
            steps: [Step(name: "s", cost: -128), Step(name: "", cost: 127)],
            note: "seen",
            tags: []
        ),
    ]

    static let codecs = ["json", "msgpack", "cbor", "pickle"]

    struct NoCodec: Error {}

    static func codec(_ name: String) throws -> any Codec {
        let layer = try #require(Registry.standard.layer(named: name)?.layer)
        guard case .codec(let make) = layer.maker else { throw NoCodec() }
        return try make(try Options([:], for: layer.options))
    }

    @Test("the message is that of Codable, and either reads the other's", arguments: codecs, jobs)
    func sameMessage(name: String, job: Job) throws {
        let codec = try Self.codec(name)
        var plain = ByteBuffer()
        var fields = ByteBuffer()
        try codec.encode(job, into: &plain)
        try codec.encode(FieldJob(job), into: &fields)
        #expect(try codec.decodeValue(from: fields) == codec.decodeValue(from: plain))
        #expect(try codec.decode(Job.self, from: fields) == job)
        #expect(try codec.decode(FieldJob.self, from: plain) == FieldJob(job))
    }

    @Test("fields are found in any order, and those that nobody asks for are left alone", arguments: codecs)
    func anyOrder(name: String) throws {
        let codec = try Self.codec(name)
        var message = ByteBuffer()
        let value: Value = ["cost": 3, "more": [["deep": [1, 2]]], "name": "turned"]
        try codec.encode(value, into: &message)
        #expect(try codec.decode(FieldStep.self, from: message) == FieldStep(name: "turned", cost: 3))
    }

    @Test("what is missing or wrong is said with its path", arguments: codecs)
    func errors(name: String) throws {
        let codec = try Self.codec(name)
        func failure(_ value: Value) throws -> String {
            var message = ByteBuffer()
            try codec.encode(value, into: &message)
            let error = #expect(throws: PatchbayError.self) { try codec.decode(FieldStep.self, from: message) }
            #expect(error?.code == .decodingFailed)
            return error?.message ?? ""
        }
        #expect(try failure(["name": "x"]).contains("the key \"cost\" is missing"))
        #expect(try failure(["name": "x", "cost": "much"]).contains("at cost: an integer is due"))
        #expect(try failure(["name": "x", "cost": 1000]).contains("does not fit into Int8"))
        #expect(try failure([1, 2]).contains("a map is due"))
    }

    /// Encodes another value with the same codec while it is encoded itself.
    struct Nesting: Codable {
        var codec = "msgpack"

        func encode(to encoder: any Encoder) throws {
            var inner = ByteBuffer()
            try FieldCodableTests.codec(codec).encode(["inner": 1], into: &inner)
            var container = encoder.singleValueContainer()
            try container.encode(inner.readableBytes)
        }
    }

    @Test("a codec runs inside another's value on the same thread", arguments: codecs)
    func nesting(name: String) throws {
        let codec = try Self.codec(name)
        for _ in 0..<3 {
            var message = ByteBuffer()
            try codec.encode(["a": Nesting(), "b": Nesting()], into: &message)
            #expect(try codec.decode([String: Int].self, from: message) == ["a": 8, "b": 8])
        }
    }

    /// Keeps the decoder that made it.
    struct Keeping: Decodable {
        var decoder: any Decoder
        init(from decoder: any Decoder) throws { self.decoder = decoder }
    }

    @Test("a decoder that a value keeps goes on reading its own message", arguments: codecs)
    func keptDecoder(name: String) throws {
        let codec = try Self.codec(name)
        var first = ByteBuffer()
        var second = ByteBuffer()
        try codec.encode(["cost": 1], into: &first)
        try codec.encode(["cost": 2], into: &second)
        let kept = try codec.decode(Keeping.self, from: first)
        #expect(try codec.decode([String: Int].self, from: second) == ["cost": 2])
        #expect(try [String: Int](from: kept.decoder) == ["cost": 1])
    }

    @Test("a pair is a key and a value behind it, as the reader of values takes it to be")
    func pairLayout() {
        #expect(MemoryLayout<ValueMap.Pair>.offset(of: \.key) == 0)
        #expect(MemoryLayout<ValueMap.Pair>.offset(of: \.value) == MemoryLayout<Value>.stride)
    }
}
