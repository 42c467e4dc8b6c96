internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

extension UnsafeMutablePointer<patchbay_tape> {
    /// Appends all of a tape that was read from `message`, to an empty one.
    func append(_ tape: Tape, of message: ByteBuffer) throws {
        guard pointee.token_count == 0, pointee.arena_count == 0 else {
            throw PatchbayError(.invalidArgument, "the host's tape is not empty", stage: .decode)
        }
        var arena = tape.arena
        let shift: Shift
        if let offset = tape.message.offset(in: message) {
            shift = Shift(offset: UInt64(offset), leavesMessage: false)
        } else {
            // It points into bytes that the host does not have, such as what it unpacked first.
            shift = Shift(offset: UInt64(arena.readableBytes), leavesMessage: true)
            arena.writeImmutableBuffer(tape.message)
        }
        try append(arena: arena)
        try append(tape.tokens, shift)
    }

    private func append(arena: ByteBuffer) throws {
        try arena.withUnsafeReadableBytes { bytes in
            guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
            if pointee.arena_capacity < bytes.count { try HostRefusal.check(pointee.grow_arena?(self, bytes.count)) }
            guard let target = pointee.arena, pointee.arena_capacity >= bytes.count else { throw HostRefusal(status: Status.invalid) }
            UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: bytes.count)
            pointee.arena_count = bytes.count
        }
    }

    private func append(_ tokens: [Token], _ shift: Shift) throws {
        if pointee.token_capacity < tokens.count { try HostRefusal.check(pointee.grow_tokens?(self, tokens.count)) }
        guard let target = pointee.tokens, pointee.token_capacity >= tokens.count else {
            if tokens.isEmpty { return }
            throw HostRefusal(status: Status.invalid)
        }
        let words = UnsafeMutableRawPointer(target)
        tokens.withUnsafeBytes { source in
            for start in stride(from: 0, to: source.count, by: MemoryLayout<Token>.stride) {
                let head = source.load(fromByteOffset: start, as: UInt64.self) & Self.withoutPadding
                let payload = source.load(fromByteOffset: start + 8, as: UInt64.self)
                words.storeBytes(of: head, toByteOffset: start, as: UInt64.self)
                words.storeBytes(of: payload, toByteOffset: start + 8, as: UInt64.self)
            }
        }
        if shift.changes {
            for index in tokens.indices where tokens[index].inMessage {
                target[index].payload &+= shift.offset
                if shift.leavesMessage { target[index].in_message = 0 }
            }
        }
        pointee.token_count = tokens.count
    }

    /// Swift leaves what it likes in the byte that the header reserves, as 0.
    private static var withoutPadding: UInt64 { UInt64(littleEndian: 0xFFFF_FFFF_00FF_FFFF) }
}

/// How offsets into a tape's message become offsets into what the host has.
private struct Shift {
    var offset: UInt64
    /// They become offsets into the arena.
    var leavesMessage: Bool

    var changes: Bool { offset != 0 || leavesMessage }
}

extension ByteBuffer {
    /// Where these bytes lie within those of another buffer, if they share its memory.
    fileprivate func offset(in whole: ByteBuffer) -> Int? {
        if readableBytes == 0 { return 0 }
        return withUnsafeReadableBytes { part in
            whole.withUnsafeReadableBytes { whole in
                guard let part = part.baseAddress, let start = whole.baseAddress else { return nil }
                let offset = part - start
                return offset >= 0 && offset + readableBytes <= whole.count ? offset : nil
            }
        }
    }
}

extension Tape {
    /// Copies the host's tape, which it checked in full.
    init(_ tape: UnsafePointer<patchbay_tape>) throws {
        self.init(message: ByteBuffer())
        let count = tape.pointee.token_count
        let source = UnsafeBufferPointer(start: tape.pointee.tokens, count: count)
        guard source.allSatisfy({ Token.Kind(rawValue: $0.kind) != nil && $0.in_message == 0 }) else {
            throw PatchbayError(.invalidArgument, "the host's tape has a token that this version does not know", stage: .encode)
        }
        // Not a copy of the memory: a Swift enumeration is made from what was checked.
        tokens = source.map { token in
            Token(Token.Kind(rawValue: token.kind) ?? .null, detail: token.detail, length: token.length, payload: token.payload)
        }
        arena = ByteBuffer(bytes: UnsafeRawBufferPointer(start: tape.pointee.arena, count: tape.pointee.arena_count))
    }
}
