internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import PatchbayPython
internal import Testing

@Suite("Python's framing")
struct PythonFramingTests {
    private func scan(_ bytes: [UInt8], atEnd: Bool = false, maximum: Int = 1 << 24) throws -> FrameScan {
        var decoder = PythonFraming().makeDecoder()
        return try bytes.withUnsafeBytes { try decoder.scan($0, atEnd: atEnd, maximum: maximum) }
    }

    private func code(_ bytes: [UInt8], atEnd: Bool = false, maximum: Int = 1 << 24) -> PatchbayError.Code? {
        do {
            _ = try scan(bytes, atEnd: atEnd, maximum: maximum)
            return nil
        } catch { return (error as? PatchbayError)?.code }
    }

    @Test("send(42) of CPython is a frame of five bytes")
    func sendOf42() throws {
        #expect(try scan(bytes("00000005 80044b2a2e")) == .frame(header: 4, body: 5, trailer: 0))
    }

    @Test("an empty message is four zeros")
    func empty() throws {
        #expect(try scan(bytes("00000000")) == .frame(header: 4, body: 0, trailer: 0))
        var header = ByteBuffer()
        PythonFraming().writeHeader(bodyBytes: 0, into: &header)
        #expect(Array(header.readableBytesView) == bytes("00000000"))
    }

    @Test("the extended form is taken for any size")
    func extended() throws {
        #expect(try scan(bytes("ffffffff 0000000000000001 2a")) == .frame(header: 12, body: 1, trailer: 0))
        #expect(try scan(bytes("ffffffff 0000000000000000")) == .frame(header: 12, body: 0, trailer: 0))
    }

    @Test("a message above 2 GiB gets the extended header, one byte less does not")
    func large() throws {
        var header = ByteBuffer()
        PythonFraming().writeHeader(bodyBytes: 0x7fff_ffff, into: &header)
        #expect(Array(header.readableBytesView) == bytes("7fffffff"))
        header.clear()
        PythonFraming().writeHeader(bodyBytes: 0x8000_0000, into: &header)
        #expect(Array(header.readableBytesView) == bytes("ffffffff 0000000080000000"))
        #expect(try scan(Array(header.readableBytesView), maximum: .max) == .need(12 + 0x8000_0000))
        #expect(try scan(bytes("7fffffff"), maximum: .max) == .need(4 + 0x7fff_ffff))
    }

    @Test("the header is a length prefix until the length needs the extended form")
    func prefix() {
        #expect(PythonFraming().lengthPrefix == LengthPrefix(.four, largestBody: 0x7fff_ffff))
    }

    @Test("a torn frame waits for the rest, byte by byte")
    func torn() throws {
        for whole in [bytes("00000003 010203"), bytes("ffffffff 0000000000000003 010203")] {
            for count in 0..<whole.count {
                guard case .need(let needed) = try scan(Array(whole.prefix(count))) else {
                    Issue.record("a frame out of \(count) bytes")
                    return
                }
                #expect(needed > count && needed <= whole.count)
            }
        }
    }

    @Test("the end on a boundary is clean, within a frame it is a truncation")
    func end() throws {
        #expect(try scan([], atEnd: true) == .end)
        for whole in [bytes("00000003 010203"), bytes("ffffffff 0000000000000003 010203")] {
            for count in 1..<whole.count { #expect(code(Array(whole.prefix(count)), atEnd: true) == .truncated) }
        }
    }

    @Test("other negative lengths are refused", arguments: ["fffffffe", "80000000", "ff000000"])
    func negative(digits: String) {
        #expect(code(bytes(digits)) == .protocolViolation)
    }

    @Test("a length above the maximum is refused from the header alone")
    func tooLarge() {
        #expect(code(bytes("00000005"), maximum: 4) == .messageTooLarge)
        #expect(code(bytes("ffffffff 0000000000000005"), maximum: 4) == .messageTooLarge)
        #expect(code(bytes("ffffffff ffffffffffffffff"), maximum: .max) == .messageTooLarge)
        #expect(code(bytes("ffffffff 7fffffffffffffff"), maximum: .max) == .messageTooLarge)
    }

    @Test("20,000 inputs never trap, and every frame lies within its input")
    func fuzz() {
        var random = FuzzSource.forTest()
        let seeds = ["00000003010203", "ffffffff0000000000000003010203", "0000000080044b2a2e", "ffffffffffffffffffffffff"].map { bytes($0) }
        for _ in 0..<20_000 {
            let input = random.input(fromAny: seeds, longest: 20)
            let atEnd = Bool.random(using: &random)
            guard let scan = try? scan(input, atEnd: atEnd, maximum: .max) else { continue }
            switch scan {
            case .frame(let header, let body, let trailer): #expect(header + body + trailer <= input.count)
            case .need(let needed): #expect(!atEnd && needed > input.count)
            default: #expect(atEnd && input.isEmpty)
            }
        }
    }
}
