internal import Synchronization

/// Which descriptors the sockets of this process's streams and listeners have now: a plugin that hands over one of them, by mistake or
/// with one that it closed before, is told apart from one that hands over its own.
///
/// A bit for each number, set and cleared with the socket's owner; a few nanoseconds a connection.
package enum OwnedDescriptors {
    /// Numbers from there on are not kept: no process has so many.
    private static let limit = 1 << 20

    // Sendable: atomics, and the memory is never given back.
    private nonisolated(unsafe) static let words: UnsafeMutablePointer<Atomic<UInt64>> = {
        let words = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: limit / 64)
        for index in 0..<(limit / 64) { (words + index).initialize(to: Atomic(0)) }
        return words
    }()

    package static func contains(_ descriptor: CInt) -> Bool {
        guard let (word, bit) = place(descriptor) else { return false }
        return words[word].load(ordering: .relaxed) & bit != 0
    }

    static func insert(_ descriptor: CInt) {
        guard let (word, bit) = place(descriptor) else { return }
        words[word].bitwiseOr(bit, ordering: .relaxed)
    }

    /// Before it is closed: its number may be somebody else's right after.
    static func remove(_ descriptor: CInt) {
        guard let (word, bit) = place(descriptor) else { return }
        words[word].bitwiseAnd(~bit, ordering: .relaxed)
    }

    @inline(__always)
    private static func place(_ descriptor: CInt) -> (word: Int, bit: UInt64)? {
        guard descriptor >= 0, descriptor < limit else { return nil }
        return (Int(descriptor) >> 6, 1 << UInt64(descriptor & 63))
    }
}
