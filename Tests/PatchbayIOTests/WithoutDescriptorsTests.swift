import Glibc
import PatchbayIO
import PatchbayTesting
import Testing

/// In processes of their own: they take every descriptor.
@Suite("Without descriptors", .timeLimit(.minutes(1)))
struct WithoutDescriptorsTests {
    @Test("a lack of descriptors is thrown by accept, and the listener goes on")
    func accept() async {
        await #expect(processExitsWith: .success) {
            let group = try ReactorGroup()
            let reactor = group.next()
            let listener = try SocketListener.bind(
                to: .ipv4([127, 0, 0, 1], port: 0),
                backlog: 8,
                settings: TCPSettings(),
                reactor: reactor
            )
            let address = try #require(listener.address)
            let stream = try await SocketStream.connect(to: address, settings: TCPSettings(), reactor: reactor)
            let before = limitDescriptors(to: 1)
            await #expect(throws: IOFailure(errno: EMFILE, operation: "accept")) { _ = try await listener.accept { reactor } }
            _ = limitDescriptors(to: before)
            let accepted = try await listener.accept { reactor }
            try await stream.send([1])
            #expect(try await accepted?.receive() == [1])
        }
    }

    @Test("a reactor that gets too few descriptors throws and leaves none")
    func reactor() async {
        await #expect(processExitsWith: .success) {
            // A reactor needs three: with room for none, one and two.
            for room in 0...2 {
                // Another thread of this process may hold a descriptor for a moment: such a try says nothing. A leak shows in every try.
                var isClean = false
                for _ in 0..<100 where !isClean {
                    let lowest = lowestFree()
                    let before = limitDescriptors(to: UInt(lowest) + UInt(room))
                    let result = Result { try ReactorGroup().stop() }
                    _ = limitDescriptors(to: before)
                    isClean = lowestFree() == lowest
                    if isClean { #expect(throws: IOFailure(errno: EMFILE, operation: "start a reactor")) { try result.get() } }
                }
                #expect(isClean)
            }
        }
    }
}

private func lowestFree() -> CInt {
    let descriptor = dup(0)
    close(descriptor)
    return descriptor
}

/// - Returns: the limit before.
private func limitDescriptors(to limit: UInt) -> UInt {
    var limits = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    let before = limits.rlim_cur
    limits.rlim_cur = rlim_t(limit)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    return UInt(before)
}
