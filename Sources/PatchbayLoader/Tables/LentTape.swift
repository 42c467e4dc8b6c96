internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// The memory of a tape that a plugin fills.
struct LentTape {
    /// The call that runs fills it.
    var isLent = false
    /// With ``Loan/guardBytes`` behind it; kept for the next message.
    var tokens = UnsafeMutableRawPointer.allocate(byteCount: 0, alignment: 16)
    var tokenCapacity = 0
    var arena = ByteBuffer()
    var arenaMemory: UnsafeMutableRawPointer?
    var arenaCapacity = 0
    var limits = DecodingLimits()
    var arenaLimit = 0
    /// It was told that no more fits.
    var isExhausted = false

    /// A loan does not keep more than that (1 MiB) for its next call.
    static let mostKeptTokens = 65_536
    static let tokenBytes = MemoryLayout<patchbay_token>.size

    /// Text that is unescaped or joined is about as long as it was; formats that refer back may say it more often.
    static func arenaLimit(for message: ByteBuffer) -> Int { min((1 << 20) + 16 * message.readableBytes, LentSink.largestBuffer) }

    /// Keeps the first `used` tokens.
    mutating func setTokenCapacity(_ capacity: Int, keeping used: Int) {
        let grown = UnsafeMutableRawPointer.allocate(byteCount: capacity * Self.tokenBytes + Loan.guardBytes, alignment: 16)
        grown.copyMemory(from: tokens, byteCount: used * Self.tokenBytes)
        Loan.writeGuard(grown, at: capacity * Self.tokenBytes)
        tokens.deallocate()
        tokens = grown
        tokenCapacity = capacity
    }

    /// Whether nothing was written behind the tokens.
    var guardHolds: Bool { Loan.guardHolds(tokens, at: tokenCapacity * Self.tokenBytes) }
}

extension Loan {
    func prepareTape(_ host: UnsafeMutableRawPointer) {
        tape.pointee.size = UInt32(MemoryLayout<patchbay_tape>.size)
        tape.pointee.host = host
        tape.pointee.grow_tokens = { tape, more in
            guard let loan = Loan.of(tape?.pointee.host) else { return PatchbayStatus.invalidArgument }
            return loan.growTokens(more)
        }
        tape.pointee.grow_arena = { tape, more in
            guard let loan = Loan.of(tape?.pointee.host) else { return PatchbayStatus.invalidArgument }
            return loan.growArena(more)
        }
        lentTape.setTokenCapacity(256, keeping: 0)
        clearTape()
    }

    /// Runs a call that fills the tape from `message`, and checks what it left.
    /// - Parameter body: gets the tape.
    /// - Returns: the tape, every token of it checked.
    func lendTape(
        _ call: PluginCall,
        message: ByteBuffer,
        limits: DecodingLimits,
        _ body: (UnsafeMutablePointer<patchbay_tape>) throws(PatchbayError) -> Void
    ) throws(PatchbayError) -> Tape {
        lentTape.isLent = true
        lentTape.limits = limits
        lentTape.arenaLimit = LentTape.arenaLimit(for: message)
        tape.pointee.depth_limit = UInt32(clamping: limits.depth)
        tape.pointee.tokens = lentTape.tokens.assumingMemoryBound(to: patchbay_token.self)
        tape.pointee.token_capacity = lentTape.tokenCapacity
        defer { clearTape() }
        try body(tape)
        return try takeTape(call, message)
    }

