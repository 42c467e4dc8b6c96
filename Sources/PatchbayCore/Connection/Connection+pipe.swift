internal import NIOCore
public import PatchbayIO

extension Connection {
    /// Two connections inside this process that lead to each other.
    /// - Parameters:
    ///   - duplex: false: the first only receives, the second only sends; the other way is `wrongDirection`.
    ///   - codec: nil: bytes.
    public static func pipe(
        duplex: Bool = true,
        codec: (any Codec)? = nil,
        reactors: ReactorGroup = .shared
    ) throws -> (Connection, Connection) {
        let streams = MemoryStream.pair(reactors.next(), reactors.next())
        let codec = codec ?? BytesCodec()
        let settings = ConnectionSettings(codec: codec, framing: LengthFraming(), canSend: duplex, canReceive: true)
        let other = ConnectionSettings(codec: codec, framing: LengthFraming(), canSend: true, canReceive: duplex)
        return (
            Connection(link: try Link(stream: streams.0, settings: settings)),
            Connection(link: try Link(stream: streams.1, settings: other))
        )
    }
}
