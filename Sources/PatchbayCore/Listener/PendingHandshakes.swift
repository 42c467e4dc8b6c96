internal import PatchbayIO
internal import Synchronization

/// The connections of a listener that have not proved who they are: bounded, so that silent peers cannot crowd out others.
final class PendingHandshakes: Sendable {
    private struct Entry {
        let link: Link
        let source: String?
    }

    private struct State {
        /// By a number that grows: the smallest is the oldest.
        var entries: [UInt64: Entry] = [:]
        var perSource: [String: Int] = [:]
        var last: UInt64 = 0
    }

    private let maximum: Int
    private let state = Locked(State())

    init(maximum: Int) { self.maximum = max(1, maximum) }

    /// What one source address may have of the whole.
    private var share: Int { max(1, maximum / 4) }

    var count: Int { state.withLock { $0.entries.count } }

    /// Takes a newcomer in; where there is no room the oldest silent one of its source, or of all, gives way.
    /// - Parameter source: nil for transports without addresses, which have no shares.
    func enter(_ link: Link, source: String?) -> UInt64 {
        let (number, victim) = state.withLock { state -> (UInt64, Link?) in
            var victim: UInt64?
            if let source, state.perSource[source, default: 0] >= share {
                victim = Self.oldest(state, of: source)
            } else if state.entries.count >= maximum {
                victim = Self.oldest(state, of: nil)
            }
            let given = victim.flatMap { Self.remove(&state, $0) }
            state.last += 1
            state.entries[state.last] = Entry(link: link, source: source)
            if let source { state.perSource[source, default: 0] += 1 }
            return (state.last, given?.link)
        }
        victim?.abort(
            PatchbayError(
                .limitExceeded,
                "too many peers were in their handshake, and this one was the oldest; raise max-pending if they are welcome",
                stage: .handshake
            )
        )
        return number
    }

    func leave(_ number: UInt64) {
        state.withLock { _ = Self.remove(&$0, number) }
    }

    private static func remove(_ state: inout State, _ number: UInt64) -> Entry? {
        guard let entry = state.entries.removeValue(forKey: number) else { return nil }
        if let source = entry.source, let count = state.perSource[source] {
            state.perSource[source] = count > 1 ? count - 1 : nil
        }
        return entry
    }

    private static func oldest(_ state: State, of source: String?) -> UInt64? {
        let candidates = state.entries.filter { source == nil || $0.value.source == source }
        let silent = candidates.filter { !$0.value.link.hasHeard }
        return (silent.isEmpty ? candidates : silent).keys.min()
    }
}
