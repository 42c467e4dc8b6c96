internal import Crypto
internal import NIOCore

/// One record: u32 big-endian header, payload, MAC.
///
/// Bit 31 of the header marks the record that ends the stream, which has no payload; bits 0 to 14 are the payload's length,
/// 1 to 16,384; the bits between are 0. The MAC is the first 16 bytes of HMAC-SHA256 over the record's number in its
/// direction (u64 big-endian, from 0, never sent), the header and the payload.
enum Record {
    static let headerBytes = 4
    static let codeBytes = 16
    static let overhead = headerBytes + codeBytes
    static let largestPayload = 16 * 1024
    static let endHeader: UInt32 = 1 << 31

    /// Calls `body` with the 16 bytes of a record's MAC.
    @inline(__always)
    static func withCode<Result>(
        _ key: KeyedSHA256,
        number: UInt64,
        header: UInt32,
        payload: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        // A tuple on the stack: 8 bytes of number, 4 of header, without padding between them.
        var prefix = (number.bigEndian, header.bigEndian)
        let code = withUnsafeBytes(of: &prefix) { key.code(UnsafeRawBufferPointer(rebasing: $0[..<12]), payload) }
        return code.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<codeBytes])) }
    }
}
