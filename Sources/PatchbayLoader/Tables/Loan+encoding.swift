internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

extension Loan {
    /// Runs a call that reads a tape of the host's.
    @inline(__always)
    func lendTape(
        of tokens: [patchbay_token],
        _ arena: ByteBuffer,
        _ body: (UnsafePointer<patchbay_tape>) throws(PatchbayError) -> Void
    ) throws(PatchbayError) {
        var failure: PatchbayError?
        tokens.withUnsafeBufferPointer { tokens in
            arena.withUnsafeReadableBytes { bytes in
                // The plugin gets it to read only.
                tape.pointee.tokens = UnsafeMutablePointer(mutating: tokens.baseAddress)
                tape.pointee.token_count = tokens.count
                tape.pointee.token_capacity = tape.pointee.token_count
                tape.pointee.arena = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
                tape.pointee.arena_count = bytes.count
                tape.pointee.arena_capacity = bytes.count
                tape.pointee.depth_limit = UInt32(DecodingLimits.greatestDepth)
                do throws(PatchbayError) { try body(tape) } catch { failure = error }
            }
        }
        clearTape()
        if let failure { throw failure }
    }
}
