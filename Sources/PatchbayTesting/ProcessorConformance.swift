internal import NIOCore
internal import PatchbayCore

/// What every processor keeps, on messages and, where it can, on streams.
struct ProcessorConformance {
    let layer: Layer
    let positions: Set<ProcessorPosition>
    let make: @Sendable (Options) throws -> any Processor

    /// Output that any of these tests may give.
    static let most = 64 << 20

    var tests: [ConformanceTest] {
        var tests = [
            ConformanceTest("\(layer.name)/made", "the processor and both its steps are made", profile: .load) { run in
                let processor = try run.make(layer, make)
                _ = try processor.makeEncoder()
                _ = try processor.makeDecoder()
            }
        ]
        if positions.contains(.message) {
            tests += [
                ConformanceTest("\(layer.name)/messages", "messages of every size come back, one after the other") { run in
                    try messages(run.make(layer, make), run)
                },
                ConformanceTest("\(layer.name)/bound", "output stops at the bound") { run in try bound(run.make(layer, make), run) },
                ConformanceTest("\(layer.name)/hostile", "hostile messages are refused or read, and the next one is read again") { run in
                    try hostile(run.make(layer, make), run)
                },
                ConformanceTest("\(layer.name)/connections", "eight connections can use it at once", profile: .stress) { run in
                    try await connections(run.make(layer, make), run)
                },
            ]
        }
        if positions.contains(.stream) {
            tests += [
                ConformanceTest("\(layer.name)/stream", "a stream comes back, however it is cut") { run in
                    try stream(run.make(layer, make), run)
                },
                ConformanceTest("\(layer.name)/sync", "what was pushed before a sync can be read") { run in
                    try sync(run.make(layer, make), run)
                },
            ]
        }
        return tests
    }

    private func push(
        _ bytes: [UInt8],
        _ flush: ProcessorFlush,
        through step: inout any ProcessorStep,
        most: Int = Self.most
    ) throws -> [ByteBuffer] {
        var sink = ProcessorSink(maximum: most)
        try step.push(ByteBuffer(bytes: bytes), flush, into: &sink)
        return sink.buffers
    }

    private func joined(_ buffers: [ByteBuffer]) -> [UInt8] { buffers.flatMap { Array($0.readableBytesView) } }

    private func samples(_ run: borrowing ConformanceRun) -> [[UInt8]] {
        var random = run.random()
        return [0, 1, 2, 255, 4096, 65_537, 1 << 20].flatMap { [random.bytes($0), random.repetitive($0)] }
    }

    private func messages(_ processor: any Processor, _ run: borrowing ConformanceRun) throws {
        var encoder = try processor.makeEncoder()
        var decoder = try processor.makeDecoder()
        for sample in samples(run) {
            var back: [ByteBuffer] = []
            for message in try push(sample, .finish, through: &encoder) {
                back += try push(Array(message.readableBytesView), .finish, through: &decoder)
            }
            // A filter may drop the empty message.
            try run.check(joined(back) == sample, "a message of \(sample.count) bytes came back as \(joined(back).count) others")
            try run.check(sample.isEmpty || !back.isEmpty, "a message of \(sample.count) bytes was lost")
        }
    }

    private func bound(_ processor: any Processor, _ run: borrowing ConformanceRun) throws {
        var encoder = try processor.makeEncoder()
        let message = try push([UInt8](repeating: 0x61, count: 100_000), .finish, through: &encoder)
        for most in [0, 1, 1000, 99_999] {
            var decoder = try processor.makeDecoder()
            for piece in message {
                let given = try run.typed("a decoder with a bound of \(most) bytes") {
                    try push(Array(piece.readableBytesView), .finish, through: &decoder, most: most)
                }
                try run.check(given == nil || joined(given ?? []).count <= most, "it gave more than the bound of \(most) bytes")
            }
        }
    }

    private func hostile(_ processor: any Processor, _ run: borrowing ConformanceRun) throws {
        var random = run.random()
        var encoder = try processor.makeEncoder()
        let samples = [random.repetitive(300), random.bytes(40)]
        let valid = try samples.map { joined(try push($0, .finish, through: &encoder)) }
        var decoder = try processor.makeDecoder()
        for _ in 0..<run.settings.hostileInputs {
            let bytes = random.hostile(from: valid)
            let given = try run.typed("reading \(bytes)") { try push(bytes, .finish, through: &decoder, most: 100_000) }
            guard given == nil else { continue }
            // A refusal ends a connection; the next one has a step of its own.
            decoder = try processor.makeDecoder()
        }
        decoder = try processor.makeDecoder()
        let back = joined(try push(valid[0], .finish, through: &decoder))
        try run.check(back == samples[0], "after hostile messages a good one is no longer read")
    }

    private func connections(_ processor: any Processor, _ run: borrowing ConformanceRun) async throws {
        let seed = run.settings.seed
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    var random = SeededRandom(seed: seed, name: "connection \(number)")
                    var encoder = try processor.makeEncoder()
                    var decoder = try processor.makeDecoder()
                    for _ in 0..<50 {
                        let sample = random.repetitive(Int.random(in: 1...5000, using: &random))
                        let message = joined(try push(sample, .finish, through: &encoder))
                        guard joined(try push(message, .finish, through: &decoder)) == sample else {
                            throw ConformanceFailure("eight connections at once: a message came back as another")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func stream(_ processor: any Processor, _ run: borrowing ConformanceRun) throws {
        var random = run.random()
        for sample in [random.repetitive(3000), random.bytes(2000), []] {
            var encoder = try processor.makeEncoder()
            let wire = joined(try push(sample, .finish, through: &encoder))
            for longest in [1, 7, 1000] {
                var decoder = try processor.makeDecoder()
                var back: [UInt8] = []
                var start = 0
                while start < wire.count {
                    let end = min(wire.count, start + Int.random(in: 1...longest, using: &random))
                    back += joined(try push(Array(wire[start..<end]), .none, through: &decoder))
                    start = end
                }
                back += joined(try push([], .finish, through: &decoder))
                try run.check(back == sample, "\(sample.count) bytes in pieces of at most \(longest) came back as \(back.count) others")
            }
        }
    }

    private func sync(_ processor: any Processor, _ run: borrowing ConformanceRun) throws {
        var random = run.random()
        var encoder = try processor.makeEncoder()
        var decoder = try processor.makeDecoder()
        for round in 0..<50 {
            let sample = random.repetitive(Int.random(in: 1...2000, using: &random))
            var wire = joined(try push(sample, round.isMultiple(of: 2) ? .sync : .none, through: &encoder))
            if !round.isMultiple(of: 2) { wire += joined(try push([], .sync, through: &encoder)) }
            let back = joined(try push(wire, .none, through: &decoder))
            try run.check(back == sample, "after a sync \(back.count) of \(sample.count) bytes could be read")
        }
    }
}
