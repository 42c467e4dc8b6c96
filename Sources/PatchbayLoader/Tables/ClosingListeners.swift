internal import PatchbayIO
internal import Synchronization

/// Counts listeners whose close the plugin has not carried out: it may come from another thread, and a path is free only after it.
final class ClosingListeners: Sendable {
    private let count = Locked(0)

    /// A plugin that has not closed by then is left to say for itself what its next `listen` finds.
    private static let patience: Duration = .seconds(5)

    func begin() { count.withLock { $0 += 1 } }

    func end() { count.withLock { $0 -= 1 } }

    /// Waits until none is left, for as long as that is worth it. Rare, and short: a millisecond more does not matter.
    func settle() async {
        let deadline = ContinuousClock.now + Self.patience
        while count.withLock({ $0 > 0 }), ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}
