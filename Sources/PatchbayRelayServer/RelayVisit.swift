internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import PatchbayRelay

/// One connection to a relay, from its first byte on.
struct RelayVisit: Sendable {
    /// From one listener within a lease.
    private static let mostFrames = 256

    let floor: RelayFloor
    let stream: any ByteStream

    func run() async {
        let client = floor.enter(stream)
        var isDecided = false
        defer { if !isDecided { floor.decided(client) } }
        var transcript = RelayTranscript()
        do {
            let (message, frame) = try await greet(&transcript)
            isDecided = true
            floor.decided(client)
            switch message {
            case .listen(let name, let generation, let instance, let access):
                try await listen(client, name, generation, instance, access, frame, &transcript)
            case .dial(let name, let access): try await dial(client, name, access, frame, &transcript)
            case .accept(let circuit):
                // The stream goes to the dialer's task, with the answer that tells the listener so.
                if let id = RelayDesk.CircuitID(bytes: circuit), floor.accept(id, stream) { return }
                throw RelayDesk.Refusal(code: .noSuchName, message: "there is no such call any more")
            default: throw RelayDesk.Refusal(code: .protocolViolation, message: "a connection begins with listen, dial or accept")
            }
        } catch let refusal as RelayDesk.Refusal {
            await refuse(refusal)
        } catch {
            if let error = error as? PatchbayError, error.code == .protocolViolation || error.code == .versionMismatch {
                await refuse(RelayDesk.Refusal(code: error.code, message: error.message))
            }
        }
        stream.close(abort: false)
    }

    private func exchange(_ duration: Duration) -> RelayExchange {
        RelayExchange(stream, deadline: stream.reactor.now &+ duration.nanosecondsClamped)
    }

