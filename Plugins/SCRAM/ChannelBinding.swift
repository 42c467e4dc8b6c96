internal import Crypto
internal import NIOCore
internal import PatchbayCore

/// What a proof is bound to besides the password (RFC 5802 section 6).
struct ChannelBinding: Sendable {
    /// The gs2 header, which says how: `p=patchbay,,`.
    let header: [UInt8]
    /// What names the channel.
    let data: [UInt8]

    init(header: String, data: [UInt8]) {
        self.header = Array(header.utf8)
        self.data = data
    }

    /// To a greeting: the hash of all its bytes so far. Whoever stands between two greetings has two transcripts, and cannot hand
    /// the proof of one to the other.
    init(transcript: ByteBuffer) {
        let hash = transcript.withUnsafeReadableBytes { SHA256.hash(data: $0) }
        self.init(header: "p=patchbay,,", data: Array(hash))
    }

    /// The value of `c=`.
    var text: String { (header + data).withUnsafeBytes { Base64.encode($0) } }
}
