package import NIOCore

/// The types of fields that one protocol knows.
package protocol FieldKind: RawRepresentable<UInt8>, Sendable {
    /// What the fields are part of, for errors.
    static var place: String { get }
    /// There may be several, in order.
    var mayRepeat: Bool { get }
}

/// The content of a protocol's frames: fields of a type, a 16-bit big-endian length and a value, in ascending order of type.
///
/// A reader skips a type that it does not know, unless its high bit is set.
package struct TaggedFields<Kind: FieldKind> {
    private var rest: ByteBuffer
    private var last: UInt8 = 0

    package init(_ content: ByteBuffer) { rest = content }

    /// The next field that is known here; nil behind the last.
    /// - Throws: `protocolViolation`, or `versionMismatch` for an unknown field that must be understood.
    package mutating func next() throws(PatchbayError) -> (kind: Kind, value: ByteBuffer)? {
        while rest.readableBytes > 0 {
            guard let type = rest.readInteger(as: UInt8.self), let length = rest.readInteger(as: UInt16.self),
                let value = rest.readSlice(length: Int(length))
            else { throw Self.violation("a \(Kind.place) field that its frame cuts off") }
            let kind = Kind(rawValue: type)
            guard type > last || (type == last && kind?.mayRepeat == true) else {
                throw Self.violation("\(Kind.place) field \(type) twice or out of order")
            }
            last = type
            if let kind { return (kind, value) }
            guard type < 0x80 else {
                throw PatchbayError(
                    .versionMismatch,
                    "the peer's \(Kind.place) demands feature \(type), which this version does not know; use the same version at both ends",
                    stage: .handshake
                )
            }
        }
        return nil
    }

    /// - Throws: `limitExceeded` for a value above 65,535 bytes.
    package static func write(_ kind: Kind, _ value: ByteBuffer, into content: inout ByteBuffer) throws(PatchbayError) {
        guard let length = UInt16(exactly: value.readableBytes) else {
            throw PatchbayError(
                .limitExceeded,
                "the \(Kind.place)'s \(kind) has \(value.readableBytes) bytes; at most 65535 fit",
                stage: .handshake
            )
        }
        content.writeInteger(kind.rawValue)
        content.writeInteger(length)
        content.writeImmutableBuffer(value)
    }

    package static func write(_ kind: Kind, _ text: String, into content: inout ByteBuffer) throws(PatchbayError) {
        try write(kind, ByteBuffer(string: text), into: &content)
    }

    /// - Throws: `protocolViolation` for bytes that are no UTF-8.
    package static func text(_ value: ByteBuffer, _ name: String) throws(PatchbayError) -> String {
        guard let text = String(validating: value.readableBytesView, as: UTF8.self) else {
            throw violation("a \(name) that is no UTF-8")
        }
        return text
    }

    package static func violation(_ what: String) -> PatchbayError {
        PatchbayError(.protocolViolation, "the peer sent \(what)", stage: .handshake)
    }
}
