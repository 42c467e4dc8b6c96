import FuzzSupport
import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayFramings

@Suite struct EveryFramingTests {
    @Test(arguments: FramingCase.all)
    func `messages are written as documented`(_ framing: FramingCase) throws {
        #expect(try framing.frame(Array("hi".utf8)) + framing.frame([]) == framing.hiAndEmpty)
    }

    @Test(arguments: FramingCase.all)
    func `any cutting gives the same messages`(_ framing: FramingCase) throws {
        var source = FuzzSource.forTest(framing.name)
        for _ in 0..<300 {
            // Bytes that no framing here minds.
            let messages = (0..<Int.random(in: 0...6, using: &source)).map { _ in
                (0..<Int.random(in: 0...300, using: &source)).map { _ in UInt8.random(in: 0x20...0x7e, using: &source) }
            }
            let wire = try messages.flatMap(framing.frame)
            var receiver = Receiver(framing.framing)
            var index = 0
            while index < wire.count {
                let next = min(wire.count, index + Int.random(in: 1...40, using: &source))
                try receiver.receive(wire[index..<next])
                index = next
            }
            #expect(try receiver.receive([], atEnd: true))
            #expect(receiver.messages == messages)
            // The end may come with the last bytes.
            var whole = Receiver(framing.framing)
            #expect(try whole.receive(wire, atEnd: true))
            #expect(whole.messages == messages)
        }
    }

    @Test(arguments: FramingCase.all)
    func `a length prefix is what the header says`(_ framing: FramingCase) throws {
        guard let prefix = framing.framing.lengthPrefix else { return }
        for count in [0, 1, 200, 70_000, prefix.largestBody] {
            var buffer = ByteBuffer()
            switch prefix.width {
            case .four: buffer.writeInteger(UInt32(count))
            case .eight: buffer.writeInteger(UInt64(count))
            }
            var written = ByteBuffer()
            try framing.framing.writeHeader(bodyBytes: count, into: &written)
            #expect(buffer == written)
        }
    }

    @Test(arguments: FramingCase.all)
    func `a body of the maximum passes and one byte more does not`(_ framing: FramingCase) throws {
        for maximum in [0, 1, 127, 128, 300] {
            var fits = Receiver(framing.framing, maximum: maximum)
            try fits.receive(framing.frame([UInt8](repeating: 0x61, count: maximum)))
            #expect(fits.messages.map(\.count) == [maximum])
            for chunk in [1, 2, 1000] {
                let wire = try framing.frame([UInt8](repeating: 0x61, count: maximum + 1))
                var refuses = Receiver(framing.framing, maximum: maximum)
                let error = #expect(throws: PatchbayError.self) {
                    for start in stride(from: 0, to: wire.count, by: chunk) {
                        try refuses.receive(wire[start..<min(start + chunk, wire.count)])
                    }
                }
                #expect(error?.code == .messageTooLarge)
            }
        }
    }

    @Test(arguments: FramingCase.all.filter { $0.header3GiB != nil })
    func `3 GiB are announced without being held, or refused before they came`(_ framing: FramingCase) throws {
        let header = try #require(framing.header3GiB)
        var written = ByteBuffer()
        try framing.framing.writeHeader(bodyBytes: 3 << 30, into: &written)
        #expect(Array(written.readableBytesView) == header)
        var decoder = framing.framing.makeDecoder()
        let scan = try header.withUnsafeBytes { try decoder.scan($0, atEnd: false, maximum: 4 << 30) }
        #expect(scan == .need(header.count + 3 << 30))
        let error = #expect(throws: PatchbayError.self) {
            try header.withUnsafeBytes { try decoder.scan($0, atEnd: false, maximum: 3 << 30 - 1) }
        }
        #expect(error?.code == .messageTooLarge)
    }

    @Test(arguments: FramingCase.all.filter { $0.header3GiB != nil || $0.name == "length" })
    func `the end inside of a frame is a truncation`(_ framing: FramingCase) throws {
        let wire = try framing.frame(Array("hello, world".utf8))
        for cut in 1..<wire.count {
            var receiver = Receiver(framing.framing)
            let error = #expect(throws: PatchbayError.self) { try receiver.receive(wire[..<cut], atEnd: true) }
            #expect(error?.code == .truncated)
        }
        var empty = Receiver(framing.framing)
        #expect(try empty.receive([], atEnd: true))
    }

    @Test(arguments: FramingCase.all)
    func `twenty thousand inputs keep the contract`(_ framing: FramingCase) throws {
        var source = FuzzSource.forTest(framing.name)
        let valid = try framing.frame(Array("hi".utf8)) + framing.frame([]) + framing.frame([UInt8](repeating: 0x61, count: 20))
        for _ in 0..<20_000 {
            let bytes = source.input(from: valid, longest: 40)
            let cut = Int.random(in: 0...bytes.count, using: &source)
            var receiver = Receiver(framing.framing, maximum: 24)
            do {
                try receiver.receive(bytes[..<cut])
                try receiver.receive(bytes[cut...], atEnd: true)
            } catch is PatchbayError {}
        }
    }
}
