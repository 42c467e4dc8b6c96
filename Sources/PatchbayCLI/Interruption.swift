internal import Dispatch
internal import Glibc
internal import Synchronization

/// SIGINT and SIGTERM end a command in order; a second one, or five seconds, end it at once.
enum Interruption {
    private enum Event: Sendable {
        case ended(Int32)
        case signal(Int32)
    }

    /// Whom signals go to in place of ending the command.
    private static let taker = Mutex<AsyncStream<Int32>.Continuation?>(nil)

    /// Has SIGINT and SIGTERM go to the command from here on, and SIGHUP too: it ends itself, in its own time.
    static func take() -> AsyncStream<Int32> {
        let (signals, continuation) = AsyncStream.makeStream(of: Int32.self)
        taker.withLock { $0 = continuation }
        // `nohup` ignores it so that it does not end the program, which it does not do here either.
        if pipe.writing >= 0 { handle(SIGHUP) }
        return signals
    }

    private static let patienceMilliseconds: Int32 = 5000

    /// Where the handler writes the numbers of signals: writing is what it may do. Set before the handler is installed.
    private nonisolated(unsafe) static var pipe: (reading: CInt, writing: CInt) = (-1, -1)

    /// Runs a command, and cancels its task at a signal.
    /// - Returns: the exit code.
    static func watch(_ body: @escaping @Sendable () async -> Int32) async -> Int32 {
        let (received, continuation) = AsyncStream.makeStream(of: Int32.self)
        if install() {
            DispatchQueue(label: "signals").async { wait { continuation.yield($0) } }
        }
        return await withTaskGroup(of: Event?.self) { group in
            group.addTask { .ended(await body()) }
            group.addTask { await received.first { _ in true }.map { .signal($0) } }
            var code = ExitStatus.other.rawValue
            for await event in group {
                guard let event else { continue }
                group.cancelAll()
                switch event {
                case .ended(let status): return status
                case .signal(let number):
                    // What the command cleans up comes before the end.
                    for await _ in group {}
                    code = 128 + number
                }
            }
            return code
        }
    }

    // Not blocked signals and sigwait: libdispatch unblocks all signals on the main thread once an async main has left it.
    private static func install() -> Bool {
        // A closed standard output is an error of the write, so that a listener can still clean up.
        signal(SIGPIPE, SIG_IGN)
        var descriptors: [CInt] = [-1, -1]
        guard Glibc.pipe(&descriptors) == 0 else { return false }
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        pipe = (descriptors[0], descriptors[1])
        for number in [SIGINT, SIGTERM] {
            var action = sigaction()
            // Whoever started this program with the signal ignored, as shells do in the background, means that.
            guard sigaction(number, nil, &action) == 0, !isIgnored(action) else { continue }
            handle(number)
        }
        return true
    }

    private static func handle(_ number: Int32) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            let before = errno
            var byte = UInt8(truncatingIfNeeded: number)
            _ = Glibc.write(Interruption.pipe.writing, &byte, 1)
            errno = before
        }
        action.sa_flags = SA_RESTART
        sigaction(number, &action, nil)
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func wait(_ tell: (Int32) -> Void) {
        guard var first = next() else { return }
        while let taker = taker.withLock({ $0 }) {
            taker.yield(first)
            guard let other = next() else { return }
            first = other
        }
        tell(first)
        var second = pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0)
        while poll(&second, 1, patienceMilliseconds) < 0, errno == EINTR {}
        _exit(128 + (second.revents == 0 ? first : next() ?? first))
    }

    private static func next() -> Int32? {
        var byte: UInt8 = 0
        while true {
            let count = read(pipe.reading, &byte, 1)
            if count == 1 { return Int32(byte) }
            guard count < 0, errno == EINTR else { return nil }
        }
    }
}
