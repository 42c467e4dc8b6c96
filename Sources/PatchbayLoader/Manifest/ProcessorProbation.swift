internal import NIOCore
internal import PatchbayCore

/// The probes of one bound processor.
struct ProcessorProbation {
    private let processor: BoundProcessor
    private let encoding: BoundContext?
    private let decoding: BoundContext?
    private let seed: UInt64
    private var random: ProbeSource
    /// Calls made and judged so far.
    private(set) var probes = 0

    init(_ processor: BoundProcessor, seed: UInt64) {
        self.processor = processor
        encoding = processor.encode.context.map { BoundContext($0) }
        decoding = processor.decode.context.map { BoundContext($0) }
        self.seed = seed
        random = ProbeSource(state: seed)
    }

    mutating func run() throws(PatchbayError) {
        for message in messages() {
            let encoded = try encode(message)
            try decode(encoded, back: message)
            try decodeDamaged(encoded)
            try passThroughSteps(message)
        }
    }

    private mutating func messages() -> [[UInt8]] {
        let words = (0..<64).map { _ in random.bytes(Int.random(in: 1...12, using: &random)) }
        var text: [UInt8] = []
        for _ in 0..<Int.random(in: 200...900, using: &random) { text += words[Int.random(in: 0..<words.count, using: &random)] }
        return [
            [], [UInt8.random(in: .min ... .max, using: &random)], text, random.bytes(65_536),
            random.bytes(1 << 19) + [UInt8](repeating: 0x61, count: 1 << 19),
        ]
    }

    /// Encodes with the room of the bound, and with less, which may fail but not pass the room.
    private mutating func encode(_ message: [UInt8]) throws(PatchbayError) -> [UInt8] {
        let bound = try BoundEncoder(processor).bound(of: message.count)
        guard let encoded = try call(processor.encode, encoding, message, room: bound).bytes else {
            throw fault("\(processor.encode.name) fails with \(message.count) bytes and the room that the bound gives (\(bound))")
        }
        for room in Set([bound - 1, encoded.count, encoded.count - 1]) where room >= 0 && room < bound {
            guard let shorter = try call(processor.encode, encoding, message, room: room).bytes else { continue }
            guard try call(processor.decode, decoding, shorter, room: max(message.count, 1)).bytes == message else {
                throw fault(
                    "\(processor.encode.name) says that \(room) bytes of room suffice, and what it wrote does not decode to what it was given"
                )
            }
        }
        return encoded
    }

    private mutating func decode(_ encoded: [UInt8], back message: [UInt8]) throws(PatchbayError) {
        // For an empty message one byte, as it is given when it comes over a connection.
        let exact = try call(processor.decode, decoding, encoded, room: max(message.count, 1))
        guard exact.bytes == message else {
            throw fault(
                "\(processor.decode.name) does not give back the \(message.count) bytes that \(processor.encode.name) was given (\(exact))"
            )
        }
        guard message.count > 1 else { return }
        let short = try call(processor.decode, decoding, encoded, room: message.count - 1)
        guard case .failed(let failure) = short else {
            throw fault("\(processor.decode.name) says that it is done with one byte of room too little")
        }
        if case .prefix = processor.capacity { return }
        guard failure == .bufferTooSmall else {
            throw fault("\(processor.decode.name) says '\(failure.rawValue)', not bufferTooSmall, with one byte of room too little")
        }
    }

    /// Whatever comes of these: no crash, and no byte beyond the room.
    private mutating func decodeDamaged(_ encoded: [UInt8]) throws(PatchbayError) {
        for room in [1, 100, 70_000] {
            _ = try call(processor.decode, decoding, random.bytes(Int.random(in: 0...2000, using: &random)), room: room)
            var damaged = encoded
            for _ in 0..<3 where !damaged.isEmpty {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            _ = try call(processor.decode, decoding, damaged, room: room)
            _ = try call(processor.decode, decoding, Array(encoded.prefix(Int.random(in: 0...encoded.count, using: &random))), room: room)
        }
    }

    /// As messages of a connection go.
    private mutating func passThroughSteps(_ message: [UInt8]) throws(PatchbayError) {
        do {
            var encoded = ProcessorSink(maximum: ByteBounds.most)
            var encoder = BoundEncoder(processor)
            try encoder.push(ByteBuffer(bytes: message), .finish, into: &encoded)
            var decoded = ProcessorSink(maximum: ByteBounds.most)
            var decoder = BoundDecoder(processor)
            for buffer in encoded.buffers { try decoder.push(buffer, .finish, into: &decoded) }
            probes += 2
            guard decoded.buffers.count == 1, decoded.buffers[0].readableBytesView.elementsEqual(message) else {
                throw fault("a message of \(message.count) bytes does not come back as it went")
            }
        } catch {
            throw error as? PatchbayError ?? fault("\(error)")
        }
    }

    /// What came of one call between guard pages.
    private enum Answer {
        case done([UInt8])
        case failed(CallFailure)

        var bytes: [UInt8]? { if case .done(let bytes) = self { bytes } else { nil } }
    }

    private mutating func call(
        _ transform: BoundTransform,
        _ context: BoundContext?,
        _ message: [UInt8],
        room: Int
    ) throws(PatchbayError) -> Answer {
        let input = try GuardedMemory(count: message.count)
        try input.holdInput(message)
        let output = try GuardedMemory(count: room)
        probes += 1
        return switch try transform.run(UnsafeRawBufferPointer(input.bytes), into: output.bytes, context) {
        case .done(let count): .done(Array(output.bytes.prefix(count)))
        case .failed(let failure, _): .failed(failure)
        }
    }

    private func fault(_ message: String) -> PatchbayError {
        PatchbayError(
            PatchbayError.Code("plugin-breach"),
            "\(message); the manifest does not describe the library that is installed (seed \(seed))",
            stage: .plugin,
            layer: processor.layer
        )
    }
}

/// Random bytes that a seed repeats (SplitMix64, Steele, Lea and Flood 2014).
struct ProbeSource: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
