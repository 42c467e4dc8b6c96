internal import NIOCore
internal import PatchbayCore

/// What every codec keeps.
struct CodecConformance {
    let layer: Layer
    let make: @Sendable (Options) throws -> any Codec

    var tests: [ConformanceTest] {
        [
            ConformanceTest("\(layer.name)/made", "the codec is made from its default options", profile: .load) { run in
                _ = try run.make(layer, make)
            },
            ConformanceTest("\(layer.name)/values", "values come back as they were, or are refused with encodingFailed") { run in
                try values(run.make(layer, make), run)
            },
            ConformanceTest("\(layer.name)/buffer", "a message is appended, and read from wherever it lies") { run in
                try buffer(run.make(layer, make), run)
            },
            ConformanceTest("\(layer.name)/hostile", "hostile messages are read or refused, and what is read has an echo") { run in
                try hostile(run.make(layer, make), run)
            },
            ConformanceTest("\(layer.name)/threads", "eight tasks can use one codec at once", profile: .stress) { run in
                try await threads(run.make(layer, make), run)
            },
        ]
    }

    /// The sample values that this codec can write and read, each with its message.
    private func messages(_ codec: any Codec, _ run: borrowing ConformanceRun) throws -> [(value: Value, message: ByteBuffer)] {
        var messages: [(Value, ByteBuffer)] = []
        for value in SampleValues.common + SampleValues.particular + [.bytes(ByteBuffer(string: "bytes"))] {
            let message: ByteBuffer
            do { message = try self.message(of: value, codec) } catch let error as PatchbayError
                where error.code == .encodingFailed || error.code == .limitExceeded
            { continue }
            do { _ = try codec.decodeValue(from: message) } catch let error as PatchbayError where SampleValues.mayBeUnread(value, error) {
                continue
            }
            messages.append((value, message))
        }
        try run.check(!messages.isEmpty, "it refuses every value, bytes too; see the errors of 'encode'")
        return messages
    }

    private func message(of value: Value, _ codec: any Codec) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try codec.encode(value, into: &buffer)
        return buffer
    }

    private func values(_ codec: any Codec, _ run: borrowing ConformanceRun) throws {
        for (value, message) in try messages(codec, run) {
            let read = try codec.decodeValue(from: message)
            // A codec of bytes alone gives every value as bytes, one of nothing as null.
            let isOneKind =
                switch read {
                case .bytes, .null: true
                default: false
                }
            try run.check(isOneKind || !SampleValues.common.contains(value) || read == value, "it wrote \(value) and read \(read)")
            let echo = try self.message(of: read, codec)
            try run.check(echo == message, "the message of \(value) changed when it was read and written again")
        }
    }

    private func buffer(_ codec: any Codec, _ run: borrowing ConformanceRun) throws {
        for (value, message) in try messages(codec, run).prefix(40) {
            var buffer = ByteBuffer(string: "before")
            try codec.encode(value, into: &buffer)
            try run.check(buffer.readString(length: 6) == "before", "it changed what stood in the buffer before its message")
            try run.check(buffer == message, "the message of \(value) is another behind other bytes than alone")
            var slice = ByteBuffer(string: "in front")
            slice.writeImmutableBuffer(message)
            slice.writeString("behind")
            guard let slice = slice.getSlice(at: 8, length: message.readableBytes) else { return }
            let echo = try self.message(of: codec.decodeValue(from: slice), codec)
            try run.check(echo == message, "a message that is a slice of a larger buffer is read as another value")
        }
    }

    private func hostile(_ codec: any Codec, _ run: borrowing ConformanceRun) throws {
        var random = run.random()
        let valid = try messages(codec, run).map { Array($0.message.readableBytesView.prefix(2000)) }
        for _ in 0..<run.settings.hostileInputs {
            let bytes = random.hostile(from: valid)
            guard let value = try run.typed("reading \(bytes)", { try codec.decodeValue(from: ByteBuffer(bytes: bytes)) }),
                let message = try run.typed("writing what \(bytes) gave", { try self.message(of: value, codec) })
            else { continue }
            let echo = try run.typed("reading its own message of what \(bytes) gave") {
                try self.message(of: codec.decodeValue(from: message), codec)
            }
            try run.check(echo == message, "the echo of the message \(bytes) changes each time it is read and written")
        }
    }

    private func threads(_ codec: any Codec, _ run: borrowing ConformanceRun) async throws {
        let messages = try messages(codec, run)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for (value, message) in (0..<20).flatMap({ _ in messages.prefix(25) }) {
                        guard try self.message(of: value, codec) == message else {
                            throw ConformanceFailure("two tasks at once: the message of \(value) is another")
                        }
                        _ = try codec.decodeValue(from: message)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
