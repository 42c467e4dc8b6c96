internal import Glibc

/// Bytes that are read in pieces, never as a whole: what a file says of its own layout is not believed.
package protocol BoundedBytes {
    var count: Int { get }
    /// Exactly these bytes; the caller bounds `count`.
    /// - Throws: ``ObjectFault`` where the range leaves the file.
    func read(at offset: Int, count: Int) throws(ObjectFault) -> [UInt8]
}

/// Why a file is no plugin that can be used.
package struct ObjectFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }

    static let truncated = ObjectFault("the file ends within what it promises: it is truncated, or damaged; build or copy it again")
}

/// An open file. The descriptor belongs to whoever made this.
package struct DescriptorBytes: BoundedBytes {
    package var descriptor: CInt
    package var count: Int

    package func read(at offset: Int, count wanted: Int) throws(ObjectFault) -> [UInt8] {
        guard offset >= 0, wanted >= 0, offset <= count, wanted <= count - offset else { throw .truncated }
        var failure: CInt = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            while filled < wanted {
                let count = pread(descriptor, buffer.baseAddress.map { $0 + filled }, wanted - filled, offset + filled)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    failure = count < 0 ? errno : 0
                    return
                }
                filled += count
            }
        }
        guard bytes.count == wanted else {
            throw failure == 0 ? .truncated : ObjectFault("it cannot be read: \(String(cString: strerror(failure)))")
        }
        return bytes
    }
}

/// Bytes in memory.
package struct MemoryBytes: BoundedBytes {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var count: Int { bytes.count }

    package func read(at offset: Int, count wanted: Int) throws(ObjectFault) -> [UInt8] {
        guard offset >= 0, wanted >= 0, offset <= count, wanted <= count - offset else { throw .truncated }
        return Array(bytes[offset..<offset + wanted])
    }
}
