import Foundation
import NIOCore
import PatchbayCore
import PatchbayJSON
import Testing

/// Shapes of types, each through the bridge and back, and compared with Foundation's reading of the same text.
@Suite struct CodableTests {
    struct Point: Codable, Hashable { var x: Int, y: Double, name: String }
    struct Nested: Codable, Hashable { var points: [Point], byName: [String: Point], best: Point?, worst: Point?, grid: [[Int]] }
    enum Shape: Codable, Hashable {
        case empty
        case circle(radius: Double)
        case labelled(String, Point)
    }
    enum Color: String, Codable { case red, green }
    enum Level: Int, Codable { case low = 1, high = 2 }
    struct Numbers: Codable, Hashable {
        var a: Int8, b: Int16, c: Int32, d: Int64, e: UInt8, f: UInt16, g: UInt32, h: UInt64, i: Float, j: Double, k: Bool, l: UInt, m: Int
    }
    indirect enum Tree: Codable, Hashable { case leaf(Int), node(Tree, Tree) }
    struct Empty: Codable, Hashable {}
    struct Wrapper: Codable, Hashable {
        var inner: [Int]
        init(_ inner: [Int]) { self.inner = inner }
        init(from decoder: any Decoder) throws { inner = try decoder.singleValueContainer().decode([Int].self) }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(inner)
        }
    }
    struct Renamed: Codable, Hashable {
        var value: Int
        enum CodingKeys: String, CodingKey { case value = "schlüssel\"1\"" }
    }

    class Animal: Codable {
        var name: String
        init(name: String) { self.name = name }
    }
    /// With its superclass under the key `super`.
    final class Dog: Animal {
        var age: Int
        enum CodingKeys: CodingKey { case age }
        init(name: String, age: Int) {
            self.age = age
            super.init(name: name)
        }
        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            age = try container.decode(Int.self, forKey: .age)
            try super.init(from: container.superDecoder())
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try super.encode(to: container.superEncoder())
            try container.encode(age, forKey: .age)
        }
    }
    /// With its superclass in the same container.
    final class Cat: Animal {
        var lives: Int
        enum CodingKeys: CodingKey { case lives }
        init(name: String, lives: Int) {
            self.lives = lives
            super.init(name: name)
        }
        required init(from decoder: any Decoder) throws {
            lives = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .lives)
            try super.init(from: decoder)
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(lives, forKey: .lives)
            try super.encode(to: encoder)
        }
    }

    /// Through ours and back; and ours read by Foundation, Foundation's read by ours.
    func roundTrip<T: Codable & Equatable>(_ original: T, withFoundation: Bool = true) throws {
        let printed = try text(original)
        #expect(try decode(T.self, printed) == original)
        guard withFoundation else { return }
        #expect(try JSONDecoder().decode(T.self, from: Data(printed.utf8)) == original)
        #expect(try decode(T.self, String(decoding: JSONEncoder().encode(original), as: UTF8.self)) == original)
    }

    @Test("structs, optionals, arrays and dictionaries come back, and Foundation reads the same")
    func shapes() throws {
        let point = Point(x: -3, y: 2.5, name: "p\n\"q\"é😀")
        try roundTrip(point)
        try roundTrip(
            Nested(points: [point, point], byName: ["a": point, "1": point], best: point, worst: nil, grid: [[1, 2], [], [3]])
        )
        try roundTrip([point])
        try roundTrip([Point]())
        try roundTrip([[point], []])
        try roundTrip([1: "a", -2: "b"])
        try roundTrip(["1": [1: [true: "x"]]])
        try roundTrip([Int?.some(1), nil, 3])
        try roundTrip(["a": Int?.none, "b": 1])
        try roundTrip([Color.red: 1, .green: 2])
        try roundTrip([point: 1])
        try roundTrip([Color.red, .green])
        try roundTrip(["l": Level.high])
        try roundTrip(Empty())
        try roundTrip([Empty(), Empty()])
        try roundTrip(Wrapper([1, 2]))
        try roundTrip([Wrapper([]), Wrapper([3])])
        try roundTrip(Renamed(value: 1))
        try roundTrip(Set([1, 2, 3]))
        try roundTrip("")
        try roundTrip(Int?.none)
        try roundTrip([true, false])
        try roundTrip([Float(0.1), 2])
        try roundTrip([Int16](0..<300))
        try roundTrip(1..<5)
        try roundTrip([1.5, .zero, -.pi])
        try roundTrip([Character("x").unicodeScalars.first!.value])
    }

    @Test("enums with payloads come back")
    func enums() throws {
        try roundTrip([Shape.empty, .circle(radius: 1.5), .labelled("l", Point(x: 1, y: 2, name: ""))])
        try roundTrip(Tree.node(.node(.leaf(1), .leaf(2)), .leaf(3)))
    }

    @Test("every width of number comes back at its ends")
    func widths() throws {
        for edge in [true, false] {
            try roundTrip(
                Numbers(
                    a: edge ? .min : .max,
                    b: edge ? .min : .max,
                    c: edge ? .min : .max,
                    d: edge ? .min : .max,
                    e: edge ? .min : .max,
                    f: edge ? .min : .max,
                    g: edge ? .min : .max,
                    h: edge ? .min : .max,
                    i: edge ? .leastNonzeroMagnitude : .greatestFiniteMagnitude,
                    j: edge ? .leastNonzeroMagnitude : .greatestFiniteMagnitude,
                    k: edge,
                    l: edge ? .min : .max,
                    m: edge ? .min : .max
                )
            )
        }
        try roundTrip(Int128.max, withFoundation: false)
        try roundTrip(["a": Int128.min], withFoundation: false)
    }

    @Test("Foundation's types come back through their own Codable")
    func foundationTypes() throws {
        struct All: Codable, Equatable { var date: Date, data: Data, url: URL, uuid: UUID, decimal: Decimal, list: [Data] }
        let all = All(
            date: Date(timeIntervalSinceReferenceDate: 12345.678),
            data: Data(0...255),
            url: URL(string: "https://example.org/a?b=c")!,
            uuid: UUID(),
            decimal: Decimal(string: "12345678901234567890.123")!,
            list: [Data(), Data([1])]
        )
        try roundTrip(all, withFoundation: false)
        #expect(try text(Data([0, 1, 2])) == "\"AAEC\"")
        #expect(try decode(Data.self, "[0,1,2]") == Data([0, 1, 2]))
    }

    @Test("bytes are base64 text, and come back for each type of bytes")
    func bytes() throws {
        struct Bytes: Codable, Equatable { var a: [UInt8], b: ByteBuffer, d: ContiguousArray<UInt8>, e: [UInt8]? }
        // RFC 4648 section 10.
        #expect(try text(ByteBuffer(string: "foobar")) == "\"Zm9vYmFy\"")
        #expect(try text(["foob".utf8.map { $0 }]) == "[\"Zm9vYg==\"]")
        #expect(try text(Value.bytes(ByteBuffer(string: "fooba"))) == "\"Zm9vYmE=\"")
        let bytes = Bytes(a: [1, 2], b: ByteBuffer(bytes: [3]), d: [7], e: [])
        try roundTrip(bytes, withFoundation: false)
        #expect(try decode([UInt8].self, "[1,2,255]") == [1, 2, 255])
        #expect(failure { try decode([UInt8].self, "[256]") }?.code == .decodingFailed)
        for wrong in ["\"A\"", "\"AA\"", "\"AAA\"", "\"A===\"", "\"AAAA=\"", "\"AB==\"", "\"A-_=\"", "\"AA=A\"", "\"====\""] {
            #expect(failure { try decode([UInt8].self, wrong) }?.code == .decodingFailed, "\(wrong)")
        }
    }

    @Test("a class with its superclass nested, or in the same container, comes back")
    func inheritance() throws {
        let dog = try decode(Dog.self, text(Dog(name: "Rex", age: 3)))
        #expect(dog.name == "Rex" && dog.age == 3)
        #expect(try text(Dog(name: "Rex", age: 3)) == #"{"super":{"name":"Rex"},"age":3}"#)
        let cat = try decode(Cat.self, text(Cat(name: "Tom", lives: 9)))
        #expect(cat.name == "Tom" && cat.lives == 9)
        #expect(try text(Cat(name: "Tom", lives: 9)) == #"{"lives":9,"name":"Tom"}"#)
    }

    @Test("nested containers, keyed and unkeyed, nest as they are opened")
    func nestedContainers() throws {
        struct Manual: Codable, Equatable {
            var a = 1, b = [2, 3], c = ["x": "y"]
            enum Key: CodingKey { case a, outer, inner, list, none }
            init() {}
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Key.self)
                var outer = container.nestedContainer(keyedBy: Key.self, forKey: .outer)
                var list = outer.nestedUnkeyedContainer(forKey: .list)
                try list.encode(b[0])
                var more = list.nestedUnkeyedContainer()
                try more.encode(b[1])
                var inner = list.nestedContainer(keyedBy: Key.self)
                try inner.encode(c, forKey: .inner)
                try list.encodeNil()
                _ = list.superEncoder()
                #expect(list.count == 5)
                try container.encode(a, forKey: .a)
                _ = container.nestedUnkeyedContainer(forKey: .none)
            }
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                var list = try container.nestedContainer(keyedBy: Key.self, forKey: .outer).nestedUnkeyedContainer(forKey: .list)
                #expect(list.count == 5)
                b[0] = try list.decode(Int.self)
                var more = try list.nestedUnkeyedContainer()
                b[1] = try more.decode(Int.self)
                c = try list.nestedContainer(keyedBy: Key.self).decode([String: String].self, forKey: .inner)
                #expect(try list.decodeNil())
                #expect(try list.superDecoder().container(keyedBy: Key.self).allKeys.isEmpty)
                #expect(list.isAtEnd)
                a = try container.decode(Int.self, forKey: .a)
            }
        }
        #expect(try text(Manual()) == #"{"outer":{"list":[2,[3],{"inner":{"x":"y"}},null,{}]},"a":1,"none":[]}"#)
        try roundTrip(Manual())
    }

    @Test("a nested container that outlives its turn is an error, not broken JSON")
    func interleaved() throws {
        struct Late: Encodable {
            enum Key: CodingKey { case a, b, c }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Key.self)
                var nested = container.nestedContainer(keyedBy: Key.self, forKey: .a)
                try container.encode(1, forKey: .b)
                try nested.encode(2, forKey: .c)
            }
        }
        #expect(failure { try text(Late()) }?.code == .encodingFailed)
    }

    @Test("what stood in the buffer before a failed encode still stands there")
    func keepsBuffer() throws {
        var buffer = ByteBuffer(string: "before")
        #expect(throws: PatchbayError.self) { try JSONCodec().encode([Double.nan], into: &buffer) }
        #expect(throws: PatchbayError.self) { try JSONCodec().encode(["a": .simple(9)] as Value, into: &buffer) }
        #expect(String(buffer: buffer) == "before")
        try JSONCodec().encode(1, into: &buffer)
        #expect(String(buffer: buffer) == "before1")
    }

    @Test("errors name the path to the value")
    func paths() {
        struct Job: Codable { var tasks: [Point] }
        let broken = #"{"tasks":[{"x":1,"y":2,"name":"a"},{"x":"no","y":2,"name":"b"}]}"#
        #expect(failure { try decode(Job.self, broken) }?.message.contains("at tasks[1].x: ") == true)
        #expect(
            failure { try decode(Job.self, #"{"tasks":[{"x":1}]}"#) }?.message.contains(#"at tasks[0]: the key "y" is missing"#) == true
        )
        #expect(failure { try decode(Job.self, #"{"tasks":null}"#) }?.message.contains("at tasks: ") == true)
        #expect(failure { try decode(Job.self, "[]") }?.code == .decodingFailed)
        let infinite = failure { try text(["tasks": [Point(x: 1, y: .infinity, name: "")]]) }
        #expect(infinite?.code == .encodingFailed)
        #expect(infinite?.message.hasPrefix("at tasks[0].y: ") == true, "\(infinite?.message ?? "")")
    }

    @Test("keys in any order, unknown keys and missing optionals are read")
    func keyOrder() throws {
        let point = Point(x: 1, y: 2, name: "n")
        #expect(try decode(Point.self, #"{"name":"n","zzz":[1,{"x":9}],"y":2,"x":1}"#) == point)
        struct Options: Codable, Equatable { var a: Int?, b: String?, c: [Int]? }
        #expect(try decode(Options.self, #"{"b":null,"d":1}"#) == Options())
        #expect(try decode(Options.self, #"{"c":[1],"a":2}"#) == Options(a: 2, c: [1]))
    }
}
