internal import PatchbayIO
internal import Synchronization

/// The connections whose closures a listener runs, so that one cancellation handler serves them all: a handler for each would cost each idle
/// connection a third of its memory.
final class LiveLinks: Sendable {
    private let links = Locked<[Link]>([])

    func enter(_ link: Link) {
        links.withLock { links in
            link.place.store(UInt32(links.count), ordering: .relaxed)
            links.append(link)
        }
    }

    func leave(_ link: Link) {
        links.withLock { links in
            let place = Int(link.place.load(ordering: .relaxed))
            guard place < links.count, links[place] === link else { return }
            let last = links.removeLast()
            guard last !== link else { return }
            links[place] = last
            last.place.store(UInt32(place), ordering: .relaxed)
        }
    }

    /// Tells each connection that its task is cancelled.
    func cancelAll() {
        for link in links.withLock({ $0 }) { link.ownerWasCancelled() }
    }
}
