internal import NIOCore
internal import PatchbayIO
internal import Synchronization

/// One message, one packet: for a medium that keeps packets apart, under a framing that marks no messages.
extension Link {
    /// Reads one packet, which is a message.
    /// - Returns: false where there is nothing to read now.
    func fillWithPacket(_ side: inout ReadSide) -> Bool {
        // One more than is allowed would be the peer's breach of a limit, and is told as that.
        switch packets?.readPacket(upTo: settings.maximumMessageBytes) {
        case .packet(let packet):
            side.countRead()
            side.countMessage()
            do {
                try deliver(&side, packet)
            } catch {
                side.fail(PatchbayError.wrapping(error, stage: .decode))
            }
        case .tooLarge(let count): side.fail(Self.tooLarge(count, settings.maximumMessageBytes))
        case .blocked: return false
        case .end, nil: side.ended = true
        case .failed(let failure): side.fail(Self.failure(failure, .receive))
        }
        return true
    }

    /// Appends one message as a packet of its own.
    func enqueuePacket(_ side: inout WriteSide, _ message: ByteBuffer) throws {
        let count = message.readableBytes
        guard let packets, count > 0 else {
            throw PatchbayError(
                .encodingFailed,
                "an empty message cannot be told from the end here, where each message is a packet; choose a framing instead of none",
                stage: .encode
            )
        }
        if count > packets.ordinaryPacket {
            let largest = packets.largestPacket(for: count)
            guard count <= largest else {
                throw PatchbayError(
                    .messageTooLarge,
                    "the message has \(count) bytes, and this transport sends packets of at most \(largest); choose a framing instead of none, "
                        + "which cuts messages, or a transport of streams",
                    stage: .send
                )
            }
        }
        side.out.writeImmutableBuffer(message)
        side.packets?.sizes.append(count)
    }

    /// Sends the next packet alone, whatever else waits.
    func writePacket(_ side: inout WriteSide) -> WriteOutcome {
        let size = side.packets?.sizes.first ?? side.out.readableBytes
        let outcome = side.out.withUnsafeReadableBytes { waiting in
            packets?.writePacket(UnsafeRawBufferPointer(rebasing: waiting.prefix(size)))
        }
        return outcome ?? .bytes(0)
    }
}
