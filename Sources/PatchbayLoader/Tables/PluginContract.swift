public import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// What one module of this process owes its host, and whether it kept it: shared by all that calls into it.
///
/// Lives as long as the process, as the module does: a plugin may call back at any time.
final class PluginContract: Sendable {
    /// The plugin's name, for errors.
    let plugin: String
    let path: String
    let log: PluginLog
    /// It was built against a minor version that this host does not know.
    let isNewer: Bool
    let threads: ThreadModel
    /// Of calls that may come at any time, unless the whole plugin takes one at a time.
    let anyGate: CallGate

    private let firstBreach = Locked<PatchbayError?>(nil)
    /// Read before each call, without a lock.
    private let isBroken = Atomic<Bool>(false)
    private let loans = Locked<[Loan]>([])

    init(plugin: String, path: String, log: PluginLog, isNewer: Bool, threads: ThreadModel) {
        self.plugin = plugin
        self.path = path
        self.log = log
        self.isNewer = isNewer
        self.threads = threads
        anyGate = threads == .plugin ? .makeSerial() : .open
    }

    /// What [serial] calls of one instance wait for.
    func makeGate() -> CallGate {
        switch threads {
        case .instance: .makeSerial()
        case .plugin: anyGate
        case .parallel: .open
        }
    }

    /// The first breach; nil while there is none.
    var breach: PatchbayError? { firstBreach.withLock { $0 } }

    /// - Throws: the first breach, if there is one: nothing of the plugin is called any more.
    @inline(__always)
    func check() throws(PatchbayError) {
        if isBroken.load(ordering: .acquiring), let breach { throw breach }
    }

    /// Notes that the plugin broke the contract, from where on each call of it fails.
    /// - Parameters:
    ///   - function: such as `patchbay_codec.decode`.
    ///   - what: what it did, as the rest of a sentence that begins with the function.
    /// - Returns: what to throw for this very call.
    @discardableResult
    func breach(_ function: StaticString, _ what: String) -> PatchbayError {
        let error = PatchbayError(
            .pluginBreach,
            "the plugin '\(plugin)' broke the plugin interface: \(function) \(what); it is not called again in this process: update it, or "
                + "tell its author (patchbay check \(path) shows more)",
            stage: .plugin,
            layer: nil
        )
        let first = firstBreach.withLock { first in
            if first == nil { first = error }
            return first ?? error
        }
        isBroken.store(true, ordering: .releasing)
        return first.message == error.message ? error : first
    }

    /// Memory for one call, given back at its end.
    // Inlined, as are those it calls: closures and generic results on the path of every message cost more than the call itself.
    @inline(__always)
    func withLoan<Result>(_ body: (Loan) throws(PatchbayError) -> Result) throws(PatchbayError) -> Result {
        try check()
        let loan = loans.withLock { $0.popLast() } ?? Loan(self)
        defer { loans.withLock { $0.append(loan) } }
        return try body(loan)
    }
}

extension PatchbayError.Code {
    /// A plugin in a shared object broke the plugin interface, and is not called again in this process.
    public static let pluginBreach = Self("plugin-breach")
    /// A plugin in a shared object cannot be loaded into this host.
    public static let pluginRefused = Self("plugin-refused")
}
