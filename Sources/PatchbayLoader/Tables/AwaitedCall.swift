internal import CPatchbayIO

extension TransportLayer {
    /// Calls a function of any thread, and waits for it: at most for a moment where it may wait itself, on a thread of its own.
    ///
    /// For the end of a listener: what takes a socket's file away must have done so before the socket is closed, and before the program
    /// ends. A plugin that takes longer goes on alone.
    func callAndWait(_ body: @escaping @Sendable () -> Void) {
        guard isBlocking, contract.breach == nil, let done = Moment() else { return callAnytime(body) }
        callAnytime {
            body()
            done.come()
        }
        done.wait()
    }
}

/// Something that one thread waits for, and another tells.
private final class Moment: Sendable {
    /// Far more than unlinking a file takes, and short enough for a reactor to stand still.
    private static let patience: CInt = 500

    private let event: CInt

    init?() {
        event = cpb_event_create()
        guard event >= 0 else { return nil }
    }

    deinit { if event >= 0 { _ = cpb_close(event) } }

    func come() { cpb_event_signal(event) }
    func wait() { _ = cpb_poll(event, CInt(CPB_IN), Self.patience) }
}
