public import NIOCore

/// What one attempt to read gave.
public enum ReadOutcome: Sendable {
    /// So many bytes were appended to the buffer.
    case bytes(Int)
    /// Nothing now: register a waiter.
    case blocked
    /// The peer ended its direction in order.
    case end
    /// The stream failed and will not recover.
    case failed(IOFailure)
}

/// What one attempt to write gave.
public enum WriteOutcome: Sendable {
    /// So many bytes, from the front of the pieces, were taken.
    case bytes(Int)
    /// Nothing now: register a waiter.
    case blocked
    /// The stream failed and will not recover.
    case failed(IOFailure)
}

/// Told once when a stream may be ready again.
///
/// Called on the stream's reactor, with no lock of the stream held. Must not block.
public protocol StreamWaiter: AnyObject, Sendable {
    func streamBecameReadable()
    func streamBecameWritable()
}

/// A full-duplex stream of bytes with back-pressure: the seam between a connection and its transport.
///
/// No call suspends. Waiting, cancellation and deadlines live in the connection alone, which calls the reading
/// half and the writing half from any thread, each half from one caller at a time.
public protocol ByteStream: AnyObject, Sendable {
    /// The reactor that tells of readiness.
    var reactor: Reactor { get }

    /// The descriptor, for those who wait on many; nil where there is none. It stays the stream's.
    var descriptor: CInt? { get }

    /// Whom this stream leads to. May cost a system call.
    var peer: StreamPeer { get }

    /// The stream itself, where its medium keeps packets apart; nil, as by default, where it does not. Asked once by each connection.
    var packets: (any PacketStream)? { get }

    /// Appends at most `maximum` bytes to `buffer`, which has room for them.
    func read(into buffer: inout ByteBuffer, upTo maximum: Int) -> ReadOutcome

    /// Makes the next read ask the system, even where it said before that there is nothing: for those who do not wait to be told.
    func lookAgain()

    /// Takes as much as it can of `head` followed by `body`; either may be empty, not both.
    func write(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> WriteOutcome

    /// Registers the waiter; false: readable already, and the waiter will not be told.
    func whenReadable(_ waiter: any StreamWaiter) -> Bool

    /// Registers the waiter; false: writable already, and the waiter will not be told.
    func whenWritable(_ waiter: any StreamWaiter) -> Bool

    /// Ends the writing half in order; the reading half goes on.
    func shutdownOutput()

    /// Gives everything back and tells the waiters. Idempotent; `abort` resets where the medium can.
    func close(abort: Bool)
}

extension ByteStream {
    /// For streams that ask the system each time.
    public func lookAgain() {}
}

/// The other end of a stream, as the system sees it.
public struct StreamPeer: Sendable, Hashable {
    /// The peer's address, where it has one.
    public var address: Address?
    /// The peer process as the kernel vouches for it: Unix sockets only.
    public var credentials: PeerCredentials?
    /// What both ends of the stream were told of it by whoever led them to each other, such as a relay; empty for a direct one. Their handshakes
    /// fail unless it is the same.
    public var binding: [UInt8]

    public init(address: Address? = nil, credentials: PeerCredentials? = nil, binding: [UInt8] = []) {
        self.address = address
        self.credentials = credentials
        self.binding = binding
    }
}

/// SO_PEERCRED: who called connect or listen at the other end.
public struct PeerCredentials: Sendable, Hashable {
    public var processID: Int32
    public var userID: UInt32
    public var groupID: UInt32

    public init(processID: Int32, userID: UInt32, groupID: UInt32) {
        self.processID = processID
        self.userID = userID
        self.groupID = groupID
    }
}
