internal import PatchbayCore

/// What the library keeps for one direction of one connection: made at the first call, and anew after a call that failed.
final class BoundContext: @unchecked Sendable {
    // Sendable: a step is called by one connection, one call at a time.

    /// How to make and free contexts, with the options of a URL.
    struct Maker: Sendable {
        let create: BoundCall
        let test: BoundTest
        let free: BoundCall
        let contract: BindingContract
    }

    private let maker: Maker
    private var pointer: UnsafeMutableRawPointer?

    init(_ maker: Maker) { self.maker = maker }

    deinit { discard() }

    /// - Throws: `PatchbayError` with `systemFailure` where the library makes none.
    func get() throws(PatchbayError) -> UnsafeMutableRawPointer {
        if let pointer { return pointer }
        var frame = CallFrame()
        maker.create.call(&frame)
        let made =
            maker.create.prepared.description.prototype.result.isPointer
            ? UnsafeMutableRawPointer(bitPattern: UInt(frame.returned)) : frame.context
        guard maker.test.holds(after: maker.create, frame), let made else {
            throw PatchbayError(
                .systemFailure,
                "\(maker.create.prepared.description.prototype.name) made no context; there may be too little memory",
                stage: .plugin
            )
        }
        pointer = made
        return made
    }

    /// Frees it; what comes next gets a new one. Of a library that broke the contract nothing is called, not even this.
    func discard() {
        guard let made = pointer else { return }
        pointer = nil
        guard maker.contract.isKept else { return }
        var frame = CallFrame()
        frame.context = made
        maker.free.call(&frame)
    }
}
