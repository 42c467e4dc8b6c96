internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// Whether the functions of a manifest kept to what it says of them, for all connections of this process.
final class BindingContract: Sendable {
    private let plugin: String
    private let first = Locked<PatchbayError?>(nil)
    /// Read before each call, without a lock.
    private let isBroken = Atomic<Bool>(false)

    init(plugin: String) { self.plugin = plugin }

    /// The first breach; nil while there is none.
    var breach: PatchbayError? { first.withLock { $0 } }

    var isKept: Bool { !isBroken.load(ordering: .acquiring) }

    /// - Throws: the first breach: from then on nothing of the library is called through this manifest.
    @inline(__always)
    func check() throws(PatchbayError) {
        if !isKept, let breach { throw breach }
    }

    /// Notes a breach.
    /// - Returns: what to throw for this call.
    func breach(_ function: String, _ what: String) -> PatchbayError {
        let error = PatchbayError(
            PatchbayError.Code("plugin-breach"),
            "the bound plugin '\(plugin)' is not called again in this process: \(function) \(what), so its manifest does not describe the "
                + "library that is installed; correct the manifest, and check it again",
            stage: .plugin
        )
        first.withLock { if $0 == nil { $0 = error } }
        isBroken.store(true, ordering: .releasing)
        return error
    }
}
