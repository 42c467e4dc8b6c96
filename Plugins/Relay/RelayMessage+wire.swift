package import NIOCore
package import PatchbayCore

extension RelayMessage {
    private typealias Fields = TaggedFields<Field>

    /// Appends the frame: a 16-bit length, the kind, the fields. Where it has a proof, that is its last 32 bytes.
    /// - Throws: `limitExceeded` for texts that do not fit.
    package func write(into buffer: inout ByteBuffer) throws(PatchbayError) {
        var content = ByteBuffer()
        content.writeInteger(kind.rawValue)
        try writeFields(into: &content)
        if let proof { try Fields.write(.proof, ByteBuffer(bytes: proof), into: &content) }
        guard content.readableBytes <= Self.largest else {
            throw PatchbayError(
                .limitExceeded,
                "a relay's frame has at most \(Self.largest) bytes; give a shorter name",
                stage: .dial,
                layer: "relay"
            )
        }
        buffer.writeInteger(UInt16(content.readableBytes))
        buffer.writeImmutableBuffer(content)
    }

    private func writeFields(into content: inout ByteBuffer) throws(PatchbayError) {
        func put(_ field: Field, _ bytes: [UInt8]?) throws(PatchbayError) {
            if let bytes { try Fields.write(field, ByteBuffer(bytes: bytes), into: &content) }
        }
        func put(_ field: Field, text: String?) throws(PatchbayError) {
            if let text { try Fields.write(field, text, into: &content) }
        }
        func put(_ field: Field, number: (some FixedWidthInteger)?) throws(PatchbayError) {
            if let number { try Fields.write(field, ByteBuffer(integer: number), into: &content) }
        }
        switch self {
        case .challenge(let nonce, let realm):
            try put(.nonce, nonce)
            try put(.realm, text: realm)
        case .listen(let name, let generation, let instance, let access):
            try put(.name, text: name)
            try put(.generation, number: generation)
            try put(.instance, instance)
            try put(.keyID, text: access.keyID)
            try put(.nonce, access.nonce)
        case .dial(let name, let access):
            try put(.name, text: name)
            try put(.keyID, text: access.keyID)
            try put(.nonce, access.nonce)
        case .accept(let circuit): try put(.circuit, circuit)
        case .ready(let circuit, let lease, _):
            try put(.circuit, circuit)
            try put(.lease, number: lease)
        case .incoming(let circuit, let caller):
            try put(.circuit, circuit)
            try put(.caller, text: caller)
        case .failure(let code, let message):
            try put(.code, text: code.rawValue)
            try put(.message, text: message)
        case .notice(let code, let message, let after):
            try put(.after, number: after)
            try put(.code, text: code.rawValue)
            try put(.message, text: message)
        case .ping, .pong, .withdraw: break
        }
    }

    /// Takes one frame off the front of `wire`.
    /// - Returns: nil where it is not whole yet. `frame`: its bytes.
    /// - Throws: `protocolViolation`, `versionMismatch`.
    package static func read(_ wire: inout ByteBuffer) throws(PatchbayError) -> (message: RelayMessage, frame: ByteBuffer)? {
        guard let length = wire.getInteger(at: wire.readerIndex, as: UInt16.self) else { return nil }
        guard (1...largest).contains(Int(length)) else { throw Fields.violation("a relay frame of \(length) bytes") }
        guard let frame = wire.readSlice(length: 2 + Int(length)) else { return nil }
        var content = frame
        content.moveReaderIndex(forwardBy: 2)
        let number = content.readInteger(as: UInt8.self) ?? 0
        guard let kind = Kind(rawValue: number) else { throw Fields.violation("a relay frame of the unknown kind \(number)") }
        var values = Values()
        var fields = Fields(content)
        while let (field, value) = try fields.next() { values.bytes[field] = value }
        return (try message(kind, values), frame)
    }

    /// Whether a whole frame, or a length that is none, is in front.
    package static func bytesNeeded(_ wire: ByteBuffer) -> Int {
        guard let length = wire.getInteger(at: wire.readerIndex, as: UInt16.self) else { return 2 }
        return 2 + Int(length)
    }

    private static func message(_ kind: Kind, _ values: Values) throws(PatchbayError) -> RelayMessage {
        switch kind {
        case .challenge: .challenge(nonce: try values.exactly(RelayAccess.nonceBytes, .nonce), realm: try values.name(.realm))
        case .listen:
            .listen(
                name: try values.name(.name),
                generation: try values.number(.generation),
                instance: try values.exactly(instanceBytes, .instance),
                access: try values.access()
            )
        case .dial: .dial(name: try values.name(.name), access: try values.access())
        case .accept: .accept(circuit: try values.exactly(circuitBytes, .circuit))
        case .ready:
            .ready(
                circuit: try values.has(.circuit) ? values.exactly(circuitBytes, .circuit) : nil,
                lease: try values.has(.lease) ? values.number(.lease) : nil,
                proof: try values.has(.proof) ? values.exactly(RelayAccess.proofBytes, .proof) : nil
            )
        case .incoming: .incoming(circuit: try values.exactly(circuitBytes, .circuit), caller: values.shown(.caller))
        case .failure: .failure(code: try values.code(), message: values.shown(.message))
        case .notice:
            .notice(code: try values.code(), message: values.shown(.message), after: try values.has(.after) ? values.number(.after) : nil)
        case .ping: .ping
        case .pong: .pong
        case .withdraw: .withdraw
        }
    }

    /// The fields of one frame.
    private struct Values {
        var bytes: [Field: ByteBuffer] = [:]

        func has(_ field: Field) -> Bool { bytes[field] != nil }

        private func required(_ field: Field) throws(PatchbayError) -> ByteBuffer {
            guard let value = bytes[field] else { throw Fields.violation("a relay frame without its \(field)") }
            return value
        }

        func exactly(_ count: Int, _ field: Field) throws(PatchbayError) -> [UInt8] {
            let value = try required(field)
            guard value.readableBytes == count else { throw Fields.violation("a relay's \(field) of \(value.readableBytes) bytes") }
            return Array(value.readableBytesView)
        }

        func number<Number: FixedWidthInteger>(_ field: Field) throws(PatchbayError) -> Number {
            let value = try required(field)
            guard value.readableBytes == MemoryLayout<Number>.size,
                let number = value.getInteger(at: value.readerIndex, as: Number.self)
            else { throw Fields.violation("a relay's \(field) of \(value.readableBytes) bytes") }
            return number
        }

        func name(_ field: Field) throws(PatchbayError) -> String {
            let value = try required(field)
            guard (1...longestName).contains(value.readableBytes) else {
                throw Fields.violation("a relay's \(field) of \(value.readableBytes) bytes")
            }
            return try Fields.text(value, "relay's \(field)")
        }

        /// Text that is for people alone: cut, and without what moves a terminal's cursor.
        func shown(_ field: Field) -> String {
            guard let value = bytes[field] else { return "" }
            return PeerRefusal.printable(String(decoding: value.readableBytesView, as: UTF8.self), 512)
        }

        func code() throws(PatchbayError) -> PatchbayError.Code {
            let value = try required(.code)
            guard let code = PeerRefusal.code(value) else { throw Fields.violation("a relay's code that is none") }
            return code
        }

        func access() throws(PatchbayError) -> RelayAccess {
            RelayAccess(
                keyID: try has(.keyID) ? name(.keyID) : nil,
                nonce: try exactly(RelayAccess.nonceBytes, .nonce),
                proof: try has(.proof) ? exactly(RelayAccess.proofBytes, .proof) : nil
            )
        }
    }
}
