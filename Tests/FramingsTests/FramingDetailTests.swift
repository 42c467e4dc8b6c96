import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayFramings

@Suite struct FramingDetailTests {
    func code(_ framing: any Framing, _ bytes: [UInt8], atEnd: Bool = false, maximum: Int = .max) -> PatchbayError.Code? {
        var receiver = Receiver(framing, maximum: maximum)
        do {
            try receiver.receive(bytes, atEnd: atEnd)
            return nil
        } catch { return (error as? PatchbayError)?.code }
    }

    @Test func `varint lengths are those of Protocol Buffers`() throws {
        // protobuf.dev, "Encoding": 150 is 96 01.
        var buffer = ByteBuffer()
        try VarintFraming().writeHeader(bodyBytes: 150, into: &buffer)
        #expect(Array(buffer.readableBytesView) == [0x96, 0x01])
        buffer.clear()
        // The largest signed 64-bit number has nine groups.
        try VarintFraming().writeHeader(bodyBytes: .max, into: &buffer)
        #expect(Array(buffer.readableBytesView) == [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
    }

    @Test func `varint refuses what no length is`() {
        let ones = [UInt8](repeating: 0xff, count: 9)
        #expect(code(VarintFraming(), ones + [0x02]) == .protocolViolation)
        #expect(code(VarintFraming(), ones + [0x81]) == .protocolViolation)
        #expect(code(VarintFraming(), ones + [0x01]) == .messageTooLarge)
        #expect(code(VarintFraming(), [0x80, 0x00]) == .protocolViolation)
        #expect(code(VarintFraming(), [0x82, 0x80, 0x00]) == .protocolViolation)
    }

    @Test func `lengths near the largest integer overflow nothing`() {
        let huge = [UInt8](repeating: 0xff, count: 8)
        #expect(code(FixedLengthFraming(width: .eight), huge) == .messageTooLarge)
        #expect(code(FixedLengthFraming(width: .eight), [0x7f] + huge.dropFirst()) == nil)
        #expect(code(TextualLengthFraming(), Array("9223372036854775807 ".utf8)) == nil)
        #expect(code(VarintFraming(), [UInt8](repeating: 0xff, count: 8) + [0x7f]) == nil)
    }

    @Test func `a textual length is digits and one space`() throws {
        for text in ["+5 hello", "-5 hello", " 5 hello", "5\nhello", "0x5 hello", "a", "18446744073709551616 ", "000000000000000000000 "] {
            #expect(code(TextualLengthFraming(), Array(text.utf8)) == .protocolViolation, "\(text)")
        }
        #expect(code(TextualLengthFraming(), Array("18446744073709551615 ".utf8)) == .messageTooLarge)
        #expect(code(TextualLengthFraming(), Array("101".utf8), maximum: 100) == .messageTooLarge)
        var receiver = Receiver(TextualLengthFraming())
        try receiver.receive(Array("5  hell005 hello".utf8), atEnd: true)
        #expect(receiver.messages == [Array(" hell".utf8), Array("hello".utf8)])
    }

    @Test func `a last line without its end is a message`() throws {
        for framing in [
            SeparatedFraming(separator: 0x0a, layer: "lines"),
            SeparatedFraming(separator: 0x0a, acceptsCarriageReturn: true, layer: "lines"),
        ] {
            var receiver = Receiver(framing)
            #expect(try receiver.receive(Array("one\n\ntwo".utf8), atEnd: true))
            #expect(receiver.messages == [Array("one".utf8), [], Array("two".utf8)])
        }
    }

    @Test func `both ends of line are taken where the option says so`() throws {
        var both = Receiver(SeparatedFraming(separator: 0x0a, acceptsCarriageReturn: true, layer: "lines"))
        try both.receive(Array("a\r\nb\nc\rd\n\r\n".utf8), atEnd: true)
        #expect(both.messages == [Array("a".utf8), Array("b".utf8), Array("c\rd".utf8), []])
        var plain = Receiver(SeparatedFraming(separator: 0x0a, layer: "lines"))
        try plain.receive(Array("a\r\n".utf8), atEnd: true)
        #expect(plain.messages == [Array("a\r".utf8)])
    }

