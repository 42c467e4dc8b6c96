internal import NIOCore
internal import PatchbayCore

/// Cuts the output into records of at most 16 KiB.
struct RecordSealer: StreamSealer {
    private let key: KeyedSHA256
    /// Of the next record. At a billion records a second it wraps after 584 years.
    private var number: UInt64 = 0

    init(key: KeyedSHA256) { self.key = key }

    mutating func seal(_ plain: UnsafeRawBufferPointer, into wire: inout ByteBuffer) {
        guard !plain.isEmpty else { return }
        let records = (plain.count - 1) / Record.largestPayload + 1
        let total = plain.count + records * Record.overhead
        wire.writeWithUnsafeMutableBytes(minimumWritableBytes: total) { output in
            var from = 0
            var to = 0
            while from < plain.count {
                let length = min(plain.count - from, Record.largestPayload)
                let payload = UnsafeRawBufferPointer(rebasing: plain[from..<from + length])
                write(UInt32(length), payload, to: UnsafeMutableRawBufferPointer(rebasing: output[to..<to + length + Record.overhead]))
                from += length
                to += length + Record.overhead
            }
            return total
        }
    }

    mutating func sealEnd(into wire: inout ByteBuffer) {
        wire.writeWithUnsafeMutableBytes(minimumWritableBytes: Record.overhead) { output in
            write(Record.endHeader, UnsafeRawBufferPointer(start: nil, count: 0), to: output)
            return Record.overhead
        }
    }

    @inline(__always)
    private mutating func write(_ header: UInt32, _ payload: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) {
        output.storeBytes(of: header.bigEndian, as: UInt32.self)
        UnsafeMutableRawBufferPointer(rebasing: output[Record.headerBytes...]).copyMemory(from: payload)
        let code = UnsafeMutableRawBufferPointer(rebasing: output[(Record.headerBytes + payload.count)...])
        Record.withCode(key, number: number, header: header, payload: payload) { code.copyMemory(from: $0) }
        number &+= 1
    }
}
