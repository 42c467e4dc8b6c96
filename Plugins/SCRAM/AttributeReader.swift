internal import PatchbayCore

/// Reads the attributes of one message, `name=value` between commas, in the order that RFC 5802 section 7 demands.
struct AttributeReader {
    /// Bytes of a message.
    static let longest = 2048

    /// What the RFC gives a place of its own, and so is no extension.
    private static let reserved = Set("anmrcsipve".utf8)

    /// Nil at the end.
    private var rest: ArraySlice<UInt8>?

    init(_ message: ArraySlice<UInt8>) throws(PatchbayError) {
        guard (1...Self.longest).contains(message.count), !message.contains(0),
            message.withUnsafeBytes({ isValidUTF8($0) })
        else { throw .malformed("a message that is empty, longer than \(Self.longest) bytes, or not text") }
        rest = message
    }

    /// Whether the next attribute has this name.
    func isNext(_ name: Unicode.Scalar) -> Bool {
        guard let rest, rest.count > 2 else { return false }
        return rest[rest.startIndex] == UInt8(ascii: name) && rest[rest.startIndex + 1] == UInt8(ascii: "=")
    }

    /// The value of the next attribute, which must have this name and a value.
    mutating func take(_ name: Unicode.Scalar) throws(PatchbayError) -> ArraySlice<UInt8> {
        guard !isNext("m") else { throw .malformed("the peer demands an extension (m=), and this end knows none") }
        guard isNext(name), let rest else { throw .malformed("a message without \(name)= where it belongs") }
        let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.endIndex
        let value = rest[(rest.startIndex + 2)..<end]
        guard !value.isEmpty else { throw .malformed("a message whose \(name)= is empty") }
        self.rest = end == rest.endIndex ? nil : rest[(end + 1)...]
        return value
    }

    /// Passes over optional extensions to the end, as the RFC demands of those who do not know them.
    mutating func finish() throws(PatchbayError) {
        while let rest {
            let attribute = rest.prefix { $0 != UInt8(ascii: ",") }
            guard attribute.count > 2, let name = attribute.first, Self.isLetter(name), !Self.reserved.contains(name),
                attribute[attribute.startIndex + 1] == UInt8(ascii: "=")
            else { throw .malformed("a message with something behind its attributes that is no extension") }
            self.rest = attribute.endIndex == rest.endIndex ? nil : rest[(attribute.endIndex + 1)...]
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
