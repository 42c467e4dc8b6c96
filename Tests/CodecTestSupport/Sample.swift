public import NIOCore

/// A type with every shape that `Codable` has: optionals, nesting, inheritance's super containers, enums, keys of numbers.
public struct Sample: Codable, Hashable, Sendable {
    public enum Shape: Codable, Hashable, Sendable {
        case point
        case circle(radius: Double)
        case rectangle(Int, Int)
    }

    public struct Nested: Codable, Hashable, Sendable {
        public var names: [String]
        public var more: [Nested]
    }

    public var flag = true
    public var small: Int8 = -5
    public var large: UInt64 = .max
    public var float: Float = 0.1
    public var double = 0.1
    public var text = "水 and \u{0}"
    public var missing: Int?
    public var present: Int? = 7
    public var bytes: [UInt8] = [0, 255]
    public var buffer = ByteBuffer(bytes: [1, 2, 3])
    public var shapes: [Shape] = [.point, .circle(radius: 2.5), .rectangle(3, -4)]
    public var nested = Nested(names: (0..<40).map { "name \($0)" }, more: [Nested(names: [], more: [])])
    public var byNumber: [Int: String] = [1: "one", -200: "minus two hundred"]
    public var byName: [String: [Double]] = ["empty": [], "full": [1, 2, 3]]
    public var unique: Set<String> = ["a", "b"]
    public var optionals: [Int?] = [1, nil, 3]

    public init() {}
}
