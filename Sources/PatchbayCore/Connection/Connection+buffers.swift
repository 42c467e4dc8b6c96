public import NIOCore
internal import PatchbayIO

extension Connection {
    /// Receives one message into an array's memory.
    /// - Parameters:
    ///   - buffer: numbers without pointers, such as `[UInt8]` or `[Int32]`; it keeps its count.
    ///   - byteOffset: where in the memory the message begins, in bytes.
    /// - Returns: the message's bytes; nil once the peer has ended in order.
    /// - Throws: as ``receiveBytes(maximum:timeout:)``. `bufferTooSmall` holds the whole message as its payload, and the connection
    ///   goes on; `invalidArgument` for an offset outside of the memory, before anything is received.
    public nonisolated(nonsending) func receive<Element: BitwiseCopyable>(
        into buffer: inout [Element],
        at byteOffset: Int = 0,
        timeout: Duration? = nil
    ) async throws -> Int? {
        let capacity = buffer.count * MemoryLayout<Element>.stride
        guard byteOffset >= 0, byteOffset <= capacity else {
            throw PatchbayError(
                .invalidArgument,
                "the offset \(byteOffset) is not within the \(capacity) bytes of the buffer",
                stage: .receive
            )
        }
        guard let message = try await receiveBytes(timeout: timeout) else { return nil }
        let count = message.readableBytes
        guard count <= capacity - byteOffset else {
            var error = PatchbayError(
                .bufferTooSmall,
                "a message of \(count) bytes does not fit into the \(capacity - byteOffset) bytes behind the offset; take it from the error's payload",
                stage: .receive
            )
            error.payload = message
            throw error
        }
        buffer.withUnsafeMutableBytes { memory in
            message.withUnsafeReadableBytes { UnsafeMutableRawBufferPointer(rebasing: memory[byteOffset...]).copyMemory(from: $0) }
        }
        return count
    }

    /// Receives exactly so many bytes of a stream without boundaries: the framing `none`. What came beyond stays for the next call.
    /// - Returns: nil once the peer has ended in order and nothing is left.
    /// - Throws: as ``receiveBytes(maximum:timeout:)``; `truncated`, with what came as its payload, where the end comes first;
    ///   `unsupported` where the framing keeps boundaries; `messageTooLarge` above the connection's limit.
    public nonisolated(nonsending) func receive(exactly count: Int, timeout: Duration? = nil) async throws -> ByteBuffer? {
        guard !link.settings.framing.keepsBoundaries, !link.keepsPackets else {
            throw PatchbayError(
                .unsupported,
                "this stack keeps message boundaries; for a plain stream of bytes write none+bare+… in the URL",
                stage: .receive
            )
        }
        guard count >= 0 else { throw PatchbayError(.invalidArgument, "a count of bytes is not negative", stage: .receive) }
        guard count <= link.settings.maximumMessageBytes else { throw Link.tooLarge(count, link.settings.maximumMessageBytes) }
        var deadline: UInt64 = 0
        while true {
            switch try link.nextBytes(count) {
            case .message(let bytes): return bytes
            case .end, .control: return nil
            case .turn: try await link.takeTurn()
            case .flush: link.flushBeforeWaiting()
            case .wait(let id):
                if deadline == 0 { deadline = link.deadlineAfter(timeout ?? link.settings.receiveTimeout) }
                try await link.waitToReceive(id, deadline: deadline)
            }
        }
    }
}
