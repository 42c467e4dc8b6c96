public import NIOCore

/// What all encoders and containers of one message share: the writer, and which containers are open.
///
/// `Codable` opens containers and never closes them; here a container closes when its parent goes on, or when the value
/// that opened it returns. A place where one value belongs is a slot; slots are numbered, so that a container that
/// outlived its turn is noticed.
///
/// The writer is in a subclass that is generic over it, which each codec's module specialises; what is generic over a key
/// type runs unspecialised, and reaches it by one dynamic call. An existential would check for each token that its box is unique.
///
/// Codecs get theirs from ``ValueCodec/makeEncoderState(_:reusing:)``, which has a default: there is nothing to call here.
public class TokenEncoderState {
    enum Shape: UInt8 {
        case map
        /// Its begin is not written yet, since the value may turn out to be bytes.
        case undecided
        case sequence
        /// A whole value that was written as bytes.
        case bytes
    }

    struct Frame {
        var slot: UInt32
        var shape: Shape
        /// A dictionary's string keys that read as numbers are text all the same; nil until such a key comes.
        var takesIntegerKeys: Bool?
        var count = 0
        /// The key of the newest nested value, for paths.
        var key: (any CodingKey)?

        init(slot: UInt32, shape: Shape) {
            self.slot = slot
            self.shape = shape
        }
    }

    // Accesses cannot overlap, since a writer never calls back; the checks took a quarter of the time.
    private let writesIntegerKeys: Bool
    /// Each open container, the innermost last. Memory of its own, since an array checks at each change that it is unique.
    @exclusivity(unchecked) private(set) final var frames: UnsafeMutablePointer<Frame>
    @exclusivity(unchecked) private(set) final var frameCount = 0
    @exclusivity(unchecked) private var frameCapacity = 8
    @exclusivity(unchecked) final var newestSlot: UInt32 = 1
    /// The slot that has no value yet; 0 for none.
    @exclusivity(unchecked) final var pendingSlot: UInt32 = 1
    /// What went wrong where `Codable` lets nothing be thrown.
    @exclusivity(unchecked) final var failure: (any Error)?

    @usableFromInline
    init(writesIntegerKeys: Bool) {
        self.writesIntegerKeys = writesIntegerKeys
        frames = .allocate(capacity: frameCapacity)
    }

    deinit {
        frames.deinitialize(count: frameCount)
        frames.deallocate()
    }

    /// Ready for another message.
    @usableFromInline
    func restart() {
        frames.deinitialize(count: frameCount)
        frameCount = 0
        newestSlot = 1
        pendingSlot = 1
        failure = nil
    }

    private func push(_ frame: Frame) {
        if frameCount == frameCapacity {
            let grown = UnsafeMutablePointer<Frame>.allocate(capacity: frameCapacity * 2)
            grown.moveInitialize(from: frames, count: frameCount)
            frames.deallocate()
            frames = grown
            frameCapacity *= 2
        }
        (frames + frameCount).initialize(to: frame)
        frameCount &+= 1
    }

    // MARK: What the subclass writes

    // No input leads to these two: this class has no initializer outside of its module, where `WriterEncoderState` alone is made, and overrides
    // them all. An empty message in their place would hide that somebody had forgotten it.
    @usableFromInline func finish() throws -> ByteBuffer { fatalError("the subclass writes") }
    @usableFromInline func takeBuffer() -> ByteBuffer { fatalError("the subclass writes") }
    @usableFromInline func null() throws {}
    @usableFromInline func bool(_ value: Bool) throws {}
    @usableFromInline func int(_ value: Int64) throws {}
    @usableFromInline func unsigned(_ value: UInt64) throws {}
    @usableFromInline func bigInteger(_ value: BigInteger) throws {}
    @usableFromInline func float(_ value: Float) throws {}
    @usableFromInline func double(_ value: Double) throws {}
    @usableFromInline func string(_ utf8: UnsafeRawBufferPointer) throws {}
    @usableFromInline func bytes(_ bytes: UnsafeRawBufferPointer) throws {}
    @usableFromInline func beginArray(count: Int?) throws {}
    @usableFromInline func endArray(count: Int) throws {}
    @usableFromInline func beginMap(count: Int?) throws {}
    @usableFromInline func endMap(count: Int) throws {}
    @usableFromInline func value(_ value: Value) throws {}
    @usableFromInline func fields<Fields: FieldCodable>(_ value: Fields) throws {}
    @usableFromInline func doubles(_ elements: [Double]) throws {}
    @usableFromInline func floats(_ elements: [Float]) throws {}
    @usableFromInline func ints(_ elements: [Int]) throws {}
    @usableFromInline func strings(_ elements: [String]) throws {}

    @inline(__always)
    final func string(_ text: String) throws {
        var text = text
        try text.withUTF8 { try string(UnsafeRawBufferPointer($0)) }
    }

    /// Writes an integer of any width in the shortest of the forms.
    @inline(__always)
    final func integer<Integer: FixedWidthInteger>(_ value: Integer) throws {
        if let small = Int64(exactly: value) {
            try int(small)
        } else if let unsigned = UInt64(exactly: value) {
            try self.unsigned(unsigned)
        } else {
            try bigInteger(BigInteger(value))
        }
    }