    private func takeTape(_ call: PluginCall, _ message: ByteBuffer) throws(PatchbayError) -> Tape {
        let given = tape.pointee
        let isIntact =
            UnsafeMutableRawPointer(given.tokens) == lentTape.tokens && given.token_capacity == lentTape.tokenCapacity
            && UnsafeMutableRawPointer(given.arena) == lentTape.arenaMemory && given.arena_capacity == lentTape.arenaCapacity
        guard isIntact else {
            throw located(contract.breach(call.function, "changed a pointer or a capacity of its tape, which only the host writes"), call)
        }
        guard given.token_count <= lentTape.tokenCapacity, given.token_count >= 0, given.arena_count <= lentTape.arenaCapacity,
            given.arena_count >= 0
        else { throw located(contract.breach(call.function, "counts more on its tape than the tape has room for"), call) }
        guard lentTape.guardHolds, !lentTape.isExhausted else {
            let what =
                lentTape.isExhausted
                ? "returned success after its tape had told it that no more fits" : "wrote behind the tokens of its tape"
            throw located(contract.breach(call.function, what), call)
        }
        if given.arena_count > 0 { lentTape.arena.moveWriterIndex(to: given.arena_count) }
        var result = Tape(message: message)
        swap(&result.arena, &lentTape.arena)
        let source = UnsafeBufferPointer(start: UnsafePointer(given.tokens), count: given.token_count)
        do throws(TapeFault) {
            result.tokens = try TapeCheck.tokens(source, message: message, arena: result.arena, depth: lentTape.limits.depth)
        } catch {
            if let limit = error.limit { throw PatchbayError(.limitExceeded, limit, stage: .decode, layer: call.layer) }
            if let content = error.content { throw PatchbayError(.decodingFailed, content, stage: .decode, layer: call.layer) }
            throw located(contract.breach(call.function, "gave an invalid tape: \(error.description)"), call)
        }
        return result
    }

    func clearTape() {
        lentTape.isLent = false
        lentTape.isExhausted = false
        lentTape.arena = ByteBuffer()
        lentTape.arenaMemory = nil
        lentTape.arenaCapacity = 0
        if lentTape.tokenCapacity > LentTape.mostKeptTokens { lentTape.setTokenCapacity(256, keeping: 0) }
        if !lentTape.guardHolds { lentTape.setTokenCapacity(lentTape.tokenCapacity, keeping: 0) }
        tape.pointee.tokens = nil
        tape.pointee.token_count = 0
        tape.pointee.token_capacity = 0
        tape.pointee.arena = nil
        tape.pointee.arena_count = 0
        tape.pointee.arena_capacity = 0
    }

    private func growTokens(_ more: Int) -> Int32 {
        guard isCurrent, lentTape.isLent else {
            return refuse("patchbay_tape.grow_tokens", "was called where no tape is filled, or on another thread")
        }
        let used = tape.pointee.token_count
        guard used >= 0, used <= lentTape.tokenCapacity, lentTape.guardHolds else {
            return refuse("patchbay_tape.grow_tokens", "found more tokens than the tape has room for")
        }
        guard more >= 0, more <= lentTape.limits.tokens - used else {
            lentTape.isExhausted = true
            return PatchbayStatus.beyondLimit
        }
        guard more > lentTape.tokenCapacity - used else { return PatchbayStatus.ok }
        lentTape.setTokenCapacity(min(max(used + more, lentTape.tokenCapacity * 2), max(lentTape.limits.tokens, 256)), keeping: used)
        tape.pointee.tokens = lentTape.tokens.assumingMemoryBound(to: patchbay_token.self)
        tape.pointee.token_capacity = lentTape.tokenCapacity
        return PatchbayStatus.ok
    }

    private func growArena(_ more: Int) -> Int32 {
        guard isCurrent, lentTape.isLent else {
            return refuse("patchbay_tape.grow_arena", "was called where no tape is filled, or on another thread")
        }
        let used = tape.pointee.arena_count
        guard used >= 0, used <= lentTape.arenaCapacity else {
            return refuse("patchbay_tape.grow_arena", "found more bytes than the arena has room for")
        }
        guard more >= 0, more <= lentTape.arenaLimit - used else {
            lentTape.isExhausted = true
            return PatchbayStatus.beyondLimit
        }
        guard more > lentTape.arenaCapacity - used else { return PatchbayStatus.ok }
        lentTape.arena.moveWriterIndex(to: used)
        lentTape.arena.reserveCapacity(min(max(used + more, lentTape.arenaCapacity * 2, 256), lentTape.arenaLimit))
        let memory = lentTape.arena.withVeryUnsafeMutableBytes { $0 }
        lentTape.arenaMemory = memory.baseAddress
        lentTape.arenaCapacity = memory.count
        tape.pointee.arena = memory.baseAddress?.assumingMemoryBound(to: UInt8.self)
        tape.pointee.arena_capacity = memory.count
        return PatchbayStatus.ok
    }
}
