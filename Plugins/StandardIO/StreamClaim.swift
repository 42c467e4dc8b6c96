internal import Synchronization

/// What one stream at a time may hold.
final class StreamClaim: Sendable {
    /// The standard descriptors exist once in a process, whatever the number of registries.
    static let process = StreamClaim()

    private let taken = Atomic<Bool>(false)

    /// False where it is held already.
    func take() -> Bool { taken.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged }

    func giveBack() { taken.store(false, ordering: .releasing) }
}
