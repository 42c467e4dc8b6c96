import NIOCore
import Patchbay
import PatchbayCore
import PatchbayRelay
import Testing

@Suite("A relay that floods its listeners", .timeLimit(.minutes(1)))
struct TalkativeRelayTests {
    @Test("one that says more than there is to say is left, told of, and tried again", arguments: ["pong", "notice"])
    func flood(frame: String) async throws {
        let flood: RelayMessage = frame == "pong" ? .pong : .notice(code: .relayDown, message: "going down", after: 1)
        let relay = try await Listener.bind("none+bare+tcp://127.0.0.1")
        let target = String(relay.url.split(separator: "/").last ?? "")
        let visits = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await relay.run { connection in
                    visits.withLock { $0 += 1 }
                    var bytes = ByteBuffer(bytes: RelayOpening.preface)
                    try RelayMessage.challenge(nonce: [UInt8](repeating: 1, count: 32), realm: "talkative").write(into: &bytes)
                    try await connection.send(bytes: bytes)
                    _ = try await connection.receiveBytes()
                    bytes.clear()
                    try RelayMessage.ready(circuit: nil, lease: 30_000, proof: nil).write(into: &bytes)
                    for _ in 0..<10_000 { try flood.write(into: &bytes) }
                    try await connection.send(bytes: bytes)
                    // Until it is left.
                    while try await connection.receiveBytes() != nil {}
                }
            }
            let url = "noise+relay://:0123456789abcdef@" + target + "/worker"
            let listener = try await Listener.bind(ConnectionURL(url))
            let codes = Shared<[PatchbayError.Code]>([])
            group.addTask {
                try await listener.run(onEvent: { event in
                    if case .acceptFailed(let error) = event, let error = error as? PatchbayError {
                        codes.withLock { $0.append(error.code) }
                    }
                }) { _ in }
            }
            while visits.value < 3 { await Task.yield() }
            listener.stop(drain: .seconds(1))
            relay.stop(drain: .seconds(1))
            try await group.waitForAll()
            #expect(codes.value.contains(.protocolViolation), "\(codes.value)")
        }
    }
}
