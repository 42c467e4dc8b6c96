internal import NIOCore
internal import PatchbayIO
internal import Synchronization

/// Copies one direction between two streams on one reactor, as fast as the slower of them takes it.
final class StreamPump: StreamWaiter {
    private struct State {
        /// Read, and not written yet.
        var buffer = ByteBuffer()
        var isEnded = false
        var isOver = false
    }

    /// How much it holds at most, in bytes.
    private static let capacity = 65_536
    /// How often it goes on before others on the reactor have their turn.
    private static let turns = 16

    private let source: any ByteStream
    private let sink: any ByteStream
    private let state = Locked(State())
    private let whenOver: @Sendable (_ failed: Bool) -> Void

    private init(from source: any ByteStream, to sink: any ByteStream, whenOver: @escaping @Sendable (_ failed: Bool) -> Void) {
        self.source = source
        self.sink = sink
        self.whenOver = whenOver
    }

    /// Makes two streams one, until both directions ended or one failed; then both are closed.
    static func join(_ first: any ByteStream, _ second: any ByteStream) {
        let over = Locked(0)
        let ending = Ending(first, second, over: consume over)
        let pumps = [(first, second), (second, first)].map { StreamPump(from: $0, to: $1, whenOver: ending.directionEnded) }
        first.reactor.notify { for pump in pumps { pump.run() } }
    }

    func streamBecameReadable() { run() }
    func streamBecameWritable() { run() }

    private enum Progress { case going, waiting, over(failed: Bool) }

    private func run() {
        let progress = state.withLock { state in
            for _ in 0..<Self.turns {
                let progress = move(&state)
                if case .going = progress { continue }
                return progress
            }
            return .going
        }
        switch progress {
        case .going: source.reactor.notify { self.run() }
        case .waiting: break
        case .over(let failed): whenOver(failed)
        }
    }

    private func move(_ state: inout State) -> Progress {
        if state.isOver { return .waiting }
        if state.buffer.readableBytes > 0 { return write(&state) }
        if state.isEnded {
            state.isOver = true
            sink.shutdownOutput()
            return .over(failed: false)
        }
        state.buffer.clear()
        switch source.read(into: &state.buffer, upTo: Self.capacity) {
        case .bytes: return .going
        case .blocked: return source.whenReadable(self) ? .waiting : .going
        case .end:
            state.isEnded = true
            return .going
        case .failed: return fail(&state)
        }
    }

    private func write(_ state: inout State) -> Progress {
        let outcome = state.buffer.withUnsafeReadableBytes { sink.write($0, UnsafeRawBufferPointer(start: nil, count: 0)) }
        switch outcome {
        case .bytes(let count):
            state.buffer.moveReaderIndex(forwardBy: count)
            return .going
        case .blocked: return sink.whenWritable(self) ? .waiting : .going
        case .failed: return fail(&state)
        }
    }

    private func fail(_ state: inout State) -> Progress {
        state.isOver = true
        return .over(failed: true)
    }

    /// Closes both streams once.
    private final class Ending: Sendable {
        private let streams: [any ByteStream]
        private let over: Locked<Int>

        init(_ first: any ByteStream, _ second: any ByteStream, over: consuming sending Locked<Int>) {
            streams = [first, second]
            self.over = over
        }

        @Sendable func directionEnded(failed: Bool) {
            let directions = over.withLock { over in
                over += 1
                return over
            }
            if failed || directions == 2 { for stream in streams { stream.close(abort: failed) } }
        }
    }
}
