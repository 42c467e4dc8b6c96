internal import NIOCore
public import PatchbayCore

/// Any `Value` as one line of JSON, and back without loss: for tools, not for the wire.
///
/// What JSON cannot say becomes an object with one key that begins with `$`:
/// `{"$bytes":"base64"}`, `{"$tuple":[…]}`, `{"$set":[…]}`, `{"$map":[[key,value],…]}`, `{"$tag":[number or name,value]}`,
/// `{"$ext":[type,"base64"]}`, `{"$global":"module.name"}` (or `["module","name"]` where the name has a dot), `{"$simple":23}`,
/// `{"$float":"nan"}` (or `inf`, `-inf`, or the bits in hexadecimal), `{"$float32":0.5}`, `{"$number":"0.50"}`. Maps with
/// keys that are not text, or that begin with `$`, are written as `$map`.
public enum JSONNotation {
    /// - Throws: `PatchbayError` with `encodingFailed` for an integer of more than 4,300 digits, or `limitExceeded` for a
    ///   value too deep.
    public static func print(_ value: Value) throws -> String {
        var writer = JSONWriter(ByteBuffer())
        try write(value, to: &writer, depth: 0)
        return String(buffer: try writer.finish())
    }

    /// - Throws: `PatchbayError` with `decodingFailed` for what is neither JSON nor this notation, or `limitExceeded`.
    public static func parse(_ text: String) throws -> Value {
        let codec = JSONCodec(limits: DecodingLimits(depth: DecodingLimits.greatestDepth))
        return try read(codec.decodeValue(from: ByteBuffer(string: text)))
    }

    // MARK: Printing

    private static func write(_ value: Value, to writer: inout JSONWriter, depth: Int) throws {
        guard depth < DecodingLimits.greatestDepth else {
            throw PatchbayError(
                .limitExceeded,
                "the value is nested more than \(DecodingLimits.greatestDepth) deep; flatten it",
                stage: .encode
            )
        }
        /// Writes `{"$name":…}`.
        func wrapped(_ name: String, _ body: (inout JSONWriter) throws -> Void) throws {
            try writer.beginMap(count: 1)
            try writer.string("$\(name)")
            try body(&writer)
            try writer.endMap(count: 1)
        }
        func sequence(_ elements: [Value], _ writer: inout JSONWriter) throws {
            try writer.beginSequence(.array, count: elements.count)
            for element in elements { try write(element, to: &writer, depth: depth + 1) }
            try writer.endSequence(.array, count: elements.count)
        }
        func pair(_ writer: inout JSONWriter, _ first: (inout JSONWriter) throws -> Void, _ second: (inout JSONWriter) throws -> Void)
            throws
        {
            try writer.beginSequence(.array, count: 2)
            try first(&writer)
            try second(&writer)
            try writer.endSequence(.array, count: 2)
        }
        switch value {
        case .null, .bool, .int, .bigInteger, .string: try value.write(to: &writer)
        case .double(let double) where double.isFinite: try writer.double(double)
        case .double(let double): try wrapped("float") { try $0.string(name(of: double)) }
        case .float(let float) where float.isFinite: try wrapped("float32") { try $0.float(float) }
        case .float(let float): try wrapped("float32") { try $0.string(name(of: float)) }
        case .number(let literal):
            // Only a literal that reads back as one may stand bare.
            if case .number? = try? JSONCodec().decodeValue(from: ByteBuffer(string: literal)), (try? writer.number(literal)) != nil {
                return
            }
            try wrapped("number") { try $0.string(literal) }
        case .bytes(let bytes): try wrapped("bytes") { writer in try bytes.withUnsafeReadableBytes { try writer.bytes($0) } }
        case .array(let elements): try sequence(elements, &writer)
        case .tuple(let elements): try wrapped("tuple") { try sequence(elements, &$0) }
        case .set(let elements): try wrapped("set") { try sequence(elements, &$0) }
        case .map(let map):
            let isPlain = map.pairs.allSatisfy { if case .string(let key) = $0.key { !key.hasPrefix("$") } else { false } }
            if isPlain {
                try writer.beginMap(count: map.pairs.count)
                for pair in map.pairs {
                    try pair.key.write(to: &writer)
                    try write(pair.value, to: &writer, depth: depth + 1)
                }
                try writer.endMap(count: map.pairs.count)
            } else {
                try wrapped("map") { try sequence(map.pairs.map { .array([$0.key, $0.value]) }, &$0) }
            }
        case .tagged(let tag, let inner):
            try wrapped("tag") { writer in
                try pair(&writer) {
                    switch tag {
                    case .number(let number): try $0.unsigned(number)
                    case .name(let name): try $0.string(name)
                    }
                } _: {
                    try write(inner, to: &$0, depth: depth + 1)
                }
            }
        case .extension(let type, let bytes):
            try wrapped("ext") { writer in
                try pair(&writer) {
                    try $0.int(Int64(type))
                } _: { writer in
                    try bytes.withUnsafeReadableBytes { try writer.bytes($0) }
                }
            }
        case .simple(let number): try wrapped("simple") { try $0.int(Int64(number)) }
        case .global(let module, let name):
            try wrapped("global") {
                if name.contains(".") {
                    try sequence([.string(module), .string(name)], &$0)
                } else {
                    try $0.string("\(module).\(name)")
                }
            }
        }
    }

    private static func name<Number: BinaryFloatingPoint & CustomStringConvertible>(of number: Number) -> String {
        if !number.isNaN { return number < 0 ? "-inf" : "inf" }
        let bits = (number as? Double)?.bitPattern ?? UInt64((number as? Float)?.bitPattern ?? 0)
        let plain = number is Double ? Double.nan.bitPattern : UInt64(Float.nan.bitPattern)
        return bits == plain ? "nan" : "0x\(String(bits, radix: 16))"
    }
}
