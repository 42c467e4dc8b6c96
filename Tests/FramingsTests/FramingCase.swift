import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayFramings

/// A framing with all that the tests of every framing need.
struct FramingCase: CustomTestStringConvertible, Sendable {
    let name: String
    let framing: any Framing
    /// A header that announces 3 GiB, where the framing has headers.
    var header3GiB: [UInt8]?
    /// How it must write the messages `hi` and the empty one, one after the other.
    let hiAndEmpty: [UInt8]

    var testDescription: String { name }

    static let all = [
        Self(name: "length", framing: LengthFraming(), hiAndEmpty: [0, 0, 0, 2, 0x68, 0x69, 0, 0, 0, 0]),
        Self(
            name: "length32",
            framing: FixedLengthFraming(width: .four),
            header3GiB: [0xc0, 0, 0, 0],
            hiAndEmpty: [0, 0, 0, 2, 0x68, 0x69, 0, 0, 0, 0]
        ),
        Self(
            name: "length64",
            framing: FixedLengthFraming(width: .eight),
            header3GiB: [0, 0, 0, 0, 0xc0, 0, 0, 0],
            hiAndEmpty: [0, 0, 0, 0, 0, 0, 0, 2, 0x68, 0x69, 0, 0, 0, 0, 0, 0, 0, 0]
        ),
        Self(name: "varint", framing: VarintFraming(), header3GiB: [0x80, 0x80, 0x80, 0x80, 0x0c], hiAndEmpty: [2, 0x68, 0x69, 0]),
        Self(
            name: "textual-length",
            framing: TextualLengthFraming(),
            header3GiB: Array("3221225472 ".utf8),
            hiAndEmpty: Array("2 hi0 ".utf8)
        ),
        Self(name: "lines", framing: SeparatedFraming(separator: 0x0a, layer: "lines"), hiAndEmpty: Array("hi\n\n".utf8)),
        Self(
            name: "lines?crlf",
            framing: SeparatedFraming(separator: 0x0a, acceptsCarriageReturn: true, layer: "lines"),
            hiAndEmpty: Array("hi\r\n\r\n".utf8)
        ),
        Self(
            name: "separated?byte=0x00",
            framing: SeparatedFraming(separator: 0, layer: "separated"),
            hiAndEmpty: [0x68, 0x69, 0, 0]
        ),
    ]

    func frame(_ body: [UInt8]) throws -> [UInt8] {
        var buffer = ByteBuffer()
        try body.withUnsafeBytes { try framing.check(body: $0) }
        try framing.writeHeader(bodyBytes: body.count, into: &buffer)
        buffer.writeBytes(body)
        framing.writeTrailer(into: &buffer)
        return Array(buffer.readableBytesView)
    }
}

/// A decoder with a buffer before it, used as a connection does: scanned again only once a need is met, or at the end.
struct Receiver {
    var decoder: any FrameDecoder
    var maximum: Int
    var buffer: [UInt8] = []
    var messages: [[UInt8]] = []
    var scans = 0
    private var needed = 0

    init(_ framing: any Framing, maximum: Int = 1 << 20) {
        decoder = framing.makeDecoder()
        self.maximum = maximum
    }

    /// - Returns: true once the stream ended on a boundary.
    @discardableResult
    mutating func receive(_ bytes: some Sequence<UInt8>, atEnd: Bool = false) throws -> Bool {
        buffer.append(contentsOf: bytes)
        guard buffer.count >= needed || atEnd else { return false }
        var offset = 0
        defer { buffer.removeFirst(offset) }
        while true {
            scans += 1
            let scan = try buffer[offset...].withUnsafeBytes { try decoder.scan($0, atEnd: atEnd, maximum: maximum) }
            switch scan {
            case .control(let header, let body, let trailer):
                // The maximum is that of messages; control frames have one of their own.
                guard body <= LengthFraming.defaultLargestControl, header + body + trailer <= buffer.count - offset else {
                    throw Overclaimed()
                }
                offset += header + body + trailer
            case .frame(let header, let body, let trailer), .fragment(let header, let body, let trailer):
                guard body <= maximum, header + body + trailer <= buffer.count - offset else { throw Overclaimed() }
                messages.append(Array(buffer[offset + header..<offset + header + body]))
                offset += header + body + trailer
            case .need(let count):
                guard !atEnd, count > buffer.count - offset else { throw Overclaimed() }
                needed = count
                return false
            case .end:
                guard atEnd, offset == buffer.count else { throw Overclaimed() }
                return true
            }
        }
    }

    /// A decoder broke its contract.
    struct Overclaimed: Error {}
}
