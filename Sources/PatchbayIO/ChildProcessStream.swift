internal import CPatchbayIO
internal import Glibc
package import NIOCore

/// A stream to the standard input and output of a child process, which ends with the stream.
package final class ChildProcessStream: ByteStream {
    package let child: ChildProcess
    private let stream: any ByteStream

    private init(_ stream: any ByteStream, _ child: ChildProcess) {
        self.stream = stream
        self.child = child
    }

    deinit { close(abort: false) }

    /// Starts a program and leads to it.
    /// - Parameter overPipes: two pipes instead of a socket pair, for programs that mind the difference.
    package static func start(_ program: ChildProgram, overPipes: Bool, reactor: Reactor) throws(IOFailure) -> ChildProcessStream {
        if overPipes {
            let toChild = try pair(cpb_pipe)
            let fromChild: (CInt, CInt)
            do throws(IOFailure) {
                fromChild = try pair(cpb_pipe)
            } catch {
                close([toChild.0, toChild.1])
                throw error
            }
            let child = try start(program, theirs: [toChild.0, fromChild.1], ours: [toChild.1, fromChild.0], reactor)
            return ChildProcessStream(DescriptorStream(owningInput: fromChild.0, output: toChild.1, reactor: reactor), child)
        }
        let sockets = try pair { cpb_socket_pair(CInt(SOCK_STREAM.rawValue), $0) }
        let child = try start(program, theirs: [sockets.1, sockets.1], ours: [sockets.0], reactor)
        return ChildProcessStream(SocketStream(socket: sockets.0, isUnix: true, reactor: reactor), child)
    }

    /// - Parameter theirs: input and output of the child; closed here, whatever happens.
    private static func start(
        _ program: ChildProgram,
        theirs: [CInt],
        ours: [CInt],
        _ reactor: Reactor
    ) throws(IOFailure) -> ChildProcess {
        // Programs expect to wait in read and write. Each end has flags of its own: ours stays as it is.
        for descriptor in theirs { _ = cpb_set_blocking(descriptor) }
        defer { close(theirs) }
        do throws(IOFailure) {
            return try ChildProcess.start(program, input: theirs[0], output: theirs[1], reactor: reactor)
        } catch {
            close(ours)
            throw error
        }
    }

    private static func close(_ descriptors: [CInt]) {
        for descriptor in Set(descriptors) { _ = cpb_close(descriptor) }
    }

    private static func pair(_ make: (UnsafeMutablePointer<CInt>?) -> CInt) throws(IOFailure) -> (CInt, CInt) {
        var pair: [CInt] = [-1, -1]
        let status = pair.withUnsafeMutableBufferPointer { make($0.baseAddress) }
        guard status >= 0 else { throw IOFailure(errno: -status, operation: "open a way to a program") }
        return (pair[0], pair[1])
    }

    package var reactor: Reactor { stream.reactor }

    package var descriptor: CInt? { stream.descriptor }

    /// The kernel names who made the socket pair, which is this process: the user is right, and the process is the child.
    package var peer: StreamPeer {
        var peer = stream.peer
        peer.credentials?.processID = child.processID
        return peer
    }

    package func read(into buffer: inout ByteBuffer, upTo maximum: Int) -> ReadOutcome { stream.read(into: &buffer, upTo: maximum) }

    package func lookAgain() { stream.lookAgain() }

    package func write(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> WriteOutcome { stream.write(head, body) }

    package func whenReadable(_ waiter: any StreamWaiter) -> Bool { stream.whenReadable(waiter) }

    package func whenWritable(_ waiter: any StreamWaiter) -> Bool { stream.whenWritable(waiter) }

    package func shutdownOutput() { stream.shutdownOutput() }

    package func close(abort: Bool) {
        // An aborted child is told before its input ends, or it would take that for an end in order.
        if abort { child.end(.atOnce) }
        stream.close(abort: abort)
        if !abort { child.end(.inOrder) }
    }
}
