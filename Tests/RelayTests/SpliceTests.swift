import PatchbayIO
import PatchbayTesting
import Testing

@testable import PatchbayRelayServer

@Suite("What joins two streams", .timeLimit(.minutes(1)))
struct SpliceTests {
    private struct Weak {
        weak var splice: Splice?
    }

    /// One call, which ends in order or is cut.
    private func call(isCut: Bool) async throws -> Weak {
        let reactor = ReactorGroup.shared.next()
        let (dialer, near) = MemoryStream.pair(reactor, reactor)
        let (listener, far) = MemoryStream.pair(reactor, reactor)
        let splice = Splice(near, far, limit: 4096)
        let running = Task(executorPreference: reactor) { _ = await splice.run() }
        try await dialer.send([1, 2, 3])
        #expect(try await listener.receive(exactly: 3) == [1, 2, 3])
        try await listener.send([4, 5])
        #expect(try await dialer.receive(exactly: 2) == [4, 5])
        if isCut {
            dialer.close(abort: true)
        } else {
            dialer.shutdownOutput()
            #expect(try await listener.receiveAll().isEmpty)
            listener.shutdownOutput()
            #expect(try await dialer.receiveAll().isEmpty)
        }
        await running.value
        let passed = splice.passed
        #expect(passed.forth == 3 && passed.back == 2)
        listener.close(abort: false)
        dialer.close(abort: false)
        return Weak(splice: splice)
    }

    @Test("nothing is left of 200 calls that have ended")
    func memory() async throws {
        var calls: [Weak] = []
        for number in 0..<200 { calls.append(try await call(isCut: number.isMultiple(of: 2))) }
        // A reactor may be about to let go of the last.
        let clock = ContinuousClock()
        let start = clock.now
        while calls.contains(where: { $0.splice != nil }), clock.now - start < .seconds(20) { await Task.yield() }
        #expect(calls.count { $0.splice != nil } == 0)
    }
}
