internal import NIOCore

extension ByteBuffer {
    /// Has a function write into at most `room` bytes of the buffer's own memory, behind what is there.
    mutating func fill(
        _ room: Int,
        _ body: (UnsafeMutableRawBufferPointer) throws -> BoundTransform.Outcome
    ) throws -> BoundTransform.Outcome {
        var outcome = BoundTransform.Outcome.done(0)
        _ = try writeWithUnsafeMutableBytes(minimumWritableBytes: room) { memory in
            outcome = try body(UnsafeMutableRawBufferPointer(rebasing: memory.prefix(room)))
            if case .done(let count) = outcome { return count }
            return 0
        }
        return outcome
    }
}
