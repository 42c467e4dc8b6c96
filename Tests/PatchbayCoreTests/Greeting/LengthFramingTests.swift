import FuzzSupport
import NIOCore
import Testing

@testable import PatchbayCore

@Suite struct LengthFramingTests {
    func scan(_ bytes: [UInt8], atEnd: Bool = false, maximum: Int = 100, _ decoder: inout LengthFraming.Decoder) throws -> FrameScan {
        try bytes.withUnsafeBytes { try decoder.scan($0, atEnd: atEnd, maximum: maximum) }
    }

    func scan(_ bytes: [UInt8], atEnd: Bool = false, maximum: Int = 100) throws -> FrameScan {
        var decoder = LengthFraming.Decoder(largestControl: 16)
        return try scan(bytes, atEnd: atEnd, maximum: maximum, &decoder)
    }

    func code(_ bytes: [UInt8], atEnd: Bool = false, maximum: Int = 100) -> PatchbayError.Code? {
        do {
            _ = try scan(bytes, atEnd: atEnd, maximum: maximum)
            return nil
        } catch { return (error as? PatchbayError)?.code }
    }

    @Test func `each kind of frame is told apart`() throws {
        #expect(try scan([0, 0, 0, 2, 1, 2, 3]) == .frame(header: 4, body: 2, trailer: 0))
        #expect(try scan([0, 0, 0, 0]) == .frame(header: 4, body: 0, trailer: 0))
        #expect(try scan([0x40, 0, 0, 1, 1]) == .fragment(header: 4, body: 1, trailer: 0))
        #expect(try scan([0x80, 0, 0, 1, 6]) == .control(header: 4, body: 1, trailer: 0))
    }

    @Test func `a torn frame waits for the rest`() throws {
        #expect(try scan([]) == .need(4))
        #expect(try scan([0, 0]) == .need(4))
        #expect(try scan([0, 0, 0, 9, 1]) == .need(13))
        #expect(try scan([], atEnd: true) == .end)
    }

    @Test func `the end inside of a frame, or between fragments, is a truncation`() throws {
        #expect(code([0, 0], atEnd: true) == .truncated)
        #expect(code([0, 0, 0, 9, 1], atEnd: true) == .truncated)
        var decoder = LengthFraming.Decoder(largestControl: 16)
        _ = try scan([0x40, 0, 0, 1, 1], &decoder)
        #expect(throws: PatchbayError.self) { try scan([], atEnd: true, &decoder) }
        #expect(try scan([0x80, 0, 0, 1, 7], &decoder) == .control(header: 4, body: 1, trailer: 0))
        #expect(throws: PatchbayError.self) { try scan([], atEnd: true, &decoder) }
        _ = try scan([0, 0, 0, 0], &decoder)
        #expect(try scan([], atEnd: true, &decoder) == .end)
    }

    @Test func `a length is refused before its body came`() {
        #expect(code([0, 0, 0, 101]) == .messageTooLarge)
        #expect(code([0x3f, 0xff, 0xff, 0xff]) == .messageTooLarge)
        #expect(code([0x80, 0, 0, 17]) == .protocolViolation)
        #expect(code([0, 0, 0, 100]) == nil)
        #expect(code([0, 0, 0, 1], maximum: 0) == .messageTooLarge)
    }

    @Test func `control frames are bounded by their own limit`() throws {
        #expect(try scan([0x80, 0, 0, 1, 6], maximum: 0) == .control(header: 4, body: 1, trailer: 0))
    }

    @Test func `impossible frames are violations`() {
        #expect(code([0x80, 0, 0, 0]) == .protocolViolation)
        #expect(code([0xc0, 0, 0, 1, 1]) == .protocolViolation)
        #expect(code([0x40, 0, 0, 0]) == .protocolViolation)
    }

    @Test func `a length prefix ends where the body needs fragments`() {
        let framing = LengthFraming(largestFragment: 1000)
        #expect(framing.lengthPrefix == LengthPrefix(.four, largestBody: 1000))
        var buffer = ByteBuffer()
        #expect(throws: PatchbayError.self) { try framing.writeHeader(bodyBytes: 1001, into: &buffer) }
        #expect(throws: PatchbayError.self) { try framing.writeHeader(bodyBytes: 0, moreFollow: true, into: &buffer) }
        #expect(LengthFraming(largestFragment: .max).largestFragment == 0x3fff_ffff)
    }

    @Test func `kinds from c0 on can be ignored`() {
        #expect(!ControlKind(rawValue: 0xbf).isIgnorable)
        #expect(ControlKind(rawValue: 0xc0).isIgnorable)
        #expect(!ControlKind.hello.isIgnorable)
    }

    @Test func `twenty thousand inputs trap nothing and never claim more than there is`() {
        var generator = FuzzSource.forTest()
        let valid: [UInt8] = [0, 0, 0, 2, 1, 2, 0x40, 0, 0, 1, 1, 0, 0, 0, 0, 0x80, 0, 0, 2, 7, 1]
        for _ in 0..<20_000 {
            let bytes = generator.input(from: valid, longest: 40)
            var decoder = LengthFraming.Decoder(largestControl: 16)
            bytes.withUnsafeBytes { bytes in
                var offset = 0
                while true {
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
                    guard let scan = try? decoder.scan(rest, atEnd: true, maximum: 32) else { return }
                    switch scan {
                    case .frame(let header, let body, let trailer), .fragment(let header, let body, let trailer),
                        .control(let header, let body, let trailer):
                        #expect(header + body + trailer <= rest.count)
                        offset += header + body + trailer
                    case .need, .end: return
                    }
                }
            }
        }
    }
}
