/// The first byte of a control frame: what the frame is for (docs/wire.md).
public struct ControlKind: RawRepresentable, Sendable, Hashable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Opens the greeting, each way.
    public static let hello = Self(rawValue: 0x01)
    /// One message of an authenticator.
    public static let auth = Self(rawValue: 0x02)
    /// The user and the handshake data, sealed, where a securing layer keeps them out of HELLO.
    public static let details = Self(rawValue: 0x03)
    /// Confirms and ends the greeting, each way.
    public static let finish = Self(rawValue: 0x04)
    /// Why the sender ends the connection.
    public static let error = Self(rawValue: 0x05)
    /// The sender's last frame: the stream ends in order.
    public static let close = Self(rawValue: 0x06)
    /// Asks for a ``pong`` with the same content, at most ``largestPing`` bytes.
    public static let ping = Self(rawValue: 0x07)
    /// Answers a ``ping``.
    public static let pong = Self(rawValue: 0x08)

    /// A descriptor comes with this frame, which says that it is one. Unix sockets only.
    public static let descriptor = Self(rawValue: 0x09)

    /// Bytes behind the kind of a ping or a pong.
    public static let largestPing = 64

    /// After the greeting, a frame of a kind that the receiver does not know is skipped where this is true (0xC0 and above),
    /// and a protocol violation else.
    public var isIgnorable: Bool { rawValue >= 0xC0 }
}
