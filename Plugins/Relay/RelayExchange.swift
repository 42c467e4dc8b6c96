package import NIOCore
internal import PatchbayCore
package import PatchbayIO

/// Lets a client's opening run over a stream; takes no byte off it that is not the relay's.
package struct RelayExchange: Sendable {
    package var stream: any ByteStream
    /// In nanoseconds of the monotonic clock; `.max` without a limit.
    package var deadline: UInt64

    package init(_ stream: any ByteStream, deadline: UInt64) {
        self.stream = stream
        self.deadline = deadline
    }

    /// - Throws: what the opening throws, `timedOut`, `closed`; `CancellationError`. The stream is then the caller's to close.
    package nonisolated(nonsending) func run(_ opening: inout RelayOpening) async throws -> RelayOpening.Outcome {
        var wire = ByteBuffer()
        while true {
            switch try opening.advance(&wire) {
            case .send(let bytes): try await send(bytes)
            case .need(let count): try await receive(into: &wire, to: count)
            case .done(let outcome): return outcome
            }
        }
    }

    package nonisolated(nonsending) func send(_ bytes: ByteBuffer) async throws {
        var rest = bytes
        while rest.readableBytes > 0 {
            let outcome = rest.withUnsafeReadableBytes { stream.write($0, UnsafeRawBufferPointer(start: nil, count: 0)) }
            switch outcome {
            case .bytes(let count): rest.moveReaderIndex(forwardBy: count)
            case .blocked: try await wait { stream.whenWritable($0) }
            case .failed(let failure): throw Self.explain(failure)
            }
        }
    }

    /// Reads until so many bytes are there, and not one more.
    package nonisolated(nonsending) func receive(into wire: inout ByteBuffer, to count: Int) async throws {
        while wire.readableBytes < count {
            switch stream.read(into: &wire, upTo: count - wire.readableBytes) {
            case .bytes: continue
            case .blocked: try await wait { stream.whenReadable($0) }
            case .end:
                throw PatchbayError(
                    .closed,
                    "the relay closed the connection; it may be going down: try again",
                    stage: .dial,
                    layer: "relay"
                )
            case .failed(let failure): throw Self.explain(failure)
            }
        }
    }

    /// The next frame with its bytes, and not one byte more where `wire` was empty.
    /// - Parameter wire: what is left of before, and after.
    /// - Throws: `protocolViolation`, and as ``run(_:)``.
    package nonisolated(nonsending) func receiveMessage(_ wire: inout ByteBuffer) async throws -> (message: RelayMessage, frame: ByteBuffer)
    {
        while true {
            if let read = try RelayMessage.read(&wire) {
                wire.discardReadBytes()
                return read
            }
            try await receive(into: &wire, to: RelayMessage.bytesNeeded(wire))
        }
    }

    private nonisolated(nonsending) func wait(_ register: (ReadinessGate) -> Bool) async throws {
        let gate = ReadinessGate()
        if deadline != .max { gate.expire(at: deadline, on: stream.reactor) }
        await withTaskCancellationHandler {
            await gate.wait { register(gate) }
        } onCancel: {
            gate.streamBecameReadable()
        }
        // Else each wait leaves an entry of the wheel behind until its time has come.
        if deadline != .max { stream.reactor.unschedule(gate, at: deadline) }
        try Task.checkCancellation()
        guard !gate.hasExpired else {
            throw PatchbayError(.timedOut, "the relay did not answer in time", stage: .dial, layer: "relay")
        }
    }

    private static func explain(_ failure: IOFailure) -> PatchbayError {
        PatchbayError(.reset, "the connection to the relay failed", stage: .dial, layer: "relay", cause: failure)
    }
}
