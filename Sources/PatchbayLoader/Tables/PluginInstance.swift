internal import CPatchbay
internal import PatchbayCore

/// A handle that a plugin gave, with what destroys it: exactly once, with the last reference.
final class PluginInstance: @unchecked Sendable {
    // Sendable: the plugin's own thread model, kept by the gate, says who may use the handle when.

    let contract: PluginContract
    /// What each [serial] call waits for.
    let gate: CallGate
    /// NULL is a handle too.
    let handle: UnsafeMutableRawPointer?
    private let destroy: @convention(c) (UnsafeMutableRawPointer?) -> Void

    init(
        _ handle: UnsafeMutableRawPointer?,
        _ contract: PluginContract,
        destroy: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void
    ) {
        self.handle = handle
        self.contract = contract
        self.destroy = destroy
        gate = contract.makeGate()
    }

    deinit {
        // What broke the contract is not called again, also not to clean up.
        guard contract.breach == nil else { return }
        _ = gate.run {
            destroy(handle)
            return 0
        }
    }
}
