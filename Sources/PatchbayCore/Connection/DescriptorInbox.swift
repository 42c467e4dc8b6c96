internal import PatchbayIO

/// The descriptor that came beside the bytes of a connection and was not taken; reached under the lock of its side. A reference: most
/// connections have none.
///
/// Reads go ahead of what was asked for, so a descriptor comes with bytes that nobody has looked at yet. The kernel ends a read with the bytes
/// that a descriptor was sent with: so it is kept with the place of the last byte that was read along with it (docs/decisions/0014).
final class DescriptorInbox {
    /// How a descriptor stands between messages.
    enum Mark {
        /// One byte outside of all frames, as CPython's `multiprocessing.reduction.send_handle` sends it.
        case byte
        /// A control frame.
        case frame
    }

    let socket: SocketStream
    let mark: Mark
    /// Bytes that were read from the stream so far.
    private var received: UInt64 = 0
    private var arrival: DescriptorArrival?
    /// Behind the last byte of the read that brought it.
    private var arrivalEnd: UInt64 = 0
    /// Its mark was read off: it comes before everything else.
    var next: OwnedDescriptor?

    init(_ stream: any ByteStream, _ settings: ConnectionSettings) throws(PatchbayError) {
        guard let socket = stream as? SocketStream, socket.carriesDescriptors else { throw Self.unsupported(.medium) }
        guard settings.framing.keepsBoundaries else { throw Self.unsupported(.unframed) }
        guard settings.streamProcessors.isEmpty else { throw Self.unsupported(.sealed) }
        self.socket = socket
        mark = Self.mark(settings)
    }

    /// Both ends have the same stack, and so the same mark.
    static func mark(_ settings: ConnectionSettings) -> Mark {
        settings.hasControlFrames ? .frame : .byte
    }

    /// - Parameter unread: bytes that were read before.
    func begin(with unread: Int) { received = UInt64(unread) }

    /// Counts a read. There is seldom a second arrival before the first was taken, and never where the peer keeps to its frames: the first
    /// came in the middle of one then, and is closed.
    func note(_ bytes: Int, _ arrival: consuming DescriptorArrival?) {
        received &+= UInt64(bytes)
        guard arrival != nil else { return }
        self.arrival = arrival
        arrivalEnd = received
    }

    /// A descriptor came in a read that ended so many bytes behind the beginning of the unread ones; at most 0: among bytes that were
    /// read off.
    func distance(unread: Int) -> Int? {
        guard arrival != nil else { return nil }
        let start = received &- UInt64(unread)
        return arrivalEnd >= start ? Int(clamping: arrivalEnd - start) : -Int(clamping: start - arrivalEnd)
    }

    /// Takes what came.
    func takeArrival() -> DescriptorArrival? { arrival.take() }

    /// Puts one back that came with the byte before a place among all that was read; 0: its mark was read off already.
    func restore(_ descriptor: consuming OwnedDescriptor, at place: Int) {
        if place == 0 {
            next = consume descriptor
        } else {
            arrival = .one(descriptor)
            arrivalEnd = UInt64(clamping: place)
        }
    }
}

extension DescriptorInbox {
    /// Why a connection cannot carry descriptors.
    enum Obstacle: String {
        case notAsked = "this connection takes no descriptors; write descriptors=true in the URLs of both ends, which need a Unix socket"
        case medium = "descriptors travel over Unix sockets alone; drop descriptors=true, or use unix, abstract or node"
        case sealed =
            "descriptors cannot be sealed, and what secures or processes this stream leaves no place between its records for them; send them over a Unix socket without it"
        case unframed = "descriptors stand between messages, and the framing 'none' marks none; choose another"
    }

    static func unsupported(_ obstacle: Obstacle, stage: PatchbayError.Stage = .handshake) -> PatchbayError {
        PatchbayError(.unsupported, obstacle.rawValue, stage: stage)
    }

    static func comesFirst() -> PatchbayError {
        PatchbayError(.outOfTurn, "a descriptor comes before the next message; take it with receiveDescriptor", stage: .receive)
    }

    static func messageComesFirst() -> PatchbayError {
        PatchbayError(.outOfTurn, "no descriptor comes next, but a message; receive that first", stage: .receive)
    }
}
