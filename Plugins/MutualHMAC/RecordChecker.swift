internal import NIOCore
internal import PatchbayCore

/// The incoming records of one direction: a record that was changed, dropped, repeated or moved has another number or another
/// MAC.
struct RecordChecker: RecordFormat {
    static var headerBytes: Int { Record.headerBytes }
    static var overhead: Int { Record.overhead }
    static var layer: String { MutualHMACAuthenticator.layer }

    private let key: KeyedSHA256
    /// Of the next record.
    private var number: UInt64 = 0

    init(key: KeyedSHA256) { self.key = key }

    static func head(_ header: UnsafeRawBufferPointer) -> RecordHead? {
        let header = UInt32(bigEndian: header.loadUnaligned(as: UInt32.self))
        if header == Record.endHeader { return RecordHead(payload: 0, isEnd: true) }
        return (1...UInt32(Record.largestPayload)).contains(header) ? RecordHead(payload: Int(header), isEnd: false) : nil
    }

    mutating func take(_ record: UnsafeRawBufferPointer, into plain: inout ByteBuffer) -> Bool {
        let header = UInt32(bigEndian: record.loadUnaligned(as: UInt32.self))
        let payload = UnsafeRawBufferPointer(rebasing: record[Record.headerBytes..<(record.count - Record.codeBytes)])
        let code = UnsafeRawBufferPointer(rebasing: record.suffix(Record.codeBytes))
        guard Record.withCode(key, number: number, header: header, payload: payload, { constantTimeEqual(code, $0) }) else {
            return false
        }
        number &+= 1
        plain.writeBytes(payload)
        return true
    }
}
