internal import NIOCore
internal import PatchbayCore
internal import Synchronization
internal import Testing

@testable internal import PatchbayPassword

@Suite("The gate before verifications")
struct VerificationGateTests {
    /// Where bodies stop until the test lets them go on, and where it reads who came.
    final class Stage: Sendable {
        private struct State {
            var inside = 0
            var most = 0
            var held: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())
        let arrivals: AsyncStream<Int>
        private let arrived: AsyncStream<Int>.Continuation

        init() { (arrivals, arrived) = AsyncStream.makeStream() }

        var most: Int { state.withLock { $0.most } }

        func hold(_ name: Int) async {
            await withCheckedContinuation { continuation in
                state.withLock {
                    $0.inside += 1
                    $0.most = max($0.most, $0.inside)
                    $0.held.append(continuation)
                }
                arrived.yield(name)
            }
        }

        func release() {
            let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard !state.held.isEmpty else { return nil }
                state.inside -= 1
                return state.held.removeFirst()
            }
            continuation?.resume()
        }
    }

    static func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test("five handshakes verify two at a time", .timeLimit(.minutes(1)))
    func atMostTwo() async throws {
        let stage = Stage()
        let gate = VerificationGate(limit: 2)
        let authenticator = try PasswordAuthenticator(
            password: nil,
            source: .verifier { user, _ in
                await stage.hold(Int(user) ?? -1)
                return true
            },
            gate: gate
        )
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<5 {
                group.addTask {
                    var handshake = try authenticator.makeHandshake(HandshakeContext(role: .listener))
                    _ = try handshake.step(.start)
                    let message = try Credentials(user: "\(number)", password: ByteBuffer(string: "x")).write()
                    guard case .perform(let work) = try handshake.step(.message(message)).next else { return false }
                    return try await work()
                }
            }
            var arrivals = stage.arrivals.makeAsyncIterator()
            _ = await arrivals.next()
            _ = await arrivals.next()
            await Self.until { gate.waiting == 3 }
            for _ in 0..<3 {
                stage.release()
                _ = await arrivals.next()
            }
            stage.release()
            stage.release()
            for try await isRight in group { #expect(isRight) }
        }
        #expect(stage.most == 2)
        #expect(gate.waiting == 0)
    }

    @Test("those who wait go in the order they came, without those who gave up", .timeLimit(.minutes(1)))
    func order() async throws {
        let stage = Stage()
        let gate = VerificationGate(limit: 1)
        var tasks: [Task<Void, any Error>] = []
        var arrivals = stage.arrivals.makeAsyncIterator()
        for number in 0..<5 {
            tasks.append(Task { try await gate.withPass { await stage.hold(number) } })
            if number == 0 { _ = await arrivals.next() }
            await Self.until { gate.waiting == number }
        }
        tasks[2].cancel()
        await #expect(throws: CancellationError.self) { try await tasks[2].value }
        #expect(gate.waiting == 3)
        var order: [Int?] = []
        for _ in 0..<3 {
            stage.release()
            order.append(await arrivals.next())
        }
        #expect(order == [1, 3, 4])
        stage.release()
        for number in [0, 1, 3, 4] { try await tasks[number].value }
    }

    @Test("a pass comes back after a throw, and a task that is cancelled already does not wait", .timeLimit(.minutes(1)))
    func throwing() async throws {
        struct Failure: Error {}
        let gate = VerificationGate(limit: 1)
        for _ in 0..<3 {
            await #expect(throws: Failure.self) { try await gate.withPass { throw Failure() } }
        }
        let stage = Stage()
        let holder = Task { try await gate.withPass { await stage.hold(0) } }
        var arrivals = stage.arrivals.makeAsyncIterator()
        _ = await arrivals.next()
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await gate.withPass {}
        }
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(gate.waiting == 0)
        stage.release()
        try await holder.value
        #expect(try await gate.withPass { 7 } == 7)
    }

    @Test("once too many wait, the next one is refused at once", .timeLimit(.minutes(1)))
    func full() async throws {
        let gate = VerificationGate(limit: 1, waitingLimit: 1)
        let stage = Stage()
        var arrivals = stage.arrivals.makeAsyncIterator()
        let holder = Task { try await gate.withPass { await stage.hold(0) } }
        _ = await arrivals.next()
        let waiter = Task { try await gate.withPass {} }
        await Self.until { gate.waiting == 1 }
        let error = await #expect(throws: PatchbayError.self) { try await gate.withPass {} }
        #expect(error?.code == .limitExceeded)
        stage.release()
        try await holder.value
        try await waiter.value
    }
}
