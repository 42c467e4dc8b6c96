/// What all encoders and containers of one message share: the writer, and which containers are open.
///
/// `Codable` opens containers and never closes them; here a container closes when its parent goes on, or when the value
/// that opened it returns. A place where one value belongs is a slot; slots are numbered, so that a container that
/// outlived its turn is noticed.
///
/// The writer is an existential: what is generic over a key type runs unspecialised, so a generic writer would cost more.
final class TokenEncoderState {
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
    @exclusivity(unchecked) var writer: any TokenWriter
    private let writesIntegerKeys: Bool
    @exclusivity(unchecked) var frames: [Frame] = []
    @exclusivity(unchecked) var newestSlot: UInt32 = 1
    /// The slot that has no value yet; 0 for none.
    @exclusivity(unchecked) var pendingSlot: UInt32 = 1
    /// What went wrong where `Codable` lets nothing be thrown.
    @exclusivity(unchecked) var failure: (any Error)?

    init(_ writer: some TokenWriter) {
        self.writer = writer
        writesIntegerKeys = type(of: writer).writesIntegerKeys
    }

    /// Writes the whole message.
    func root<T: Encodable>(_ value: T) throws {
        if try writeDirectly(value) {
            pendingSlot = 0
        } else {
            try value.encode(to: TokenEncoder(state: self, index: 0, slot: 1, valueType: T.self))
            try finishSlot(at: 0)
        }
    }

    /// Closes what a value left open in the slot above `index` containers, and writes an empty map for one that wrote nothing.
    func finishSlot(at index: Int) throws {
        if let failure { throw failure }
        if pendingSlot != 0 { try fillPendingSlot() }
        while frames.count > index { try closeFrame() }
    }

    func fillPendingSlot() throws {
        pendingSlot = 0
        try writer.beginMap(count: 0)
        try writer.endMap(count: 0)
    }

    func closeFrame() throws {
        guard let frame = frames.popLast() else { return }
        switch frame.shape {
        case .map: try writer.endMap(count: frame.count)
        case .sequence: try writer.endSequence(.array, count: frame.count)
        case .undecided:
            try writer.beginSequence(.array, count: 0)
            try writer.endSequence(.array, count: 0)
        case .bytes: break
        }
    }

    /// Opens a container in a slot, or finds the one that is open there already: a class and its superclass share one.
    func open(_ shape: Shape, at index: Int, slot: UInt32) {
        do {
            if frames.count > index, frames[index].slot == slot {
                guard (frames[index].shape == .map) == (shape == .map) else { throw conflict() }
                return
            }
            guard pendingSlot == slot, frames.count == index else { throw outOfTurn() }
            guard frames.count < DecodingLimits.greatestDepth else { throw Value.tooDeep() }
            pendingSlot = 0
            if shape == .map { try writer.beginMap(count: nil) }
            frames.append(Frame(slot: slot, shape: shape))
        } catch {
            failure = failure ?? located(error, index)
        }
    }

    /// Makes the container at `index` the innermost, ready for its next value.
    @inline(__always)
    func resume(_ index: Int, _ slot: UInt32) throws {
        if frames.count == index &+ 1, pendingSlot == 0, failure == nil, frames[index].slot == slot { return }
        try resumeSlowly(index, slot)
    }

    func resumeSlowly(_ index: Int, _ slot: UInt32) throws {
        if let failure { throw failure }
        guard frames.count > index, frames[index].slot == slot else { throw outOfTurn() }
        try finishSlot(at: index + 1)
    }

    /// A new slot, for a value or a container that nests here.
    func makeSlot() -> UInt32 {
        newestSlot &+= 1
        pendingSlot = newestSlot
        return newestSlot
    }

    /// Writes a map's key and counts the pair.
    func writeKey<Key: CodingKey>(_ key: Key, _ index: Int, valueType: Any.Type) throws {
        if writesIntegerKeys, let number = key.intValue, takesIntegerKeys(index, valueType) {
            try writer.int(Int64(number))
        } else {
            try writer.string(key.stringValue)
        }
        frames[index].count &+= 1
    }

    func takesIntegerKeys(_ index: Int, _ valueType: Any.Type) -> Bool {
        if let known = frames[index].takesIntegerKeys { return known }
        let takes = !(valueType is any StringKeyedDictionary.Type)
        frames[index].takesIntegerKeys = takes
        return takes
    }

    /// Begins an array's next element and counts it.
    func beginElement(_ index: Int) throws {
        if frames[index].shape != .sequence { try decide(index) }
        frames[index].count &+= 1
    }

    func decide(_ index: Int) throws {
        guard frames[index].shape == .undecided else { throw conflict() }
        frames[index].shape = .sequence
        try writer.beginSequence(.array, count: nil)
    }

    func outOfTurn() -> any Error {
        PatchbayError(
            .encodingFailed,
            "a container was used after the one around it had gone on; finish a nested container before the next value",
            stage: .encode
        )
    }

    func conflict() -> any Error {
        PatchbayError(.encodingFailed, "one value was encoded in two ways; use one container for it", stage: .encode)
    }

    /// The keys that lead to the container at `index`.
    func path(to index: Int) -> [any CodingKey] {
        frames.prefix(index).map { $0.key ?? IndexKey($0.count &- 1) }
    }

    /// Adds where it happened to an error of the writer's.
    @inline(never)
    func located(_ error: any Error, _ index: Int, _ key: (any CodingKey)? = nil) -> any Error {
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