    /// - Returns: what the client wants, and the bytes that its proof is over.
    private func greet(_ transcript: inout RelayTranscript) async throws -> (RelayMessage, ByteBuffer) {
        let exchange = exchange(floor.limits.decision)
        var generator = SystemRandomNumberGenerator()
        let nonce = (0..<RelayAccess.nonceBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        var hello = ByteBuffer(bytes: RelayOpening.preface)
        try RelayMessage.challenge(nonce: nonce, realm: floor.realm).write(into: &hello)
        transcript.append(hello)
        try await exchange.send(hello)
        var wire = ByteBuffer()
        try await exchange.receive(into: &wire, to: RelayOpening.preface.count)
        guard wire.readableBytesView.prefix(RelayOpening.magic.count).elementsEqual(RelayOpening.magic) else {
            throw RelayDesk.Refusal(code: .protocolViolation, message: "this is a relay, and speaks its own protocol")
        }
        guard wire.getBytes(at: wire.readerIndex, length: RelayOpening.preface.count) == RelayOpening.preface else {
            throw RelayDesk.Refusal(
                code: .versionMismatch,
                message: "this relay speaks version \(RelayOpening.majorVersion) of its protocol"
            )
        }
        var said = wire
        wire.clear()
        let (message, frame) = try await exchange.receiveMessage(&wire)
        said.writeImmutableBuffer(frame)
        return (message, said)
    }

    private func refuse(_ refusal: RelayDesk.Refusal) async {
        floor.record.refused(refusal, from: stream.peer.address, now: stream.reactor.now)
        var frame = ByteBuffer()
        guard (try? RelayMessage.failure(code: refusal.code, message: refusal.message).write(into: &frame)) != nil else { return }
        try? await exchange(.seconds(1)).send(frame)
    }

    private func ready(circuit: [UInt8]?, lease: UInt32?, key: RelayKey?, _ transcript: inout RelayTranscript) throws -> ByteBuffer {
        var frame = ByteBuffer()
        let proof = key.map { _ in [UInt8](repeating: 0, count: RelayAccess.proofBytes) }
        try RelayMessage.ready(circuit: circuit, lease: lease, proof: proof).write(into: &frame)
        if let key { transcript.prove(&frame, with: key, as: .listener) }
        return frame
    }

    private func caller(_ client: RelayDesk.Client, _ grant: RelayGrant, _ key: RelayKey?) -> RelayDesk.Caller {
        RelayDesk.Caller(client: client, grant: grant, key: key, address: stream.peer.address?.host ?? "")
    }

    // MARK: - Listeners

    private func listen(
        _ client: RelayDesk.Client,
        _ name: String,
        _ generation: UInt64,
        _ instance: [UInt8],
        _ access: RelayAccess,
        _ said: ByteBuffer,
        _ transcript: inout RelayTranscript
    ) async throws {
        let (grant, key) = try floor.admit(access, said, &transcript)
        let lease = UInt32(clamping: floor.limits.lease.nanosecondsClamped / 1_000_000)
        let answer = try ready(circuit: nil, lease: lease, key: key, &transcript)
        // A call may be offered as soon as the name is registered, and must come behind the answer.
        let line = ControlLine(stream, first: answer)
        try floor.register(
            name,
            caller(client, grant, key),
            instance: instance,
            generation: generation,
            line: line,
            now: stream.reactor.now
        )
        var inOrder = false
        defer { floor.leave(client, inOrder: inOrder, now: stream.reactor.now) }
        line.start()
        if floor.load >= 0.8 { line.send(.notice(code: .relayFull, message: "the relay is four fifths full", after: nil)) }
        do throws(RelayDesk.Refusal) {
            inOrder = try await attend(line)
        } catch {
            // By the line, which may have something under way.
            floor.leave(client, inOrder: false, now: stream.reactor.now)
            floor.record.refused(error, from: stream.peer.address, now: stream.reactor.now)
            line.end(.failure(code: error.code, message: error.message))
        }
    }

    /// Listens to a listener until it goes.
    /// - Returns: whether it gave its name back.
    private func attend(_ line: ControlLine) async throws(RelayDesk.Refusal) -> Bool {
        var wire = ByteBuffer()
        // One ping in a third of the lease is due.
        var allowance = Self.mostFrames
        var renewal = stream.reactor.now &+ floor.limits.lease.nanosecondsClamped
        while true {
            let message: RelayMessage
            do {
                // Whoever says nothing for a lease is gone.
                message = try await exchange(floor.limits.lease).receiveMessage(&wire).message
            } catch let error as PatchbayError where error.code == .protocolViolation || error.code == .versionMismatch {
                throw RelayDesk.Refusal(code: error.code, message: error.message)
            } catch {
                return false
            }
            if stream.reactor.now >= renewal {
                allowance = Self.mostFrames
                renewal = stream.reactor.now &+ floor.limits.lease.nanosecondsClamped
            }
            allowance -= 1
            guard allowance >= 0 else {
                throw RelayDesk.Refusal(code: .limitExceeded, message: "more than \(Self.mostFrames) frames within a lease")
            }
            switch message {
            case .ping: line.send(.pong)
            case .pong: break
            case .withdraw: return true
            default: throw RelayDesk.Refusal(code: .protocolViolation, message: "a frame that is not due")
            }
        }
    }

    // MARK: - Dialers

    private func dial(
        _ client: RelayDesk.Client,
        _ name: String,
        _ access: RelayAccess,
        _ said: ByteBuffer,
        _ transcript: inout RelayTranscript
    ) async throws {
        let (grant, key) = try floor.admit(access, said, &transcript)
        var generator = SystemRandomNumberGenerator()
        let id = RelayDesk.CircuitID(high: generator.next(), low: generator.next())
        let waiting = try floor.dial(name, caller(client, grant, key), id: id, now: stream.reactor.now)
        defer { floor.end(id, dialer: client) }
        switch await waiting.answer() {
        case .refused(let refusal): throw refusal
        case .taken(var other):
            // Both on one reactor, so that what comes from one is sent to the other without a hop.
            if other.reactor !== stream.reactor, let moved = (other as? SocketStream)?.moved(to: stream.reactor) { other = moved }
            do {
                let exchange = exchange(floor.limits.decision)
                var taken = ByteBuffer()
                try RelayMessage.ready(circuit: id.bytes, lease: nil, proof: nil).write(into: &taken)
                do {
                    try await RelayExchange(other, deadline: exchange.deadline).send(taken)
                } catch {
                    throw RelayDesk.Refusal(code: .nameAway, message: "the listener's connection for the call failed; try again")
                }
                try await exchange.send(try ready(circuit: id.bytes, lease: nil, key: key, &transcript))
            } catch {
                other.close(abort: true)
                throw error
            }
            let splice = Splice(stream, other, limit: floor.limits.buffer)
            floor.record.callBegan(id, splice, now: stream.reactor.now)
            await splice.run()
            floor.record.callEnded(id, now: stream.reactor.now)
        }
    }
}
