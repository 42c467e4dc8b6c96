public import NIOCore

/// The buffer that a writer of a binary format appends to, with its memory at hand.
///
/// Each write through `ByteBuffer` checks that the storage is unique and exclusive, which costs more than the write. This
/// owns the buffer, checks once per growth, and tells the buffer its writer index at the end. A copy in the middle of a
/// message would write to the same memory: a writer is moved, not copied.
public struct MessageOutput {
    /// Owns `memory`; its writer index is behind `writerIndex` until the next growth or the end.
    private var buffer: ByteBuffer
    /// All of the buffer's memory, by the buffer's indices; empty until the first write.
    @usableFromInline var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    @usableFromInline var writerIndex: Int
    /// The codec's name, for errors.
    private let layer: String

    public init(_ buffer: consuming ByteBuffer, layer: String) {
        writerIndex = buffer.writerIndex
        self.buffer = buffer
        self.layer = layer
    }

    /// The index in the buffer of the next byte.
    @inlinable public var position: Int { writerIndex }

    /// Gives the buffer back with what was written.
    public mutating func take() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &buffer)
        taken.moveWriterIndex(to: writerIndex)
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        writerIndex = 0
        return taken
    }

    @inlinable
    public mutating func write(_ byte: UInt8) throws {
        try reserve(1)
        memory.storeBytes(of: byte, toByteOffset: writerIndex, as: UInt8.self)
        writerIndex &+= 1
    }

    /// A byte and a big-endian integer behind it.
    @inlinable
    public mutating func write<T: FixedWidthInteger & BitwiseCopyable>(_ byte: UInt8, _ integer: T) throws {
        try reserve(1 &+ MemoryLayout<T>.size)
        set(byte, integer, at: writerIndex)
        writerIndex &+= 1 &+ MemoryLayout<T>.size
    }

    @inlinable
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        try reserve(bytes.count)
        memory.baseAddress?.advanced(by: writerIndex).copyMemory(from: source, byteCount: bytes.count)
        writerIndex &+= bytes.count
    }

    /// Where the next `count` bytes go, which ``advance(_:)`` then counts.
    @inlinable @inline(__always)
    public mutating func room(_ count: Int) throws -> UnsafeMutableRawPointer {
        try reserve(count)
        // Never nil behind a reservation of at least one byte.
        return memory.baseAddress.unsafelyUnwrapped + writerIndex
    }

    /// - Parameter count: at most what ``room(_:)`` was asked for.
    @inlinable @inline(__always)
    public mutating func advance(_ count: Int) { writerIndex &+= count }

    /// Writes over a byte that was written before; the index is not checked.
    @inlinable
    public func set(_ byte: UInt8, at index: Int) {
        memory.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }

    /// Writes over bytes that were written, or reserved, before; the index is not checked.
    @inlinable
    public func set<T: FixedWidthInteger & BitwiseCopyable>(_ byte: UInt8, _ integer: T, at index: Int) {
        memory.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        memory.storeBytes(of: integer.bigEndian, toByteOffset: index &+ 1, as: T.self)
    }

    /// Moves what was written from `index` on back by `count`, with whatever bytes in between.
    public mutating func insertSpace(_ count: Int, at index: Int) throws {
        try reserve(count)
        if let base = memory.baseAddress {
            (base + index + count).copyMemory(from: base + index, byteCount: writerIndex - index)
        }
        writerIndex += count
    }

    @inlinable @inline(__always)
    mutating func reserve(_ count: Int) throws {
        if count > memory.count &- writerIndex { try grow(count) }
    }

    /// - Throws: ``PatchbayError`` with `encodingFailed` above 4 GiB, which no `ByteBuffer` holds.
    @usableFromInline @inline(never)
    mutating func grow(_ count: Int) throws {
        let (needed, overflows) = writerIndex.addingReportingOverflow(count)
        guard !overflows, needed < Int(UInt32.max) else {
            throw PatchbayError(
                .encodingFailed,
                "the message would be larger than 4 GiB; send it in parts",
                stage: .encode,
                layer: layer
            )
        }
        buffer.moveWriterIndex(to: writerIndex)
        buffer.reserveCapacity(max(needed, 256))
        memory = buffer.withVeryUnsafeMutableBytes { $0 }
    }
}
