internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// Where the bytes go that a plugin writes: straight into a buffer, up to a bound.
struct LentSink {
    /// Some call lent it.
    var isLent = false
    var buffer = ByteBuffer()
    /// All of the buffer's memory, by the buffer's indices; empty until the first write.
    var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var writerIndex = 0
    /// Bytes that may still come.
    var remaining = 0
    /// What `room_count` was when the host wrote it; -1 where there is no room.
    var room = -1
    /// It was told that no more fits.
    var isExhausted = false
    /// Where messages end that `end_message` ended, in the buffer; nil where that means nothing.
    var boundaries: [Int]?

    /// No buffer holds more.
    static let largestBuffer = Int(UInt32.max) - 4096

    /// Makes so many bytes writable at the writer index.
    /// - Returns: false where no buffer holds them.
    @inline(__always)
    mutating func ensure(_ count: Int) -> Bool { count <= memory.count - writerIndex || grow(count) }

    @inline(never)
    private mutating func grow(_ count: Int) -> Bool {
        guard count <= Self.largestBuffer - writerIndex else { return false }
        buffer.moveWriterIndex(to: writerIndex)
        // Doubles, so that many small writes cost no more than one pass over the bytes.
        let doubled = min(max(256, buffer.capacity * 2), Self.largestBuffer)
        if count > buffer.capacity - writerIndex { buffer.reserveCapacity(max(writerIndex + count, doubled)) }
        // Makes the storage this buffer's own, which it stays: nothing else refers to it until it is taken.
        memory = buffer.withVeryUnsafeMutableBytes { $0 }
        return true
    }
}

extension Loan {
    /// Runs a call that writes to the sink, at the end of `buffer`.
    /// - Parameters:
    ///   - maximum: bytes that may come.
    ///   - endsMessages: the plugin may end several messages.
    /// - Returns: where the messages that it ended end in the buffer.
    /// - Throws: what `body` throws; the buffer is then as it was before. A breach where the plugin went on after it was told to stop.
    @inline(__always)
    func lendSink(
        _ call: PluginCall,
        into buffer: inout ByteBuffer,
        maximum: Int,
        endsMessages: Bool,
        _ body: (UnsafeMutablePointer<patchbay_sink>) throws(PatchbayError) -> Void
    ) throws(PatchbayError) -> [Int] {
        let start = buffer.writerIndex
        lentSink = LentSink(isLent: true, writerIndex: start, remaining: max(0, maximum), boundaries: endsMessages ? [] : nil)
        swap(&lentSink.buffer, &buffer)
        closeRoom()
        var isDone = false
        defer {
            swap(&lentSink.buffer, &buffer)
            if isDone || buffer.writerIndex > start { buffer.moveWriterIndex(to: isDone ? lentSink.writerIndex : start) }
            lentSink = LentSink()
            closeRoom()
        }
        try body(sink)
        guard checkRoom(call.function) else { throw located(contract.breach ?? contract.breach(call.function, "overran its sink"), call) }
        guard !lentSink.isExhausted else {
            throw located(contract.breach(call.function, "returned success after its sink had told it that no more fits"), call)
        }
        isDone = true
        return lentSink.boundaries ?? []
    }

    func prepareSink(_ host: UnsafeMutableRawPointer) {
        sink.pointee.size = UInt32(MemoryLayout<patchbay_sink>.size)
        sink.pointee.host = host
        sink.pointee.write = { sink, data, count in
            guard let loan = Loan.of(sink?.pointee.host) else { return PatchbayStatus.invalidArgument }
            return loan.write(data, count)
        }
        sink.pointee.reserve = { sink, count in
            guard let loan = Loan.of(sink?.pointee.host) else { return PatchbayStatus.invalidArgument }
            return loan.reserve(count)
        }
        sink.pointee.commit = { sink, count in
            guard let loan = Loan.of(sink?.pointee.host) else { return PatchbayStatus.invalidArgument }
            return loan.commit(count)
        }
        sink.pointee.end_message = { sink in
            guard let loan = Loan.of(sink?.pointee.host) else { return PatchbayStatus.invalidArgument }
            return loan.endMessage()
        }
        sink.pointee.remaining = { sink in
            guard let loan = Loan.of(sink?.pointee.host), loan.isCurrent else { return 0 }
            return loan.lentSink.remaining
        }
    }

