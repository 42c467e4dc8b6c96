/// The containers that a writer has open, for formats that put the count of elements in front of them.
///
/// `Codable` tells a count only at the end. So one byte is reserved, which is all that small containers need; a larger
/// head moves the elements back by its rest. That keeps messages compact, and costs one `memmove` per large container.
public struct ContainerHeads {
    /// Where a container began.
    public struct Head {
        /// The index in the buffer of the head's first byte.
        public var position: Int
        /// The count that was written at the begin; nil where one byte is reserved instead.
        public var declared: Int?

        @inlinable public init(position: Int, declared: Int?) {
            self.position = position
            self.declared = declared
        }
    }

    /// Kept beside the others, so that a message with one container at a time allocates nothing.
    @usableFromInline var innermost: Head?
    @usableFromInline var outer: [Head] = []

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { innermost == nil }

    @inlinable public mutating func push(_ head: Head) {
        if let innermost { outer.append(innermost) }
        innermost = head
    }

    /// Nil where no container is open.
    @inlinable public mutating func pop() -> Head? {
        defer { innermost = outer.popLast() }
        return innermost
    }
}
