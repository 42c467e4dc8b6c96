internal import NIOCore
internal import PatchbayIO
internal import Synchronization

extension Link {
    /// Does what a control frame of the peer asks for.
    /// - Throws: ``PatchbayError`` with the peer's own words for an error frame, or `protocolViolation`.
    func answer(_ frame: ByteBuffer) throws {
        var content = frame
        let kind = ControlKind(rawValue: content.readInteger() ?? 0)
        switch kind {
        case .ping where content.readableBytes <= ControlKind.largestPing: try sendControl(.pong, content)
        case .pong: break
        case .close:
            readSide.withLock { side in
                side.ended = true
                side.heardClose = true
            }
        case .descriptor:
            throw fail(
                PatchbayError(
                    .protocolViolation,
                    "the peer sent a descriptor, which this end does not take; write descriptors=true in the URLs of both ends",
                    stage: .receive
                )
            )
        case .error: throw fail(PeerRefusal(content).error(ownStack: settings.stack?.wireText))
        case _ where kind.isIgnorable: break
        default:
            throw fail(
                PatchbayError(
                    .protocolViolation,
                    "the peer sent a control frame of kind \(kind.rawValue), which has no meaning here",
                    stage: .receive
                )
            )
        }
    }

    private func fail(_ error: PatchbayError) -> PatchbayError {
        readSide.withLock { $0.fail(error) }
        return error
    }

    /// Sends a control frame behind what was sent before.
    func sendControl(_ kind: ControlKind, _ content: ByteBuffer = ByteBuffer()) throws {
        var frame = ByteBuffer()
        try LengthFraming().writeControl(kind, content, into: &frame)
        writeSide.withLock { side in
            guard side.failure == nil, !side.finished else { return }
            takeOutput(&side)
            // A peer that only pings and reads nothing gets no more pongs than the high-water mark holds.
            guard side.pendingBytes < settings.highWaterBytes, side.large == nil else { return }
            side.appendRaw(frame)
        }
        flushBeforeWaiting()
    }
}
