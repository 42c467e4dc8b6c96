import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayLoader

@Suite(.timeLimit(.minutes(5))) struct ReferenceTests {
    /// Every layer of every manifest.
    static let layers: [(ShippedManifest, String)] = ShippedManifest.allCases.flatMap { shipped in
        shipped == .lz4 ? [(shipped, "lz4"), (shipped, "lz4-block")] : [(shipped, shipped.rawValue)]
    }

    static let messages: [[UInt8]] = {
        var random = ProbeSource(state: 7)
        return [
            [], [0], Array("hello, hello, hello, hello".utf8), random.bytes(100_000),
            Array(String(repeating: "all work and no play makes jack a dull boy\n", count: 5000).utf8),
            [UInt8](repeating: 0, count: 1 << 20),
        ]
    }()

    @Test("what the reference program writes is read, and the other way round", arguments: layers)
    func bothWays(_ shipped: ShippedManifest, _ layer: String) throws {
        if let missing = shipped.missing { try Test.cancel("\(missing)") }
        guard let program = ReferenceProgram.of(layer) else { try Test.cancel("no program here reads and writes \(layer)") }
        let processor = try shipped.plugin().processor(layer)
        for message in Self.messages {
            // python-lz4 cannot decode an empty block, nor could anyone name its size.
            if layer != "lz4-block" || !message.isEmpty {
                #expect(try program.decode(try processor.encode(message)) == message)
            }
            #expect(try processor.decode(try program.encode(message)) == message)
        }
    }

    @Test("there and back through one step each, message by message", arguments: layers)
    func thereAndBack(_ shipped: ShippedManifest, _ layer: String) throws {
        if let missing = shipped.missing { try Test.cancel("\(missing)") }
        let processor = try shipped.plugin().processor(layer)
        var encoder = try processor.makeEncoder()
        var decoder = try processor.makeDecoder()
        for message in Self.messages + Self.messages {
            var encoded = ProcessorSink(maximum: 1 << 22)
            try encoder.push(ByteBuffer(bytes: message), .finish, into: &encoded)
            var decoded = ProcessorSink(maximum: 1 << 22)
            // A message that cannot be read leaves the next one readable.
            let garbage = #expect(throws: PatchbayError.self) {
                try decoder.push(ByteBuffer(bytes: [0xFF, 1, 2, 3, 4, 5, 6, 7, 8, 9]), .finish, into: &decoded)
            }
            #expect([.decodingFailed, .limitExceeded, .messageTooLarge].contains(garbage?.code))
            try decoder.push(encoded.buffers[0], .finish, into: &decoded)
            #expect(decoded.buffers.map { Array($0.readableBytesView) } == [message])
        }
    }

    @Test("frames of unknown size, as a pipe makes them, and several frames in a row", .enabled(if: ShippedManifest.zstd.missing == nil))
    func zstdFrames() throws {
        guard let program = ReferenceProgram.of("zstd") else { try Test.cancel("no zstd command") }
        let processor = try ShippedManifest.zstd.plugin().processor()
        let message = Self.messages[4]
        let piped = try ReferenceProgram.run("cat | zstd -c", message)
        #expect(try processor.decode(piped) == message)
        #expect(try processor.decode(try program.encode(message) + program.encode(message)) == message + message)
    }

    @Test(
        "what follows a whole message is an error, not passed over in silence",
        arguments: [ShippedManifest.lz4, .zstd, .gzip, .zlib, .snappy, .xz]
    )
    func trailing(_ shipped: ShippedManifest) throws {
        if let missing = shipped.missing { try Test.cancel("\(missing)") }
        let processor = try shipped.plugin().processor(shipped.rawValue)
        let error = #expect(throws: PatchbayError.self) { try processor.decode(try processor.encode([1, 2, 3]) + [9, 9, 9, 9]) }
        // liblzma has one answer for an output that is full and an input that is not whole, so there the limit is what ends it.
        #expect(error?.code == (shipped == .xz ? .limitExceeded : .decodingFailed))
    }

    @Test("a message that is cut off is an error", arguments: layers)
    func cutOff(_ shipped: ShippedManifest, _ layer: String) throws {
        if let missing = shipped.missing { try Test.cancel("\(missing)") }
        let processor = try shipped.plugin().processor(layer)
        let encoded = try processor.encode(Self.messages[2])
        for count in 0..<encoded.count {
            let error = #expect(throws: PatchbayError.self, "\(count) of \(encoded.count)") {
                try processor.decode(Array(encoded.prefix(count)))
            }
            #expect(error?.code == (shipped == .xz && count > 0 ? .limitExceeded : .decodingFailed), "\(count) of \(encoded.count)")
        }
    }
}