    /// The host's functions of a sink work only while the call runs that lent it, on its thread.
    @inline(__always)
    private func isForbidden(_ function: StaticString) -> Bool {
        if isCurrent, lentSink.isLent { return false }
        _ = refuse(function, "was called after the call that lent the sink had returned, or on another thread")
        return true
    }

    private func write(_ data: UnsafeRawPointer?, _ count: Int) -> Int32 {
        guard !isForbidden("patchbay_sink.write") else { return PatchbayStatus.forbidden }
        guard checkRoom("patchbay_sink.write") else { return PatchbayStatus.forbidden }
        closeRoom()
        guard count != 0 else { return PatchbayStatus.ok }
        guard count > 0, count <= lentSink.remaining, lentSink.ensure(count) else { return exhaust() }
        guard let data else { return refuse("patchbay_sink.write", "was given no bytes, and a count of \(count)") }
        // Never nil: `ensure` made room for at least one byte.
        lentSink.memory.baseAddress.unsafelyUnwrapped.advanced(by: lentSink.writerIndex).copyMemory(from: data, byteCount: count)
        lentSink.writerIndex += count
        lentSink.remaining -= count
        return PatchbayStatus.ok
    }

    private func reserve(_ count: Int) -> Int32 {
        guard !isForbidden("patchbay_sink.reserve"), checkRoom("patchbay_sink.reserve") else { return PatchbayStatus.forbidden }
        closeRoom()
        // Behind the room stands a word that tells of an overrun.
        guard count >= 0, count <= lentSink.remaining, lentSink.ensure(count + 8), let base = lentSink.memory.baseAddress else {
            return exhaust()
        }
        let room = min(lentSink.memory.count - lentSink.writerIndex - 8, lentSink.remaining)
        lentSink.room = room
        sink.pointee.room = base + lentSink.writerIndex
        sink.pointee.room_count = room
        lentSink.memory.storeBytes(of: Self.guardWord, toByteOffset: lentSink.writerIndex + room, as: UInt64.self)
        return PatchbayStatus.ok
    }

    private func commit(_ count: Int) -> Int32 {
        guard !isForbidden("patchbay_sink.commit"), checkRoom("patchbay_sink.commit") else { return PatchbayStatus.forbidden }
        guard count >= 0, count <= max(0, lentSink.room) else {
            return refuse("patchbay_sink.commit", "was told of \(count) bytes where \(max(0, lentSink.room)) had room")
        }
        lentSink.writerIndex += count
        lentSink.remaining -= count
        closeRoom()
        return PatchbayStatus.ok
    }

    private func endMessage() -> Int32 {
        guard !isForbidden("patchbay_sink.end_message") else { return PatchbayStatus.forbidden }
        // A codec writes one message for each value.
        guard lentSink.boundaries != nil else { return PatchbayStatus.invalidArgument }
        // Empty messages cost nothing but this list.
        guard lentSink.boundaries?.count ?? 0 < 65_536 else { return exhaust() }
        lentSink.boundaries?.append(lentSink.writerIndex)
        return PatchbayStatus.ok
    }

    private func exhaust() -> Int32 {
        lentSink.isExhausted = true
        return PatchbayStatus.beyondLimit
    }

    /// Whether the room is as the host left it.
    func checkRoom(_ function: StaticString) -> Bool {
        guard lentSink.room >= 0 else { return true }
        guard sink.pointee.room_count == lentSink.room else {
            _ = refuse(function, "found `room_count` changed, which only the host writes")
            return false
        }
        guard lentSink.memory.loadUnaligned(fromByteOffset: lentSink.writerIndex + lentSink.room, as: UInt64.self) == Self.guardWord else {
            _ = refuse(function, "found bytes written behind the \(lentSink.room) of `room`")
            return false
        }
        return true
    }

    private func closeRoom() {
        lentSink.room = -1
        sink.pointee.room = nil
        sink.pointee.room_count = 0
    }
}
