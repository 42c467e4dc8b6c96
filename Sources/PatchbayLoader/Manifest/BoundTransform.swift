internal import PatchbayCore

/// A function that turns bytes into bytes, bound with its options, and what its answers mean.
struct BoundTransform: Sendable {
    /// What came of one call.
    enum Outcome {
        /// So many bytes were written.
        case done(Int)
        /// What it returned, for the error.
        case failed(CallFailure, code: Int128)
    }

    let call: BoundCall
    let test: BoundTest
    let length: SizeSource
    let failures: [UInt64: CallFailure]
    let otherwise: CallFailure
    let context: BoundContext.Maker?
    let contract: BindingContract

    var name: String { call.prepared.description.prototype.name }

    /// Calls the function once.
    /// - Parameter output: as much as its declared width can say is offered.
    /// - Throws: `PatchbayError` where the context cannot be made, or with the breach, where it says more than can be.
    func run(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        _ context: BoundContext?
    ) throws(PatchbayError) -> Outcome {
        try contract.check()
        var frame = CallFrame()
        // A pointer to nothing is still a pointer.
        frame.output = output.baseAddress
        frame.input = input.baseAddress ?? UnsafeRawPointer(output.baseAddress)
        frame.inputLength = input.count
        frame.room = min(output.count, call.prepared.mostRoom)
        guard input.count <= call.prepared.longestInput else { return .failed(.unsupported, code: 0) }
        if let context { frame.context = try context.get() }
        call.call(&frame)
        guard test.holds(after: call, frame) else {
            context?.discard()
            return failure(frame)
        }
        let written = length == .cell ? Int128(frame.outputLength) : call.result?.value(of: frame.returned) ?? -1
        guard written >= 0, written <= Int128(frame.room) else {
            throw contract.breach(name, "says that it wrote \(written) bytes into the \(frame.room) that it was given")
        }
        if let consumed = frame.consumed, consumed != UInt64(input.count) {
            guard consumed < UInt64(input.count) else {
                throw contract.breach(name, "says that it read \(consumed) of the \(input.count) bytes that it was given")
            }
            context?.discard()
            return .failed(.corrupt, code: call.result?.value(of: frame.returned) ?? 0)
        }
        return .done(Int(written))
    }

    private func failure(_ frame: CallFrame) -> Outcome {
        guard let result = call.result else { return .failed(otherwise, code: 0) }
        let code = result.value(of: frame.returned)
        let mask = result.bits == 64 ? UInt64.max : (1 << UInt64(result.bits)) - 1
        var failure = failures[frame.returned & mask] ?? otherwise
        if failure == .tooSmallIfFull {
            let isFull = length == .cell && frame.outputLength >= UInt64(frame.room)
            failure = isFull ? .bufferTooSmall : .corrupt
        }
        return .failed(failure, code: code)
    }
}
