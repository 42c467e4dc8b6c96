internal import CPatchbayIO
internal import Glibc
package import NIOCore
internal import Synchronization

/// What one read brought besides bytes. Whatever is not handed over here is closed.
package enum DescriptorArrival: ~Copyable, Sendable {
    case one(OwnedDescriptor)
    /// More than the one that is allowed.
    case several(Int)
    /// Some were lost: this process has no room for more, or the sender's control data was no good.
    case lost
}

/// Unix sockets alone: descriptors beside the bytes, SCM_RIGHTS of unix(7).
extension SocketStream {
    /// Reads as ``read(into:upTo:)`` does, and keeps the descriptor that came along.
    ///
    /// The kernel ends a read with the bytes that descriptors were sent with: whatever came, it came with the last of the bytes.
    /// - Parameter arrival: set where something came.
    package func read(into buffer: inout ByteBuffer, upTo maximum: Int, _ arrival: inout DescriptorArrival?) -> ReadOutcome {
        readSide.withLock { side in
            if side.closed { return .end }
            if !side.readable { return .blocked }
            var ancillary = cpb_ancillary()
            var descriptor: CInt = -1
            var result = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: maximum) { space in
                result = cpb_recv_descriptors(socket, space.baseAddress, maximum, &descriptor, 1, &ancillary)
                return max(result, 0)
            }
            if ancillary.descriptors > 0 {
                let first = OwnedDescriptor(descriptor)
                if ancillary.truncated == 0, ancillary.descriptors == 1 { arrival = .one(first) }
            }
            if ancillary.truncated != 0 {
                arrival = .lost
            } else if ancillary.descriptors > 1 {
                arrival = .several(ancillary.descriptors)
            }
            return Self.outcome(of: result, maximum, hadControl: ancillary.came != 0, &side)
        }
    }

    /// Sends a few bytes, at least one, and a copy of a descriptor with the first of them. The descriptor stays the caller's.
    package func write(_ bytes: [UInt8], carrying descriptor: CInt) -> WriteOutcome {
        writeSide.withLock { side in
            if side.closed { return .failed(IOFailure(errno: EPIPE, operation: "send")) }
            if !side.writable { return .blocked }
            return Self.outcome(of: cpb_send_descriptor(socket, bytes, bytes.count, descriptor), &side)
        }
    }
}