    // MARK: Containers

    /// Writes the whole message.
    final func root<T: Encodable>(_ value: T) throws {
        if let type = CodecScratch.current.fieldType(of: T.self) {
            pendingSlot = 0
            try fields(value, as: type)
        } else if try writeDirectly(value) {
            pendingSlot = 0
        } else {
            try value.encode(to: TokenEncoder(state: self, index: 0, slot: 1, valueType: T.self))
            try finishSlot(at: 0)
        }
    }

    /// Writes a value whose type is known to be `type`.
    private final func fields<T, Fields: FieldCodable>(_ value: T, as type: Fields.Type) throws {
        try withUnsafePointer(to: value) { value in
            try value.withMemoryRebound(to: type, capacity: 1) { try fields($0.pointee) }
        }
    }

    /// Closes what a value left open in the slot above `index` containers, and writes an empty map for one that wrote nothing.
    final func finishSlot(at index: Int) throws {
        if let failure { throw failure }
        if pendingSlot != 0 { try fillPendingSlot() }
        while frameCount > index { try closeFrame() }
    }

    final func fillPendingSlot() throws {
        pendingSlot = 0
        try beginMap(count: 0)
        try endMap(count: 0)
    }

    final func closeFrame() throws {
        guard frameCount > 0 else { return }
        frameCount &-= 1
        let (shape, count) = (frames[frameCount].shape, frames[frameCount].count)
        (frames + frameCount).deinitialize(count: 1)
        switch shape {
        case .map: try endMap(count: count)
        case .sequence: try endArray(count: count)
        case .undecided:
            try beginArray(count: 0)
            try endArray(count: 0)
        case .bytes: break
        }
    }

    /// Opens a container in a slot, or finds the one that is open there already: a class and its superclass share one.
    final func open(_ shape: Shape, at index: Int, slot: UInt32) {
        do {
            if frameCount > index, frames[index].slot == slot {
                guard (frames[index].shape == .map) == (shape == .map) else { throw conflict() }
                return
            }
            guard pendingSlot == slot, frameCount == index else { throw outOfTurn() }
            guard frameCount < DecodingLimits.greatestDepth else { throw Value.tooDeep() }
            pendingSlot = 0
            if shape == .map { try beginMap(count: nil) }
            push(Frame(slot: slot, shape: shape))
        } catch {
            failure = failure ?? located(error, index)
        }
    }

    /// Makes the container at `index` the innermost, ready for its next value.
    @inline(__always)
    final func resume(_ index: Int, _ slot: UInt32) throws {
        if frameCount == index &+ 1, pendingSlot == 0, failure == nil, frames[index].slot == slot { return }
        try resumeSlowly(index, slot)
    }

    final func resumeSlowly(_ index: Int, _ slot: UInt32) throws {
        if let failure { throw failure }
        guard frameCount > index, frames[index].slot == slot else { throw outOfTurn() }
        try finishSlot(at: index + 1)
    }

    /// A new slot, for a value or a container that nests here.
    final func makeSlot() -> UInt32 {
        newestSlot &+= 1
        pendingSlot = newestSlot
        return newestSlot
    }

    /// Writes a map's key and counts the pair.
    final func writeKey<Key: CodingKey>(_ key: Key, _ index: Int, valueType: Any.Type) throws {
        if writesIntegerKeys, let number = key.intValue, takesIntegerKeys(index, valueType) {
            try int(Int64(number))
        } else {
            try string(key.stringValue)
        }
        frames[index].count &+= 1
    }

    final func takesIntegerKeys(_ index: Int, _ valueType: Any.Type) -> Bool {
        if let known = frames[index].takesIntegerKeys { return known }
        let takes = !(valueType is any StringKeyedDictionary.Type)
        frames[index].takesIntegerKeys = takes
        return takes
    }

    /// Begins an array's next element and counts it.
    final func beginElement(_ index: Int) throws {
        if frames[index].shape != .sequence { try decide(index) }
        frames[index].count &+= 1
    }

    final func decide(_ index: Int) throws {
        guard frames[index].shape == .undecided else { throw conflict() }
        frames[index].shape = .sequence
        try beginArray(count: nil)
    }

    final func outOfTurn() -> any Error {
        PatchbayError(
            .encodingFailed,
            "a container was used after the one around it had gone on; finish a nested container before the next value",
            stage: .encode
        )
    }

    final func conflict() -> any Error {
        PatchbayError(.encodingFailed, "one value was encoded in two ways; use one container for it", stage: .encode)
    }

    /// The keys that lead to the container at `index`.
    final func path(to index: Int) -> [any CodingKey] {
        (0..<min(index, frameCount)).map { frames[$0].key ?? IndexKey(frames[$0].count &- 1) }
    }

    /// Adds where it happened to an error of the writer's.
    @inline(never)
    final func located(_ error: any Error, _ index: Int, _ key: (any CodingKey)? = nil) -> any Error {
        guard var error = error as? PatchbayError else { return error }
        error.message = pathDescription(path(to: index) + (key.map { [$0] } ?? [])) + error.message
        let located = error
        failure = located
        return located
    }
}

/// A dictionary whose keys are text.
protocol StringKeyedDictionary {}

extension Dictionary: StringKeyedDictionary where Key == String {}
