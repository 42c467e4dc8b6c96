internal import Dispatch
internal import NIOCore

/// The event loop of one engine, for which nothing waits: what it is given runs when the call into the engine that brought it is
/// over, and what is meant for later never runs.
///
/// NIOEmbedded's belongs to the thread that made it; a connection is read and written by whatever thread holds the engine's lock.
final class LockedEventLoop: EventLoop, @unchecked Sendable {
    // Sendable: reached under the engine's lock alone, which is also what it means to be in this loop.
    private var tasks: [@Sendable () -> Void] = []

    var inEventLoop: Bool { true }

    func execute(_ task: @escaping @Sendable () -> Void) { tasks.append(task) }

    func run() {
        while !tasks.isEmpty {
            let due = tasks
            tasks = []
            for task in due { task() }
        }
    }

    // The handler schedules only the end of its patience with a peer that does not close; the connection has its own.

    func scheduleTask<T>(deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        Scheduled(promise: makePromise(of: T.self), cancellationTask: {})
    }

    func scheduleTask<T>(in: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        Scheduled(promise: makePromise(of: T.self), cancellationTask: {})
    }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        queue.async { callback(nil) }
    }
}
