internal import CPatchbayIO
internal import Glibc

/// One direction of a ``DescriptorStream``: a descriptor of our own, and how to use it without ever blocking its reactor.
struct DescriptorEnd: Sendable {
    enum Access: Sendable {
        /// recv and send take the wish not to block with each call.
        case socket
        /// Nobody else shares its flags, and they say non-blocking.
        case nonBlocking
        /// Its flags are shared and say blocking: asked before each call.
        case polled
        /// A plain file, to be written: never blocks for long, and epoll refuses it.
        case file
    }

    let descriptor: CInt
    let access: Access

    /// Takes over a descriptor that is non-blocking, and that no other process shares.
    init(owning descriptor: CInt) {
        self.descriptor = descriptor
        access = cpb_is_socket(descriptor) != 0 ? .socket : .nonBlocking
    }

    private init(_ descriptor: CInt, _ access: Access) {
        self.descriptor = descriptor
        self.access = access
    }

    enum Direction { case input, output }

    /// Makes use of a descriptor that other processes may share; it stays open, and its flags stay as they are.
    static func borrowing(_ shared: CInt, _ direction: Direction, pump: DescriptorPump) throws(IOFailure) -> DescriptorEnd {
        if cpb_is_socket(shared) == 0 {
            // A pipe or a terminal, opened once more by its name, has flags of its own. May be forbidden; then it is asked each time.
            let fresh = cpb_reopen(shared)
            if fresh >= 0 { return DescriptorEnd(fresh, .nonBlocking) }
        }
        let copy = cpb_duplicate(shared)
        guard copy >= 0 else { throw IOFailure(errno: -copy, operation: direction == .input ? "use the input" : "use the output") }
        if cpb_is_socket(copy) != 0 { return DescriptorEnd(copy, .socket) }
        if isPollable(copy) { return DescriptorEnd(copy, .polled) }
        switch direction {
        case .output: return DescriptorEnd(copy, .file)
        case .input: return DescriptorEnd(try pump.start(from: copy), .nonBlocking)
        }
    }

    /// What epoll refuses, it refuses with EPERM: epoll_ctl(2).
    private static func isPollable(_ descriptor: CInt) -> Bool {
        let epoll = cpb_epoll_create()
        guard epoll >= 0 else { return true }
        defer { _ = cpb_close(epoll) }
        return cpb_epoll_add(epoll, descriptor, 0, nil) != -EPERM
    }

    /// What a pipe takes without blocking once it is writable: pipe(7), PIPE_BUF.
    private static let safeWrite = 4096

    /// As many bytes as there are, 0 at the end, or -errno.
    func read(_ space: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        switch access {
        case .socket: return cpb_recv(descriptor, space, count)
        case .nonBlocking, .file: return cpb_read(descriptor, space, count)
        case .polled:
            let ready = cpb_poll(descriptor, CInt(CPB_IN), 0)
            return ready > 0 ? cpb_read(descriptor, space, count) : ready == 0 ? -Int(EAGAIN) : Int(ready)
        }
    }

    /// As many bytes as were taken, or -errno.
    func write(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> Int {
        switch access {
        case .socket: return cpb_send_two(descriptor, head.baseAddress, head.count, body.baseAddress, body.count)
        case .nonBlocking, .file: return cpb_write_quietly(descriptor, head.baseAddress, head.count, body.baseAddress, body.count)
        case .polled:
            let ready = cpb_poll(descriptor, CInt(CPB_OUT), 0)
            guard ready > 0 else { return ready == 0 ? -Int(EAGAIN) : Int(ready) }
            let head = UnsafeRawBufferPointer(rebasing: head.prefix(Self.safeWrite))
            let body = UnsafeRawBufferPointer(rebasing: body.prefix(Self.safeWrite - head.count))
            return cpb_write_quietly(descriptor, head.baseAddress, head.count, body.baseAddress, body.count)
        }
    }
}
