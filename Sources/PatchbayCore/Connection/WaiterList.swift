/// How a suspended call was woken.
enum Wake: Sendable {
    case ready, cancelled, timedOut
}

/// One suspended call.
struct Waiter {
    /// Nanoseconds of the monotonic clock.
    var deadline: UInt64
    var continuation: UnsafeContinuation<Wake, Never>
    /// Known to the one that suspended, so that its cancellation finds it.
    var id: UInt32
}

/// The calls that wait on one half of a connection; the first is stored in place, since there is seldom a second.
struct WaiterList {
    private var first: Waiter?
    private var others: [Waiter] = []

    init() {}

    init(_ waiters: [Waiter]) { for waiter in waiters { append(waiter) } }

    var isEmpty: Bool { first == nil }

    mutating func append(_ waiter: Waiter) {
        if first == nil {
            first = waiter
        } else {
            others.append(waiter)
        }
    }

    mutating func remove(_ id: UInt32) -> Waiter? {
        if let waiter = first, waiter.id == id {
            first = others.isEmpty ? nil : others.removeFirst()
            return waiter
        }
        return others.firstIndex { $0.id == id }.map { others.remove(at: $0) }
    }

    /// The only one, if there is one and no other: what it nearly always is, without a copy of the list.
    mutating func takeLone() -> Waiter? {
        guard others.isEmpty else { return nil }
        return first.take()
    }

    /// Empties the list.
    mutating func takeAll() -> WaiterList {
        let all = self
        self = WaiterList()
        return all
    }

    /// Takes those whose deadline has come.
    mutating func takeDue(_ now: UInt64) -> WaiterList {
        var due = WaiterList()
        guard let waiter = first, nextDeadline <= now else { return due }
        var rest = WaiterList()
        for waiter in [waiter] + others {
            if waiter.deadline <= now { due.append(waiter) } else { rest.append(waiter) }
        }
        self = rest
        return due
    }

    /// `UInt64.max` where none has one.
    var nextDeadline: UInt64 {
        guard let first else { return .max }
        return others.reduce(first.deadline) { min($0, $1.deadline) }
    }

    /// Called with no lock held.
    func wake(_ wake: Wake) {
        first?.continuation.resume(returning: wake)
        for waiter in others { waiter.continuation.resume(returning: wake) }
    }
}
