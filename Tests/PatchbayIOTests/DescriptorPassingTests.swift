import CPatchbayIO
import Glibc
import NIOCore
import PatchbayIO
import PatchbayTesting
import Testing

/// A pipe whose writing end goes on its way: only once every copy of that is closed does the reading end see the end.
private struct Witness: ~Copyable {
    let reading: OwnedDescriptor
    let writing: OwnedDescriptor

    init() throws {
        var pipe: [CInt] = [-1, -1]
        try RawSocket.check(cpb_pipe(&pipe))
        reading = OwnedDescriptor(pipe[0])
        writing = OwnedDescriptor(pipe[1])
    }

    /// Gives up its own copy; whether no other is left.
    consuming func isLast() -> Bool {
        do { _ = consume writing }
        var byte: UInt8 = 0
        return cpb_read(reading.number, &byte, 1) == 0
    }
}

/// What a read brought, in words; a descriptor that came is closed by this.
private func words(_ arrival: consuming DescriptorArrival?) -> String {
    switch consume arrival {
    case .one(let descriptor)?: fcntl(descriptor.number, F_GETFD) == FD_CLOEXEC ? "one" : "one, not close-on-exec"
    case .several(let count)?: "several, \(count)"
    case .lost?: "lost"
    case nil: "nothing"
    }
}

@Suite("Descriptors beside the bytes of a Unix socket", .timeLimit(.minutes(1)))
struct DescriptorPassingTests {
    /// A stream with its raw peer, on a reactor of its own.
    private func withStream(_ body: (SocketStream, RawSocket) throws -> Void) throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let (socket, peer) = try RawSocket.pair(tcp: false)
        let stream = SocketStream(socket: socket, isUnix: true, reactor: group.next())
        try body(stream, peer)
        stream.close(abort: false)
    }

    @Test("a read ends with the bytes that a descriptor came with, whatever stands before and behind them")
    func barrier() throws {
        let witness = try Witness()
        try withStream { stream, peer in
            peer.send([1, 2])
            peer.send([3])
            #expect(peer.send([4, 5], carrying: witness.writing.number, count: 1))
            peer.send([6])
            #expect(peer.send([7], carrying: witness.writing.number, count: 1))
            var found: [String] = []
            for _ in 0..<3 {
                var buffer = ByteBuffer()
                var arrival: DescriptorArrival?
                _ = stream.read(into: &buffer, upTo: 100, &arrival)
                found.append("\(Array(buffer.readableBytesView)) \(words(arrival))")
            }
            #expect(found == ["[1, 2, 3, 4, 5] one", "[6, 7] one", "[] nothing"])
        }
        let isLast = witness.isLast()
        #expect(isLast)
    }

    @Test("of more than one, up to as many as the kernel passes, all are closed", arguments: [2, 7, 253])
    func several(count: Int) throws {
        let witness = try Witness()
        try withStream { stream, peer in
            #expect(peer.send([1], carrying: witness.writing.number, count: count))
            var buffer = ByteBuffer()
            var arrival: DescriptorArrival?
            _ = stream.read(into: &buffer, upTo: 100, &arrival)
            #expect(words(arrival) == "several, \(count)")
        }
        let isLast = witness.isLast()
        #expect(isLast)
    }

    @Test("where this process has no room for what comes, that is told, and what did come is closed")
    func truncated() async {
        await #expect(processExitsWith: .success) {
            for count in [1, 5] { try DescriptorPassingTests().receive(count, withRoomFor: count == 1 ? 0 : 1) }
        }
    }

    private func receive(_ count: Int, withRoomFor room: CInt) throws {
        let witness = try Witness()
        try withStream { stream, peer in
            #expect(peer.send([1], carrying: witness.writing.number, count: count))
            peer.send([2])
            var before = rlimit()
            #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0)
            // The lowest free number is the first that would be given.
            let free = dup(0)
            close(free)
            var tight = rlimit(rlim_cur: rlim_t(free + room), rlim_max: before.rlim_max)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &tight) == 0)
            var buffer = ByteBuffer()
            var arrival: DescriptorArrival?
            _ = stream.read(into: &buffer, upTo: 100, &arrival)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0)
            #expect(words(arrival) == "lost")
            #expect(Array(buffer.readableBytesView) == [1])
            buffer.clear()
            arrival = nil
            _ = stream.read(into: &buffer, upTo: 100, &arrival)
            #expect(Array(buffer.readableBytesView) == [2])
            #expect(words(arrival) == "nothing")
        }
        let isLast = witness.isLast()
        #expect(isLast)
    }

    @Test("a copy goes with its bytes; what is no descriptor is refused, and a peer that takes nothing blocks")
    func write() throws {
        let witness = try Witness()
        try withStream { stream, peer in
            guard case .bytes(2) = stream.write([8, 9], carrying: witness.writing.number) else {
                Issue.record("the bytes were not taken")
                return
            }
            let received = SocketStream(socket: dup(peer.descriptor), isUnix: true, reactor: stream.reactor)
            var buffer = ByteBuffer()
            var arrival: DescriptorArrival?
            _ = received.read(into: &buffer, upTo: 100, &arrival)
            #expect(Array(buffer.readableBytesView) == [8, 9])
            #expect(words(arrival) == "one")
            received.close(abort: false)

            guard case .failed(let failure) = stream.write([1], carrying: 1_000_000) else {
                Issue.record("a number that is no descriptor was sent")
                return
            }
            #expect(failure.errno == EBADF)
            // The socket's buffer ends it before the limit of descriptors on their way does.
            let bytes = [UInt8](repeating: 7, count: 65_536)
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            while case .bytes = bytes.withUnsafeBytes({ stream.write($0, nothing) }) {}
            guard case .blocked = stream.write([1], carrying: witness.writing.number) else {
                Issue.record("a full socket took a descriptor")
                return
            }
        }
        let isLast = witness.isLast()
        #expect(isLast)
    }
}