    @Test func `a message too large is refused before its separator came`() {
        let framing = SeparatedFraming(separator: 0x0a, layer: "lines")
        #expect(code(framing, [UInt8](repeating: 0x61, count: 11), maximum: 10) == .messageTooLarge)
        #expect(code(framing, [UInt8](repeating: 0x61, count: 10), maximum: 10) == nil)
        let returns = SeparatedFraming(separator: 0x0a, acceptsCarriageReturn: true, layer: "lines")
        #expect(code(returns, Array("aaaaaaaaaa\r".utf8), maximum: 10) == nil)
        #expect(code(returns, Array("aaaaaaaaaab".utf8), maximum: 10) == .messageTooLarge)
        #expect(code(returns, Array("aaaaaaaaaa\rb".utf8), maximum: 10) == .messageTooLarge)
        #expect(code(returns, Array("aaaaaaaaaa\r".utf8), atEnd: true, maximum: 10) == .messageTooLarge)
    }

    @Test func `a separator is looked for once in each byte`() throws {
        // With a decoder that starts anew at each call, a hundred thousand calls over a megabyte would take minutes.
        var decoder = SeparatedFraming(separator: 0x0a, layer: "lines").makeDecoder()
        var bytes = [UInt8](repeating: 0x61, count: 1 << 20)
        // What was scanned is not looked at again, so that a separator put there later goes unseen.
        #expect(try bytes.prefix(1000).withUnsafeBytes { try decoder.scan($0, atEnd: false, maximum: 1 << 21) } == .need(1001))
        bytes[500] = 0x0a
        bytes[2000] = 0x0a
        #expect(
            try bytes.withUnsafeBytes { try decoder.scan($0, atEnd: false, maximum: 1 << 21) } == .frame(header: 0, body: 2000, trailer: 1)
        )
        #expect(
            try bytes.withUnsafeBytes { try decoder.scan($0, atEnd: false, maximum: 1 << 21) } == .frame(header: 0, body: 500, trailer: 1)
        )
    }

    @Test func `a body with the separator in it is refused`() throws {
        let lines = SeparatedFraming(separator: 0x0a, layer: "lines")
        let returns = SeparatedFraming(separator: 0x0a, acceptsCarriageReturn: true, layer: "lines")
        func code(_ framing: SeparatedFraming, _ text: String) -> PatchbayError.Code? {
            do {
                try Array(text.utf8).withUnsafeBytes { try framing.check(body: $0) }
                return nil
            } catch { return (error as? PatchbayError)?.code }
        }
        #expect(code(lines, "a\nb") == .encodingFailed)
        #expect(code(lines, "a\r") == nil)
        #expect(code(returns, "a\r") == .encodingFailed)
        #expect(code(returns, "a\rb") == nil)
        #expect(code(lines, "") == nil)
        #expect(lines.checksBodies)
    }

    @Test func `without framing each read is a message of at most the maximum`() throws {
        var receiver = Receiver(UnframedFraming(), maximum: 3)
        try receiver.receive([1, 2, 3, 4, 5])
        #expect(receiver.messages == [[1, 2, 3], [4, 5]])
        #expect(try receiver.receive([], atEnd: true))
    }

    @Test func `the plugin registers every framing with its options`() throws {
        var registrar = Registrar()
        FramingsPlugin().register(into: &registrar)
        #expect(
            Set(registrar.layers.map(\.name)) == [
                "length", "length32", "length64", "varint", "lines", "separated", "textual-length", "none",
            ]
        )
        for layer in registrar.layers {
            guard case .framing(let make) = layer.maker else { throw PatchbayError(.unknownLayer, layer.name, stage: .plugin) }
            _ = try make(Options())
            #expect(!layer.summary.isEmpty && !layer.examples.isEmpty)
            #expect(layer.options.allSatisfy { $0.changesWire })
        }
    }
}
