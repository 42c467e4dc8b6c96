/// Lets so many lines of a kind pass in a window of time, and counts the others: a pure state machine.
///
/// Kinds are this program's own words; what comes from outside is none, or the memory would grow with it.
struct LogThrottle: Sendable {
    private struct Window: Sendable {
        var began: UInt64
        var passed = 0
        var held = 0
    }

    private let most: Int
    private let length: UInt64
    private var windows: [String: Window] = [:]

    init(most: Int = 10, in length: Duration = .seconds(10)) {
        self.most = most
        self.length = length.nanosecondsClamped
    }

    /// - Returns: whether a line of that kind may be written now.
    mutating func admit(_ kind: String, now: UInt64) -> Bool {
        var window = windows[kind] ?? Window(began: now)
        defer { windows[kind] = window }
        if window.passed < most {
            window.passed += 1
            return true
        }
        window.held += 1
        return false
    }

    /// Windows that are over, with what was held back in them.
    mutating func turn(now: UInt64) -> [(kind: String, held: Int)] {
        let over = windows.filter { now &- $0.value.began >= length }
        for kind in over.keys { windows[kind] = nil }
        return over.filter { $0.value.held > 0 }.map { (kind: $0.key, held: $0.value.held) }.sorted { $0.kind < $1.kind }
    }
}
