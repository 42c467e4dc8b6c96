internal import PatchbayIO
internal import Synchronization

extension Connection {
    /// Ends this direction in order, behind what was sent: the peer receives the end, and may still send.
    /// - Throws: ``PatchbayError`` with `timedOut` after the URL's `close-timeout`, or `reset`; `CancellationError`.
    public nonisolated(nonsending) func finishSending() async throws {
        _ = link.stage.compareExchange(expected: State.open.stage, desired: State.finishing.stage, ordering: .relaxed)
        try await link.finishSending(deadline: link.deadlineAfter(link.settings.closeTimeout))
    }

    /// Hands what is pending to the system and ends in order, within the URL's `close-timeout`. It does not wait for the peer: its
    /// stream lingers for as long, so that what was sent is not lost (docs/decisions/0002).
    /// Calls that wait return the end, or throw `closed`. Idempotent.
    public nonisolated(nonsending) func close() async {
        link.stage.store(State.closed.stage, ordering: .relaxed)
        await link.close()
    }

    /// Closes at once and resets where the medium can, so that the peer does not take what came for the whole.
    public func abort() {
        // Events tell of the peer afterwards, when the system knows nothing of it any more.
        _ = peer
        link.stage.store(State.closed.stage, ordering: .relaxed)
        link.abort(PatchbayError(.closed, "the connection was aborted at this end", stage: .close))
    }
}
