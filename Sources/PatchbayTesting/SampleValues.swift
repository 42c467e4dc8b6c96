internal import NIOCore
internal import PatchbayCore

/// Values that codecs are asked for.
enum SampleValues {
    /// What every format of values has: these come back equal, or are refused.
    static let common: [Value] = [
        .null, .bool(true), .bool(false), .int(0), .int(-1), .int(127), .int(-129), .int(65_536), .int(.max), .int(.min), .double(0.5),
        .double(-1234.5678), .double(1e300), .string(""), .string("text"), .string("水, a \"quote\", a \\ and a\nline"), .array([]),
        .array([.int(1), .string("two"), .array([.bool(true)])]), .map(ValueMap()),
        .map(ValueMap([.init(.string("name"), .string("worker")), .init(.string("jobs"), .array([.int(1), .int(2)]))])),
    ]

    /// What some formats have; those that do not, refuse, or write the nearest form.
    static let particular: [Value] = [
        .double(.infinity), .double(.nan), .float(0.1), .string("\u{0}"), .bytes(ByteBuffer(bytes: [0, 255, 10])),
        .bigInteger(BigInteger(UInt64.max)), .bigInteger(BigInteger(isNegative: true, magnitude: [1, 0, 0, 0, 0, 0, 0, 0, 0])),
        .number("1e400"), .tuple([.int(1)]), .set([.int(1), .int(2)]), .tagged(.number(0), .string("2026-01-01T00:00:00Z")),
        .tagged(.name("frozenset"), .array([])), .extension(type: 5, ByteBuffer(bytes: [1, 2])), .simple(99),
        .global(module: "builtins", name: "float"), .map(ValueMap([.init(.int(1), .null), .init(.array([]), .null)])),
        .map(ValueMap([.init(.string("twice"), .int(1)), .init(.string("twice"), .int(2))])), nested(depth: 100), nested(depth: 400),
        .array((0..<5000).map { .int($0) }), .string(String(repeating: "long ", count: 20_000)),
    ]

    /// A reader may be stricter than its writer with what few formats have: deep nesting, names of code.
    static func mayBeUnread(_ value: Value, _ error: PatchbayError) -> Bool {
        !common.contains(value) && (error.code == .limitExceeded || error.code == .decodingFailed)
    }

    private static func nested(depth: Int) -> Value { (0..<depth).reduce(Value.null) { inner, _ in .array([inner]) } }
}
