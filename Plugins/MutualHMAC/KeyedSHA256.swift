internal import Crypto

/// HMAC-SHA256 (RFC 2104) under one key, with both key blocks hashed once, ahead of all messages.
///
/// swift-crypto's `HMAC` takes its data through generic collections and hashes the key blocks for every message, which
/// for small records costs more than the record itself.
struct KeyedSHA256: Sendable {
    private let inner: SHA256
    private let outer: SHA256

    init(key: SymmetricKey) {
        var inner = SHA256()
        var outer = SHA256()
        withUnsafeTemporaryAllocation(byteCount: SHA256.blockByteCount, alignment: 1) { block in
            block.initializeMemory(as: UInt8.self, repeating: 0)
            key.withUnsafeBytes { key in
                if key.count > SHA256.blockByteCount {
                    var hash = SHA256()
                    hash.update(bufferPointer: key)
                    hash.finalize().withUnsafeBytes { block.copyMemory(from: $0) }
                } else {
                    block.copyMemory(from: key)
                }
            }
            for index in block.indices { block[index] ^= 0x36 }
            inner.update(bufferPointer: UnsafeRawBufferPointer(block))
            for index in block.indices { block[index] ^= 0x36 ^ 0x5c }
            outer.update(bufferPointer: UnsafeRawBufferPointer(block))
            block.initializeMemory(as: UInt8.self, repeating: 0)
        }
        self.inner = inner
        self.outer = outer
    }

    /// The code of `message`.
    func code(_ message: UnsafeRawBufferPointer) -> SHA256.Digest { code(UnsafeRawBufferPointer(start: nil, count: 0), message) }

    /// The code of `prefix` followed by `body`.
    @inline(__always)
    func code(_ prefix: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> SHA256.Digest {
        var inner = self.inner
        inner.update(bufferPointer: prefix)
        inner.update(bufferPointer: body)
        var outer = self.outer
        inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
        return outer.finalize()
    }
}
