internal import NIOCore
internal import PatchbayCore

extension ByteBuffer {
    /// The readable bytes; never NULL, also where there are none.
    @inline(__always)
    func withBorrowedBytes(_ body: (UnsafeRawPointer, Int) throws(PatchbayError) -> Void) throws(PatchbayError) {
        var failure: PatchbayError?
        withUnsafeReadableBytes { bytes in
            do throws(PatchbayError) {
                if let base = bytes.baseAddress {
                    try body(base, bytes.count)
                } else {
                    try withUnsafePointer(to: UInt64(0)) { empty throws(PatchbayError) in try body(UnsafeRawPointer(empty), 0) }
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
