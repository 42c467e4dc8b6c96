import CPatchbayIO
import Glibc
import Patchbay
import PatchbayCore
import PatchbayIO
import Testing

/// A connection over one end of a pair of packet sockets, and the other end as the kernel has it.
struct PacketPair {
    let connection: Connection
    let peer: PacketPeer
    /// The connection's own socket.
    let descriptor: CInt

    /// - Parameter url: a URL of the transport `packets`, such as `none+bare+packets://`.
    init(_ url: String) async throws {
        var pair: [CInt] = [-1, -1]
        let status = cpb_socket_pair(CInt(SOCK_SEQPACKET.rawValue), &pair)
        try #require(status >= 0)
        peer = PacketPeer(pair[1])
        descriptor = pair[0]
        var registry = Registry.standard
        try registry.register(PacketMedium(socket: pair[0]))
        connection = try await Connection.connect(to: ConnectionURL(url), registry: registry)
    }
}

/// A non-blocking packet socket, without any of this package's machinery.
final class PacketPeer: Sendable {
    let descriptor: CInt
    init(_ descriptor: CInt) { self.descriptor = descriptor }
    deinit { _ = cpb_close(descriptor) }

    /// False where it would block.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { cpb_send(descriptor, $0.baseAddress, $0.count) } == bytes.count }

    /// The next packet, whole, within ten seconds; nil at the end, or where none comes.
    func receive() async throws -> [UInt8]? {
        for _ in 0..<10_000 {
            let size = cpb_packet_size(descriptor)
            if size >= 0 {
                var bytes = [UInt8](repeating: 0, count: size)
                let count = cpb_recv(descriptor, &bytes, size)
                return count == 0 && cpb_has_ended(descriptor) != 0 ? nil : bytes
            }
            try await ReactorGroup.shared.next().sleep(for: .milliseconds(1))
        }
        return nil
    }

    func shutdownOutput() { _ = cpb_shutdown_output(descriptor) }
}

/// A transport that hands over one socket.
private struct PacketMedium: Plugin, Transport {
    let socket: CInt
    let name = "packets"
    let version = "1.0.0"
    let summary = "one packet socket of a test"

    func register(into registrar: inout Registrar) {
        let traits = TransportTraits(target: .none, crossesNetwork: false, cost: 1, listens: false)
        registrar.add(Layer(name: name, summary: summary, maker: .transport(traits, self)))
    }

    func connect(_ context: TransportContext) async throws -> any ByteStream {
        PacketSocketStream(socket: socket, isUnix: true, reactor: context.reactor)
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        throw PatchbayError(.unsupported, "only dials", stage: .listen)
    }
}
