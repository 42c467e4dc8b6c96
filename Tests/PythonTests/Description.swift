internal import NIOCore
internal import PatchbayCore

/// A value in words that tell every type apart, the same that ``describeInPython`` makes there.
func describe(_ value: Value) -> String {
    switch value {
    case .null: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): "int:\(value < 0 ? "-" : "")\(String(value.magnitude, radix: 16))"
    case .bigInteger(let value): "int:\(value.isNegative ? "-" : "")\(trimmed(hexadecimal(value.magnitude)))"
    case .double(let value): "float:" + String(value.bitPattern, radix: 16)
    case .string(let value): "str:" + hexadecimal(value.utf8)
    case .bytes(let value): "bytes:" + hexadecimal(value.readableBytesView)
    case .array(let elements): "list[" + elements.map(describe).joined(separator: ",") + "]"
    case .tuple(let elements): "tuple[" + elements.map(describe).joined(separator: ",") + "]"
    case .set(let elements): "set[" + elements.map(describe).sorted().joined(separator: ",") + "]"
    case .map(let map): "dict[" + map.pairs.map { describe($0.key) + "=" + describe($0.value) }.joined(separator: ",") + "]"
    case .tagged(.name(let name), .bytes(let value)): "\(name):" + hexadecimal(value.readableBytesView)
    case .tagged(.name(let name), .set(let elements)): "\(name)[" + elements.map(describe).sorted().joined(separator: ",") + "]"
    default: "unexpected \(value)"
    }
}

private func trimmed(_ digits: String) -> Substring { digits.drop { $0 == "0" } }

let describeInPython = """
    import struct, sys
    def describe(o):
        t = type(o)
        if o is None or t is bool: return repr(o)
        if t is int: return 'int:%x' % o
        if t is float: return 'float:%x' % struct.unpack('>Q', struct.pack('>d', o))
        if t is str: return 'str:' + o.encode('utf-8').hex()
        if t in (bytes, bytearray): return t.__name__ + ':' + o.hex()
        if t in (list, tuple): return t.__name__ + '[' + ','.join(map(describe, o)) + ']'
        if t in (set, frozenset): return t.__name__ + '[' + ','.join(sorted(map(describe, o))) + ']'
        if t is dict: return 'dict[' + ','.join(describe(k) + '=' + describe(v) for k, v in o.items()) + ']'
        raise TypeError(t)

    """
