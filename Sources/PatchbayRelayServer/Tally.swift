/// How many of something each of many has, with one limit for all of them.
struct Tally<Owner: Hashable>: Sendable where Owner: Sendable {
    private var counts: [Owner: Int] = [:]

    func count(_ owner: Owner) -> Int { counts[owner] ?? 0 }

    mutating func add(_ owner: Owner) { counts[owner, default: 0] += 1 }

    mutating func remove(_ owner: Owner) {
        guard let count = counts[owner] else { return }
        counts[owner] = count > 1 ? count - 1 : nil
    }

    /// What the one has that has most.
    var most: Int { counts.values.max() ?? 0 }
}
