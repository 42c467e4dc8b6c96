internal import NIOCore
internal import PatchbayIO
internal import Synchronization

/// Joins two streams: what comes from one goes to the other, unread, until both have ended.
///
/// Each direction holds one buffer, and only while bytes wait in it; while they do, nothing more is read: a slow reader stalls its own
/// peer, and nobody else.
final class Splice: Sendable {
    private struct State {
        var open = 2
        var failed = false
        /// While they run: they hold this splice.
        var pumps: (forth: Pump, back: Pump)?
        var passed: (forth: UInt64, back: UInt64) = (0, 0)
        var finished: UnsafeContinuation<Void, Never>?
    }

    private let streams: (any ByteStream, any ByteStream)
    private let limit: Int
    private let state = Locked(State())

    /// - Parameter limit: bytes that wait in each direction.
    init(_ dialer: any ByteStream, _ listener: any ByteStream, limit: Int) {
        streams = (dialer, listener)
        self.limit = limit
    }

    /// Until both directions are over; cancellation cuts them.
    func run() async {
        let forth = Pump(from: streams.0, to: streams.1, limit: limit, in: self)
        let back = Pump(from: streams.1, to: streams.0, limit: limit, in: self)
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                state.withLock { state in
                    state.finished = continuation
                    state.pumps = (forth, back)
                }
                forth.move()
                back.move()
            }
        } onCancel: {
            cut()
        }
        let failed = state.withLock { state in
            state.passed = (forth.count, back.count)
            state.pumps = nil
            return state.failed
        }
        streams.0.close(abort: failed)
        streams.1.close(abort: failed)
    }

    /// Bytes that have passed so far, from the dialer to the listener and back.
    var passed: (forth: UInt64, back: UInt64) {
        state.withLock { state in state.pumps.map { ($0.forth.count, $0.back.count) } ?? state.passed }
    }

    /// One direction is over.
    fileprivate func ended(failed: Bool) {
        let finished = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            state.open -= 1
            if failed { state.failed = true }
            return state.open == 0 ? state.finished.take() : nil
        }
        // The other direction has nobody to speak for: its waiters are told.
        if failed { cut() }
        finished?.resume()
    }

    private func cut() {
        streams.0.close(abort: true)
        streams.1.close(abort: true)
    }
}

/// One direction of a splice.
private final class Pump: StreamWaiter {
    private struct State {
        var buffer = ByteBuffer()
        var holdsBuffer = false
        var ended = false
        var over = false
    }

    /// Reads before others have their turn.
    private static let turns = 16

    private let source: any ByteStream
    private let target: any ByteStream
    private let limit: Int
    private let splice: Splice
    private let state = Locked(State())
    /// Apart from the rest: whoever asks does not wait until what is under way has been moved.
    private let passed = Atomic<UInt64>(0)

    init(from source: any ByteStream, to target: any ByteStream, limit: Int, in splice: Splice) {
        self.source = source
        self.target = target
        self.limit = limit
        self.splice = splice
    }

    var count: UInt64 { passed.load(ordering: .relaxed) }

    func streamBecameReadable() { move() }
    func streamBecameWritable() { move() }

    private enum Step { case wait, turn, ended, failed }

    /// Moves what there is.
    func move() {
        let step = state.withLock { state in
            if state.over { return Step.wait }
            let step = advance(&state)
            if case .wait = step {
            } else if case .turn = step {
            } else {
                state.over = true
                release(&state)
            }
            return step
        }
        switch step {
        case .wait: break
        case .turn: source.reactor.notify { [self] in move() }
        case .ended: splice.ended(failed: false)
        case .failed: splice.ended(failed: true)
        }
    }

    private func advance(_ state: inout State) -> Step {
        var reads = 0
        while true {
            if state.buffer.readableBytes > 0 {
                let outcome = state.buffer.withUnsafeReadableBytes { target.write($0, UnsafeRawBufferPointer(start: nil, count: 0)) }
                switch outcome {
                case .bytes(let count):
                    state.buffer.moveReaderIndex(forwardBy: count)
                    passed.wrappingAdd(UInt64(count), ordering: .relaxed)
                case .blocked: if target.whenWritable(self) { return .wait }
                case .failed: return .failed
                }
                continue
            }
            if state.ended {
                target.shutdownOutput()
                return .ended
            }
            if reads == Self.turns { return .turn }
            hold(&state)
            switch source.read(into: &state.buffer, upTo: limit) {
            case .bytes: reads += 1
            case .blocked:
                release(&state)
                if source.whenReadable(self) { return .wait }
            case .end: state.ended = true
            case .failed: return .failed
            }
        }
    }

    private func hold(_ state: inout State) {
        if !state.holdsBuffer {
            state.buffer = source.reactor.takeReadBuffer()
            state.holdsBuffer = true
        }
        state.buffer.clear()
    }

    private func release(_ state: inout State) {
        guard state.holdsBuffer else { return }
        state.holdsBuffer = false
        // Given away as the one reference: a second would make each clearing an allocation.
        var buffer = ByteBuffer()
        swap(&buffer, &state.buffer)
        source.reactor.giveReadBuffer(buffer)
    }
}
