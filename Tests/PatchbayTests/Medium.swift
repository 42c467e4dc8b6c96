import Glibc
import Patchbay
import Synchronization
import Testing

/// What two connections of a test are joined by.
enum Medium: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case pipe, inproc, tcp, unix

    /// Those that a URL names.
    static let named: [Medium] = [.inproc, .tcp, .unix]
    /// Those with a descriptor.
    static let sockets: [Medium] = [.tcp, .unix]

    var testDescription: String { rawValue }

    private static let counter = Atomic<Int>(0)

    /// A target that no other test listens on.
    func target() -> String {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        switch self {
        case .pipe, .inproc: return "inproc://test-\(getpid())-\(number)"
        case .tcp: return "tcp://127.0.0.1"
        case .unix: return "unix:///tmp/patchbay-test-\(getpid())-\(number).sock"
        }
    }
}

/// How the two ends of a test are made.
struct Wiring: Sendable {
    /// Layers above the transport, with their `+`, at both ends.
    var layers = ""
    /// Options of each end.
    var dialer = ""
    var listener = ""
    var user = ""
    var reactors: ReactorGroup?

    /// The options, with deadlines that a busy machine keeps as well wherever a test does not choose its own.
    static func patient(_ options: String) -> String {
        let chosen = options.split(separator: "&")
        let deadlines = ["timeout", "handshake-timeout", "close-timeout"].filter { name in
            !chosen.contains { $0.hasPrefix("\(name)=") }
        }
        return (chosen.map(String.init) + deadlines.map { "\($0)=40s" }).joined(separator: "&")
    }
}

/// Two connections that lead to each other; both are closed behind `body`.
func withPair<Result>(
    _ medium: Medium,
    _ wiring: Wiring = Wiring(),
    _ body: (_ dialed: Connection, _ accepted: Connection) async throws -> Result
) async throws -> Result {
    let reactors = wiring.reactors ?? .shared
    if medium == .pipe {
        let (first, second) = try Connection.pipe(reactors: reactors)
        let result = try await body(first, second)
        async let closing: Void = first.close()
        await second.close()
        await closing
        return result
    }
    let listener = try await Listener.bind(medium.url(wiring), reactors: reactors)
    defer { listener.close() }
    async let accepting = listener.accept()
    let dialed = try await Connection.connect(to: listener.dialable(wiring), reactors: reactors)
    let accepted = try await accepting
    let result = try await body(dialed, accepted)
    async let closing: Void = dialed.close()
    await accepted.close()
    await closing
    return result
}

extension Medium {
    /// What a test's listener binds.
    func url(_ wiring: Wiring = Wiring()) throws -> ConnectionURL {
        try ConnectionURL(wiring.layers + target() + "?" + Wiring.patient(wiring.listener))
    }
}

extension Listener {
    /// The URL that a peer dials, with the dialer's options.
    func dialable(_ wiring: Wiring = Wiring()) throws -> ConnectionURL {
        let url = wiring.user.isEmpty ? url : url.replacing("://", with: "://\(wiring.user)@")
        return try ConnectionURL(url + "?" + Wiring.patient(wiring.dialer))
    }
}

/// Opens once, for any number of tasks.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [UnsafeContinuation<Void, Never>] = []
    }

    private let state = Locked(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withUnsafeContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Looks again and again until `condition` holds, for at most `limit`.
func eventually(
    within limit: Duration = .seconds(40),
    _ condition: () -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let end = ContinuousClock.now + limit
    let reactor = ReactorGroup.shared.next()
    while !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("the condition did not come to hold within \(limit)", sourceLocation: sourceLocation)
            return
        }
        try await reactor.sleep(for: .milliseconds(2))
    }
}

/// A count that tasks share.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    func add(_ amount: Int = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

    var value: Int { count.load(ordering: .relaxed) }
}
