package import NIOCore
internal import Synchronization

extension Reactor {
    /// What a read buffer from the pool holds.
    package static let readBufferBytes = 131_072
    private static let pooledBuffers = 32
    /// Buffers for writing that stay with the thread.
    private static let buffersOfThread = 8
    private static let outputBufferBytes = 8_192
    package static let largestPooledOutput = 524_288

    /// An empty buffer for reading. Hot ones stay with the thread.
    package func takeReadBuffer() -> ByteBuffer {
        if isCurrent {
            if var buffer = local.pointee.buffers.popLast() {
                buffer.clear()
                return buffer
            }
        } else if var buffer = shared.withLock({ $0.buffers.popLast() }) {
            buffer.clear()
            return buffer
        }
        return ByteBufferAllocator().buffer(capacity: Self.readBufferBytes)
    }

    /// Takes back a buffer, slices of which may still be out.
    /// - Parameter isLent: they are, for now: it is given out again after all others.
    package func giveReadBuffer(_ buffer: consuming ByteBuffer, isLent: Bool = false) {
        let buffer = buffer
        guard buffer.storageCapacity == Self.readBufferBytes else { return }
        if isCurrent {
            guard local.pointee.buffers.count < Self.pooledBuffers else { return }
            local.pointee.buffers.insert(buffer, at: isLent ? 0 : local.pointee.buffers.count)
        } else {
            shared.withLock { shared in
                guard shared.buffers.count < Self.pooledBuffers else { return }
                shared.buffers.insert(buffer, at: isLent ? 0 : shared.buffers.count)
            }
        }
    }

    /// An empty buffer for writing, small at first.
    package func takeOutputBuffer() -> ByteBuffer {
        // One reference alone: clearing a buffer that has another takes new storage.
        if var buffer = isCurrent ? local.pointee.outputs.popLast() : shared.withLock({ $0.outputs.popLast() }) {
            buffer.clear()
            return buffer
        }
        return ByteBufferAllocator().buffer(capacity: Self.outputBufferBytes)
    }

    package func giveOutputBuffer(_ buffer: consuming ByteBuffer) {
        let buffer = buffer
        guard buffer.storageCapacity <= Self.largestPooledOutput else { return }
        if isCurrent, local.pointee.outputs.count < Self.buffersOfThread {
            local.pointee.outputs.append(buffer)
        } else {
            // Those who take them elsewhere give them back here, at the end of a tick.
            shared.withLock { if $0.outputs.count < Self.pooledBuffers { $0.outputs.append(buffer) } }
        }
    }
}
