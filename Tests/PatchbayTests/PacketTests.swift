import CPatchbayIO
import Glibc
import NIOCore
import Patchbay
import PatchbayCore
import Testing

@Suite("Transports that keep packets apart", .timeLimit(.minutes(2)))
struct PacketTests {
    private func bytes(_ count: Int, _ seed: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) } }

    @Test("with the framing none each message of a burst is one packet, and slow reading joins none")
    func burstsStayApart() async throws {
        let pair = try await PacketPair("none+bare+packets://?high-water=4KiB")
        let sizes = (0..<2000).map { 1 + $0 * 37 % 5000 }
        async let sending: Void = {
            for (index, size) in sizes.enumerated() { try await pair.connection.send(bytes: ByteBuffer(bytes: bytes(size, index))) }
            try await pair.connection.finishSending()
        }()
        for (index, size) in sizes.enumerated() {
            let packet = try #require(try await pair.peer.receive())
            try #require(packet == bytes(size, index))
        }
        #expect(try await pair.peer.receive() == nil)
        try await sending
        await pair.connection.close()
    }

    @Test("each packet is one message, whole, whatever its size and however many come at once")
    func packetsAreMessages() async throws {
        let pair = try await PacketPair("none+bare+packets://")
        let sizes = [1, 5000, 3, 70_000, 1, 1, 100_000, 2]
        for (index, size) in sizes.enumerated() { #expect(pair.peer.send(bytes(size, index))) }
        for (index, size) in sizes.enumerated() {
            let message = try #require(try await pair.connection.receiveBytes())
            #expect(Array(message.readableBytesView) == bytes(size, index))
        }
        // Waiting first, then a packet.
        async let late = pair.connection.receiveBytes()
        #expect(pair.peer.send([9]))
        #expect(try await late == ByteBuffer(bytes: [9]))
        pair.peer.shutdownOutput()
        #expect(try await pair.connection.receiveBytes() == nil)
        await pair.connection.close()
    }

    @Test("an empty packet is an empty message, and not the end")
    func emptyPackets() async throws {
        let pair = try await PacketPair("none+bare+packets://")
        pair.peer.send([])
        pair.peer.send([1])
        pair.peer.shutdownOutput()
        #expect(try await pair.connection.receiveBytes() == ByteBuffer())
        #expect(try await pair.connection.receiveBytes() == ByteBuffer(bytes: [1]))
        #expect(try await pair.connection.receiveBytes() == nil)
        let error = await #expect(throws: PatchbayError.self) { try await pair.connection.send(bytes: ByteBuffer()) }
        #expect(error?.code == .encodingFailed)
        await pair.connection.close()
    }

    @Test("a packet above the limit is an error that says so, and never a part of it")
    func largePackets() async throws {
        let pair = try await PacketPair("none+bare+packets://?max-message=1000")
        pair.peer.send(bytes(1000, 1))
        pair.peer.send(bytes(1001, 2))
        #expect(try await pair.connection.receiveBytes()?.readableBytes == 1000)
        let error = await #expect(throws: PatchbayError.self) { _ = try await pair.connection.receiveBytes() }
        #expect(error?.code == .messageTooLarge)
        #expect(error?.message.contains("1001") == true)
        await pair.connection.close()
    }

    @Test("a message that no packet can hold is refused before anything is sent, and the connection goes on")
    func messagesAboveThePacket() async throws {
        let pair = try await PacketPair("none+bare+packets://?max-message=1GiB")
        let error = await #expect(throws: PatchbayError.self) {
            try await pair.connection.send(bytes: ByteBuffer(repeating: 0, count: 256 << 20))
        }
        #expect(error?.code == .messageTooLarge)
        try await pair.connection.send(bytes: ByteBuffer(repeating: 7, count: 300_000))
        #expect(try await pair.peer.receive()?.count == 300_000)
        await pair.connection.close()
    }

    @Test("receive(exactly:) is for streams without boundaries")
    func exactly() async throws {
        let pair = try await PacketPair("none+bare+packets://")
        let error = await #expect(throws: PatchbayError.self) { _ = try await pair.connection.receive(exactly: 3) }
        #expect(error?.code == .unsupported)
        await pair.connection.close()
    }

    @Test("with another framing packets are a stream of bytes, in pieces that every reader has room for")
    func framedBytes() async throws {
        let pair = try await PacketPair("lines+bare+packets://")
        // One line in three packets, of which one is larger than a read, and two lines in one.
        pair.peer.send(bytes(150_000, 0).map { $0 == 10 ? 11 : $0 })
        pair.peer.send([120])
        pair.peer.send([121, 10, 65, 10, 66, 10])
        #expect(try await pair.connection.receiveBytes()?.readableBytes == 150_002)
        #expect(try await pair.connection.receiveBytes() == ByteBuffer(string: "A"))
        #expect(try await pair.connection.receiveBytes() == ByteBuffer(string: "B"))

        let line = [UInt8](repeating: 97, count: 1_000_000)
        async let sending: Void = pair.connection.send(bytes: ByteBuffer(bytes: line))
        var received: [UInt8] = []
        while received.count < line.count + 1 {
            let packet = try #require(try await pair.peer.receive())
            #expect(packet.count <= 65_536)
            received += packet
        }
        #expect(received == line + [10])
        try await sending
        await pair.connection.close()
    }

    /// How far the system lets a send buffer grow, in bytes.
    private static let mostBuffer: CInt = {
        var pair: [CInt] = [-1, -1]
        guard cpb_socket_pair(CInt(SOCK_SEQPACKET.rawValue), &pair) >= 0 else { return 0 }
        defer { for socket in pair { _ = cpb_close(socket) } }
        var bytes: CInt = 0
        _ = cpb_set_option(pair[0], SOL_SOCKET, SO_SNDBUF, 1 << 21)
        return cpb_get_option(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes) >= 0 ? bytes : 0
    }()

    @Test(
        "a message of a megabyte goes as one packet",
        .enabled(if: mostBuffer > 1_100_000, "net.core.wmem_max is too small for packets of a megabyte")
    )
    func megabyte() async throws {
        let pair = try await PacketPair("none+bare+packets://")
        async let sending: Void = pair.connection.send(bytes: ByteBuffer(bytes: bytes(1_000_000, 5)))
        #expect(try await pair.peer.receive() == bytes(1_000_000, 5))
        try await sending
        await pair.connection.close()
    }

    @Test("a small socket buffer still takes a large framed message, in smaller packets")
    func smallBuffers() async throws {
        let pair = try await PacketPair("lines+bare+packets://")
        _ = cpb_set_option(pair.descriptor, SOL_SOCKET, SO_SNDBUF, 1)
        let line = [UInt8](repeating: 98, count: 100_000)
        async let sending: Void = pair.connection.send(bytes: ByteBuffer(bytes: line))
        var received: [UInt8] = []
        while received.count < line.count + 1 { received += try #require(try await pair.peer.receive()) }
        #expect(received == line + [10])
        try await sending
        await pair.connection.close()
    }
}
