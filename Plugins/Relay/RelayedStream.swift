internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO

/// A stream that a relay led to its peer: the relay's own, and what both ends were told of the call.
final class RelayedStream: ByteStream {
    private let stream: any ByteStream
    /// What both ends' handshakes must agree on.
    private let binding: [UInt8]

    init(_ stream: any ByteStream, realm: String, name: String, circuit: [UInt8]) {
        self.stream = stream
        var binding = Array("patchbay relay 1".utf8) + [0]
        for part in [Array(realm.utf8), Array(name.utf8), circuit] {
            // Each is shorter than 256 bytes.
            binding.append(UInt8(clamping: part.count))
            binding += part
        }
        self.binding = binding
    }

    var reactor: Reactor { stream.reactor }
    var descriptor: CInt? { stream.descriptor }
    var packets: (any PacketStream)? { nil }

    var peer: StreamPeer {
        var peer = stream.peer
        peer.binding = binding
        // The machine and the process at the other end of the socket are the relay's.
        peer.address = nil
        peer.credentials = nil
        return peer
    }

    func read(into buffer: inout ByteBuffer, upTo maximum: Int) -> ReadOutcome { stream.read(into: &buffer, upTo: maximum) }
    func lookAgain() { stream.lookAgain() }
    func write(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> WriteOutcome { stream.write(head, body) }
    func whenReadable(_ waiter: any StreamWaiter) -> Bool { stream.whenReadable(waiter) }
    func whenWritable(_ waiter: any StreamWaiter) -> Bool { stream.whenWritable(waiter) }
    func shutdownOutput() { stream.shutdownOutput() }
    func close(abort: Bool) { stream.close(abort: abort) }
}
