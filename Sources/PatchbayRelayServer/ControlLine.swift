internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import PatchbayRelay
internal import Synchronization

/// The way to a registered listener: any task may send, one reads.
final class ControlLine: StreamWaiter {
    /// A listener that leaves so much unread is not there.
    private static let most = 65_536

    private struct State {
        var output: ByteBuffer
        /// The stream will tell when it takes more, or nothing may leave yet.
        var waits = true
        var over = false
    }

    let stream: any ByteStream
    private let state: Locked<State>

    /// - Parameter first: what leaves before all else, once it is started.
    init(_ stream: any ByteStream, first: ByteBuffer) {
        self.stream = stream
        state = Locked(State(output: first))
    }

    func start() {
        state.withLock { state in
            state.waits = false
            flush(&state)
        }
    }

    func send(_ message: RelayMessage) {
        let isStuck = state.withLock { state in
            guard !state.over else { return false }
            guard (try? message.write(into: &state.output)) != nil else { return false }
            flush(&state)
            if state.output.readableBytes > Self.most { state.over = true }
            return state.over
        }
        if isStuck { stream.close(abort: true) }
    }

    /// A last word, and the end.
    func end(_ message: RelayMessage?) {
        state.withLock { state in
            if !state.over, let message, (try? message.write(into: &state.output)) != nil {
                // Once more, whatever it waits for: behind this there is no other time.
                state.waits = false
                flush(&state)
            }
            state.over = true
        }
        stream.close(abort: false)
    }

    func streamBecameReadable() {}

    func streamBecameWritable() {
        let isOver = state.withLock { state in
            state.waits = false
            flush(&state)
            return state.over
        }
        if isOver { stream.close(abort: true) }
    }

    private func flush(_ state: inout State) {
        while state.output.readableBytes > 0, !state.waits, !state.over {
            let outcome = state.output.withUnsafeReadableBytes { stream.write($0, UnsafeRawBufferPointer(start: nil, count: 0)) }
            switch outcome {
            case .bytes(let count): state.output.moveReaderIndex(forwardBy: count)
            case .blocked: state.waits = stream.whenWritable(self)
            case .failed: state.over = true
            }
        }
        if state.output.readableBytes == 0 { state.output = ByteBuffer() }
    }
}
