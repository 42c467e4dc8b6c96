/// The values that are no containers, each at the index of its token, behind its tags.
extension TapeDecoderState {
    func bool(_ index: Int) throws -> Bool {
        let token = memory[index]
        guard token.kind == .bool else { throw mismatch(index, Bool.self, "a bool") }
        return token.detail != 0
    }

    func string(_ index: Int) throws -> String {
        let token = memory[index]
        guard token.kind == .string else { throw mismatch(index, String.self, "text") }
        return memory.text(of: token)
    }

    /// Any integer that fits, and a float that is whole.
    func integer<Integer: FixedWidthInteger>(_ index: Int) throws -> Integer {
        let token = memory[index]
        let result: Integer?
        switch token.kind {
        case .int: result = Integer(exactly: Int64(bitPattern: token.payload))
        case .unsigned: result = Integer(exactly: token.payload)
        case .double: result = Integer(exactly: Double(bitPattern: token.payload))
        case .float: result = Integer(exactly: Float(bitPattern: UInt32(truncatingIfNeeded: token.payload)))
        case .positiveBigInteger, .negativeBigInteger: result = Integer(exactly: tape.bigInteger(of: token))
        default: throw mismatch(index, Integer.self, "an integer")
        }
        guard let result else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: path(to: index), debugDescription: "the number does not fit into \(Integer.self)")
            )
        }
        return result
    }

    /// Any number; one between two doubles becomes the nearer.
    func double(_ index: Int) throws -> Double {
        let token = memory[index]
        switch token.kind {
        case .double: return Double(bitPattern: token.payload)
        case .float: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: token.payload)))
        case .int: return Double(Int64(bitPattern: token.payload))
        case .unsigned: return Double(token.payload)
        case .positiveBigInteger, .negativeBigInteger:
            let double = Double(tape.bigInteger(of: token))
            if double.isFinite { return double }
        case .number: break
        default: throw mismatch(index, Double.self, "a number")
        }
        throw DecodingError.dataCorrupted(.init(codingPath: path(to: index), debugDescription: "the number does not fit into Double"))
    }

    /// Any number that is in the range of `Float`, rounded.
    func float(_ index: Int) throws -> Float {
        let token = memory[index]
        if token.kind == .float { return Float(bitPattern: UInt32(truncatingIfNeeded: token.payload)) }
        let double = try double(index)
        let float = Float(double)
        guard float.isFinite || !double.isFinite else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: path(to: index), debugDescription: "the number does not fit into Float")
            )
        }
        return float
    }

    /// Bytes, or base64 where the codec has no bytes; nil for what is neither.
    func bytesIfAny(_ index: Int) throws -> [UInt8]? {
        let token = memory[index]
        switch token.kind {
        case .bytes: return Array(memory.bytes(of: token))
        case .string where tape.hasBytesAsText:
            guard let bytes = Base64.decode(memory.bytes(of: token)) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: path(to: index), debugDescription: "bytes are due, and the text is not base64")
                )
            }
            return bytes
        default: return nil
        }
    }
}
