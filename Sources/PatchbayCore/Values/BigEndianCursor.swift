/// Walks over the bytes of one message of a binary format, and refuses to walk past their end.
public struct BigEndianCursor {
    public let bytes: UnsafeRawBufferPointer
    /// Of the next byte, from the start of the message.
    public var offset = 0
    /// The codec's name, for errors.
    @usableFromInline let layer: String

    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer, layer: String) {
        self.bytes = bytes
        self.layer = layer
    }

    @inlinable public var remaining: Int { bytes.count &- offset }

    @inlinable @inline(__always)
    public mutating func byte() throws -> UInt8 {
        guard offset < bytes.count else { return try refuse() }
        defer { offset &+= 1 }
        return bytes[offset]
    }

    @inlinable @inline(__always)
    public mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(as type: T.Type) throws -> T {
        guard MemoryLayout<T>.size <= remaining else { return T(truncatingIfNeeded: try refuse()) }
        defer { offset &+= MemoryLayout<T>.size }
        return T(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// Steps over as many bytes as a header claims.
    /// - Returns: where they start, and how many they are.
    @inlinable @inline(__always)
    public mutating func take(_ claimed: UInt64) throws -> (offset: Int, count: Int) {
        guard claimed <= UInt64(remaining) else { return try refuse(claimed) }
        defer { offset &+= Int(truncatingIfNeeded: claimed) }
        return (offset, Int(truncatingIfNeeded: claimed))
    }

    /// Checks a container's claim: a value needs at least one byte.
    /// - Parameter values: how many values each element is: two for a map's pair.
    @inlinable
    public func elements(_ claimed: UInt64, values: Int = 1) throws -> Int {
        guard claimed <= UInt64(remaining / values) else { throw overclaimed(claimed, values == 1 ? "elements" : "pairs") }
        return Int(truncatingIfNeeded: claimed)
    }

    // By reference, and apart: a copy of the cursor for an error's sake costs more than the reading.
    @usableFromInline @inline(never)
    mutating func refuse() throws -> UInt8 { throw truncated() }

    @usableFromInline @inline(never)
    mutating func refuse(_ claimed: UInt64) throws -> (offset: Int, count: Int) { throw overclaimed(claimed, "bytes") }

    @inline(never)
    public func truncated() -> PatchbayError {
        failure("the message ends before its value does", at: bytes.count)
    }

    @inline(never)
    public func overclaimed(_ claimed: UInt64, _ things: String) -> PatchbayError {
        failure("a header claims \(claimed) \(things), but only \(remaining) bytes follow it", at: offset)
    }

    public func failure(_ message: String, at offset: Int) -> PatchbayError {
        PatchbayError(.decodingFailed, "\(message), at byte \(offset) of the message", stage: .decode, layer: layer)
    }
}
