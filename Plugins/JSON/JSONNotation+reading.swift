internal import NIOCore
internal import PatchbayCore

extension JSONNotation {
    /// Turns objects with a `$` key back into what they stand for.
    static func read(_ value: Value) throws -> Value {
        switch value {
        case .array(let elements): return .array(try elements.map(read))
        case .map(let map):
            guard let first = map.pairs.first(where: { $0.key.string?.hasPrefix("$") == true }) else {
                return .map(ValueMap(try map.pairs.map { ValueMap.Pair($0.key, try read($0.value)) }))
            }
            guard map.pairs.count == 1, let name = first.key.string, let result = try special(name, first.value) else {
                throw failure("the object with the key \(first.key) is not one of the notation's; write a map with such a key as $map")
            }
            return result
        default: return value
        }
    }

    /// What an object with this one key stands for; nil where the notation has no such form.
    private static func special(_ name: String, _ content: Value) throws -> Value? {
        let elements = content.elements
        switch name {
        case "$bytes": return base64(content).map { .bytes($0) }
        case "$tuple": return try elements.map { .tuple(try $0.map(read)) }
        case "$set": return try elements.map { .set(try $0.map(read)) }
        case "$map":
            guard let elements else { return nil }
            var pairs: [ValueMap.Pair] = []
            for element in elements {
                guard let pair = element.elements, pair.count == 2 else { return nil }
                pairs.append(ValueMap.Pair(try read(pair[0]), try read(pair[1])))
            }
            return .map(ValueMap(pairs))
        case "$tag":
            guard let elements, elements.count == 2 else { return nil }
            if let name = elements[0].string { return .tagged(.name(name), try read(elements[1])) }
            return try elements[0].integer(as: UInt64.self).map { .tagged(.number($0), try read(elements[1])) }
        case "$ext":
            guard let elements, elements.count == 2, let type = elements[0].integer(as: Int8.self) else { return nil }
            return base64(elements[1]).map { .extension(type: type, $0) }
        case "$global":
            if let elements, elements.count == 2, let module = elements[0].string, let name = elements[1].string {
                return .global(module: module, name: name)
            }
            guard let text = content.string, let dot = text.lastIndex(of: ".") else { return nil }
            return .global(module: String(text[..<dot]), name: String(text[text.index(after: dot)...]))
        case "$simple": return content.integer(as: UInt8.self).map { .simple($0) }
        case "$number": return content.string.map { .number($0) }
        case "$float":
            guard let text = content.string else { return content.double.map { .double($0) } }
            if let bits = bits(text) { return .double(Double(bitPattern: bits)) }
            return ["nan": Double.nan, "inf": .infinity, "-inf": -.infinity][text].map { .double($0) }
        case "$float32":
            guard let text = content.string else { return content.double.map { .float(Float($0)) } }
            if let bits = bits(text) { return UInt32(exactly: bits).map { .float(Float(bitPattern: $0)) } }
            return ["nan": Float.nan, "inf": .infinity, "-inf": -.infinity][text].map { .float($0) }
        default: return nil
        }
    }

    private static func bits(_ text: String) -> UInt64? { text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : nil }

    private static func base64(_ value: Value) -> ByteBuffer? {
        guard var text = value.string else { return nil }
        return text.withUTF8 { Base64.decode(UnsafeRawBufferPointer($0)) }.map { ByteBuffer(bytes: $0) }
    }

    private static func failure(_ message: String) -> PatchbayError {
        PatchbayError(.decodingFailed, message, stage: .decode, layer: "json")
    }
}
