internal import NIOCore
internal import PatchbayIO
internal import Synchronization

/// What a listener says to a peer that has proved who it is.
public enum Admission: Sendable, Hashable {
    case admit
    /// The peer is told the reason, which must hold no secret.
    case refuse(reason: String)
}

extension Link {
    /// Does what an opening says until the connection is up. On a throw the peer was told what it may know, and the caller
    /// closes.
    nonisolated(nonsending) func open(
        _ opening: inout some Opening,
        deadline: UInt64,
        admit: (@Sendable (PeerOffer) async throws -> Admission)?
    ) async throws -> PeerOffer {
        let result = try await conduct(&opening, deadline: deadline, admit: admit)
        try start(result)
        return result.offer
    }

    /// Does what an opening says until it is done.
    nonisolated(nonsending) func conduct(
        _ opening: inout some Opening,
        deadline: UInt64,
        admit: (@Sendable (PeerOffer) async throws -> Admission)?
    ) async throws -> OpeningResult {
        let alarm = OpeningAlarm(link: self, deadline)
        defer { alarm.end() }
        do {
            while true {
                switch try advance(&opening) {
                // Leaves with what follows it, when the opening next waits.
                case .send(let bytes): appendRaw(bytes)
                case .need(let count): try await readRaw(&opening, atLeast: count, deadline: deadline)
                case .perform(let work):
                    flushBeforeWaiting()
                    opening.verdict(try await Self.offReactor(work))
                case .admit(let offer):
                    flushBeforeWaiting()
                    switch try await admit?(offer) ?? .admit {
                    case .admit: opening.admitted()
                    case .refuse(let reason): throw opening.refuse(reason)
                    }
                case .done(let result): return result
                }
            }
        } catch {
            if let error = error as? PatchbayError, error.code == .timedOut {
                let late = PatchbayError(
                    .timedOut,
                    "the peer did not finish the handshake in time; check that both ends use the same stack and a key",
                    stage: .handshake
                )
                opening.abandon(late)
                if let parting = opening.parting { sendRaw(parting) }
                throw late
            }
            if let parting = opening.parting { sendRaw(parting) }
            throw error
        }
    }

    /// Slow on purpose, such as scrypt: not on the reactor, which serves others meanwhile.
    private nonisolated(nonsending) static func offReactor(_ work: @escaping @Sendable () async throws -> Bool) async throws -> Bool {
        // In a task of its own: a preference for another executor moves nothing before the work first suspends, and PBKDF2 never does.
        let task = Task.detached { try await work() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// The deadline of an opening. Apart from the link, which outlives it: whatever the reactor's wheel has ever held weakly has a side table,
    /// which takes memory and makes counting references slow for as long as it lives.
    private final class OpeningAlarm: DeadlineTarget {
        private let link: Link
        private let deadline: UInt64

        init(link: Link, _ deadline: UInt64) {
            self.link = link
            self.deadline = deadline
            guard deadline != .max else { return }
            link.armedUntil.store(deadline, ordering: .relaxed)
            link.reactor.schedule(self, at: deadline)
        }

        func end() {
            guard deadline != .max else { return }
            link.reactor.unschedule(self, at: deadline)
            link.armedUntil.store(.max, ordering: .relaxed)
        }

        func deadlineReached(now: UInt64) -> UInt64? { link.deadlineReached(now: now) }
    }

    private func advance(_ opening: inout some Opening) throws -> OpeningStep {
        try readSide.withLock { side in try opening.advance(&side.buffer) }
    }

    /// The buffer is small until the connection is up: a silent or slow peer holds no more.
    private static var openingRead: Int { 2_048 }

    private enum RawStep { case more, wait(UInt32), end }

    private nonisolated(nonsending) func readRaw(_ opening: inout some Opening, atLeast count: Int, deadline: UInt64) async throws {
        while true {
            let step = try readSide.withLock { side throws -> RawStep in
                if side.buffer.readableBytes >= count { return .more }
                if let failure = side.failure { throw failure }
                if side.ended { return .end }
                if side.buffer.readableBytes == 0 { side.buffer.clear() }
                // Where descriptors may follow, nothing is read ahead: they would be lost here.
                let ahead = settings.takesDescriptors ? 0 : Self.openingRead
                switch stream.read(into: &side.buffer, upTo: max(ahead, count - side.buffer.readableBytes)) {
                case .bytes:
                    side.hasHeard = true
                    return side.buffer.readableBytes >= count ? .more : .wait(0)
                case .blocked:
                    return .wait(nextCall())
                case .end:
                    side.ended = true
                    return .end
                case .failed(let failure):
                    side.fail(Self.failure(failure, .handshake))
                    throw Self.failure(failure, .handshake)
                }
            }
            switch step {
            case .more: return
            case .wait(0): continue
            case .wait(let id): try await waitToReceive(id, deadline: deadline)
            case .end:
                let rest = readSide.withLock { $0.buffer }
                throw opening.ended(rest)
            }
        }
    }

    /// Sends bytes as they are, at once.
    private func sendRaw(_ bytes: ByteBuffer) {
        appendRaw(bytes)
        flushBeforeWaiting()
    }

    private func appendRaw(_ bytes: ByteBuffer) {
        writeSide.withLock { side in
            takeOutput(&side)
            side.appendRaw(bytes)
        }
    }

    /// Takes over what the opening left: what comes next is messages.
    func start(_ result: OpeningResult) throws {
        var sealer = result.sealer
        var opener = result.opener
        if !settings.streamProcessors.isEmpty {
            // A flush is at most what waits above the high-water mark and one message.
            let maximum = settings.maximumMessageBytes + settings.highWaterBytes
            sealer = try ProcessingSealer(settings.streamProcessors, over: sealer, maximum: maximum)
            opener = try ProcessingOpener(settings.streamProcessors, over: opener, maximum: maximum)
        }
        guard !keepsPackets || (sealer == nil && opener == nil) else {
            throw PatchbayError(
                .unsupported,
                "what the authentication leaves on the stream needs a framing here, because this transport keeps packets apart; write one, such as "
                    + "length32, instead of none",
                stage: .handshake
            )
        }
        guard !settings.takesDescriptors || (sealer == nil && opener == nil) else { throw DescriptorInbox.unsupported(.sealed) }
        // The opening's last words leave with the first message, or at the end of the turn.
        let schedule = writeSide.withLock { side in
            if let sealer { side.seal(with: sealer) }
            side.largestForPeer = result.peerLargestMessage
            if let sealed = side.sealed, side.out.readableBytes > 0 {
                // They are for the wire as they are.
                sealed.wire.writeImmutableBuffer(side.out)
                side.out.clear()
            }
            guard !side.isEmpty, !side.scheduled else { return false }
            side.scheduled = true
            return true
        }
        if schedule { reactor.scheduleFlush(self) }
        readSide.withLock { side in
            side.needed = 0
            if let opener {
                side.form = .sealed(SealedInput(opener, wire: side.buffer))
                side.buffer = result.opened
            }
            side.descriptors?.begin(with: side.buffer.readableBytes)
            side.holdsBuffer = side.buffer.readableBytes > 0
        }
    }
}
