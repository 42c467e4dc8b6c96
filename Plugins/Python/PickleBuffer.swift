/// A growing run of plain values with one owner: what the pickle machine keeps its stack, memo and containers in.
///
/// It is not an `Array` because every access there checks for uniqueness. Indices are the machine's own; those that come from a
/// message are checked before they get here.
struct PickleBuffer<Element>: ~Copyable {
    /// Nil only while nothing was ever appended.
    private(set) var base: UnsafeMutablePointer<Element>?
    /// For those who know that something was: `grow` just ran, or there is an index under `count`.
    private var memory: UnsafeMutablePointer<Element> {
        @inline(__always) get { base.unsafelyUnwrapped }
    }
    private(set) var count = 0
    private var capacity = 0

    deinit {
        base?.deinitialize(count: count)
        base?.deallocate()
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count == capacity { grow(to: count + 1) }
        memory.advanced(by: count).initialize(to: element)
        count &+= 1
    }

    /// Appends elements `range` of `other`.
    mutating func append(_ other: borrowing PickleBuffer<Element>, _ range: Range<Int>) {
        precondition(range.upperBound <= other.count)
        guard !range.isEmpty, let source = other.base else { return }
        if capacity - count < range.count { grow(to: count + range.count) }
        memory.advanced(by: count).initialize(from: source + range.lowerBound, count: range.count)
        count += range.count
    }

    mutating func append(contentsOf bytes: UnsafeRawBufferPointer) where Element == UInt8 {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        if capacity - count < bytes.count { grow(to: count + bytes.count) }
        UnsafeMutableRawPointer(memory + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    @inline(__always)
    mutating func removeLast(_ removed: Int = 1) {
        assert(removed <= count)
        count &-= removed
    }

    subscript(index: Int) -> Element {
        @inline(__always) get {
            assert(index >= 0 && index < count)
            return memory[index]
        }
        @inline(__always) _modify {
            assert(index >= 0 && index < count)
            yield &memory[index]
        }
    }

    @inline(never)
    private mutating func grow(to needed: Int) {
        let room = max(needed, capacity * 2, 16)
        let fresh = UnsafeMutablePointer<Element>.allocate(capacity: room)
        if let base {
            fresh.moveInitialize(from: base, count: count)
            base.deallocate()
        }
        base = fresh
        capacity = room
    }
}
