internal import CPatchbay
internal import CPatchbayIO
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// What a call is, for its errors.
struct PluginCall: Sendable {
    /// Such as `patchbay_codec.decode`.
    var function: StaticString
    var stage: PatchbayError.Stage
    /// The layer's name.
    var layer: String
    /// It may return PATCHBAY_CONTINUE.
    var mayContinue = false
}

extension Loan {
    /// Calls a function of the plugin, and checks what it left behind.
    /// - Returns: its status, not below 0.
    /// - Throws: what its error says; or its breach.
    @inline(__always)
    func call(
        _ call: PluginCall,
        _ gate: CallGate,
        _ body: (UnsafeMutablePointer<patchbay_error>) -> Int32
    ) throws(PatchbayError) -> Int32 {
        // Another call may have found a breach since the loan was taken.
        try contract.check()
        error.pointee.system_error = 0
        error.pointee.message.0 = 0
        let status = gate.run {
            thread.store(UInt(cpb_thread_id()), ordering: .releasing)
            let status = body(error)
            thread.store(0, ordering: .releasing)
            return status
        }
        // A callback, or another thread, may have found one meanwhile.
        do throws(PatchbayError) { try contract.check() } catch { throw located(error, call) }
        try checkGuard(call)
        if status == PatchbayStatus.ok || (status == PatchbayStatus.proceed && call.mayContinue) { return status }
        guard let status = PatchbayStatus(known: status, newerPlugin: contract.isNewer) else {
            throw located(contract.breach(call.function, "returned \(status), which is no status that it may return"), call)
        }
        do throws(PatchbayError) { throw try status.error(error, call, contract) } catch { throw located(error, call) }
    }

    func located(_ error: PatchbayError, _ call: PluginCall) -> PatchbayError {
        var error = error
        error.layer = error.layer ?? call.layer
        return error
    }

    private func checkGuard(_ call: PluginCall) throws(PatchbayError) {
        let end = MemoryLayout<patchbay_error>.size
        guard !Self.guardHolds(error, at: end) else { return }
        Self.writeGuard(error, at: end)
        throw located(contract.breach(call.function, "wrote past the end of its patchbay_error"), call)
    }
}
