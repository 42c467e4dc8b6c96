internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO

/// A name that is registered: the connection over which its relay tells of calls.
struct RelayRegistration: Sendable {
    /// Within the registration's bounds, whatever the relay says.
    private static let leases = Duration.seconds(1)...Duration.seconds(60)

    var stream: any ByteStream
    /// The relay's place among the target's.
    var rank: Int
    /// Without a word for so long, either end is gone.
    var lease: Duration

    init(_ stream: any ByteStream, rank: Int, lease milliseconds: UInt32?) {
        self.stream = stream
        self.rank = rank
        let lease = Duration.milliseconds(Int64(milliseconds ?? 0))
        self.lease = min(max(lease, Self.leases.lowerBound), Self.leases.upperBound)
    }

    func send(_ message: RelayMessage) async throws {
        var bytes = ByteBuffer()
        try message.write(into: &bytes)
        try await exchange.send(bytes)
    }

    /// Gives the name back, as far as the stream takes three bytes at once: else it is away until the lease is over.
    func withdraw() {
        var bytes = ByteBuffer()
        guard (try? RelayMessage.withdraw.write(into: &bytes)) != nil else { return }
        _ = bytes.withUnsafeReadableBytes { stream.write($0, UnsafeRawBufferPointer(start: nil, count: 0)) }
    }

    /// - Throws: `timedOut` once the lease is over, `closed`, `protocolViolation`.
    func receive(_ wire: inout ByteBuffer) async throws -> RelayMessage { try await exchange.receiveMessage(&wire).message }

    private var exchange: RelayExchange { RelayExchange(stream, deadline: stream.reactor.deadline(after: lease)) }
}
