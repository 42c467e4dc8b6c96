internal import NIOCore
internal import PatchbayIO

/// One request and its answer, within a deadline for both.
struct PageConnection: Sendable {
    /// Bytes of a client's that are read and thrown away, so that an answer is not lost with them.
    private static let most = 65_536

    private let stream: any ByteStream
    private let deadline: UInt64

    init(_ stream: any ByteStream, within time: Duration) {
        self.stream = stream
        deadline = stream.reactor.now &+ time.nanosecondsClamped
    }

    private struct Over: Error {}

    nonisolated(nonsending) func run(_ answer: (PageRequest) async -> PageAnswer) async {
        var wire = ByteBuffer()
        var isHead = false
        let response: PageAnswer
        do {
            let request = try await receive(&wire)
            isHead = request.isHead
            response = await answer(request)
        } catch let refusal as PageRefusal {
            response = PageAnswer(refusal)
        } catch {
            return stream.close(abort: true)
        }
        await finish(response.encoded(isHead: isHead))
    }

    /// Answers whatever may have been asked.
    nonisolated(nonsending) func turnAway(_ refusal: PageRefusal) async { await finish(PageAnswer(refusal).encoded(isHead: false)) }

    private nonisolated(nonsending) func finish(_ answer: ByteBuffer) async {
        do {
            try await send(answer)
            stream.shutdownOutput()
            try await drain()
        } catch {}
        stream.close(abort: false)
    }

    private nonisolated(nonsending) func receive(_ wire: inout ByteBuffer) async throws -> PageRequest {
        while true {
            if let end = PageRequest.end(of: wire.readableBytesView) { return try PageRequest(head: wire.readableBytesView.prefix(end)) }
            guard wire.readableBytes < PageRequest.largest else { throw PageRefusal.tooLarge }
            switch stream.read(into: &wire, upTo: PageRequest.largest - wire.readableBytes) {
            case .bytes: continue
            case .blocked: guard try await wait({ stream.whenReadable($0) }) else { throw PageRefusal.timedOut }
            case .end, .failed: throw Over()
            }
        }
    }

    private nonisolated(nonsending) func send(_ bytes: ByteBuffer) async throws {
        var rest = bytes
        while rest.readableBytes > 0 {
            let outcome = rest.withUnsafeReadableBytes { stream.write($0, UnsafeRawBufferPointer(start: nil, count: 0)) }
            switch outcome {
            case .bytes(let count): rest.moveReaderIndex(forwardBy: count)
            case .blocked: guard try await wait({ stream.whenWritable($0) }) else { throw Over() }
            case .failed: throw Over()
            }
        }
    }

    /// Until the client ends: closing over bytes that were not read would take the answer back.
    private nonisolated(nonsending) func drain() async throws {
        var count = 0
        while count < Self.most {
            var wire = ByteBuffer()
            switch stream.read(into: &wire, upTo: 4096) {
            case .bytes(let some): count += some
            case .blocked: guard try await wait({ stream.whenReadable($0) }) else { return }
            case .end, .failed: return
            }
        }
    }

    /// - Returns: false once the time is over.
    private nonisolated(nonsending) func wait(_ register: (ReadinessGate) -> Bool) async throws -> Bool {
        guard stream.reactor.now < deadline else { return false }
        let gate = ReadinessGate()
        gate.expire(at: deadline, on: stream.reactor)
        await withTaskCancellationHandler {
            await gate.wait { register(gate) }
        } onCancel: {
            gate.streamBecameReadable()
        }
        try Task.checkCancellation()
        return !gate.hasExpired
    }
}
