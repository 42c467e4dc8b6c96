internal import CPatchbay
internal import PatchbayCore
internal import PatchbayIO

/// What all that one transport of a plugin does shares.
struct TransportLayer: Sendable {
    var name: String
    var table: patchbay_transport
    var contract: PluginContract
    var options: [OptionSpecification]
    /// Its functions may wait.
    var isBlocking: Bool
    /// The transport is the instance.
    var gate: CallGate
    /// Of ``PendingOperations``.
    var module: UInt
    /// Listeners that were closed here, and whose own close is still to come: the next `listen` waits for them.
    let closing = ClosingListeners()

    /// Makes a call that may come at any time; not once the plugin broke the contract.
    /// - Parameter apart: not within the calling function.
    /// - Parameter orElse: what is done instead.
    func callAnytime(
        apart: Bool = false,
        orElse: @escaping @Sendable () -> Void = {},
        _ body: @escaping @Sendable () -> Void
    ) {
        let contract = contract
        let guarded: @Sendable () -> Void = { if contract.breach == nil { body() } else { orElse() } }
        guard isBlocking || apart else { return guarded() }
        do throws(PatchbayError) { try BlockingThreads.shared.submit(guarded) } catch { guarded() }
    }

    /// The stream of a descriptor that the plugin handed over.
    /// - Throws: the breach that it is.
    func stream(_ outcome: PluginOperation.Outcome, _ call: PluginCall, _ context: TransportContext) throws(PatchbayError) -> any ByteStream
    {
        let keepsBoundaries = try keepsBoundaries(outcome.flags, call)
        let handed: HandedDescriptor
        do throws(HandedDescriptor.Fault) {
            handed = try HandedDescriptor(outcome.descriptor, listening: false, keepsBoundaries: keepsBoundaries)
        } catch {
            throw breach(call, error.what)
        }
        return handed.stream(keepsBoundaries: keepsBoundaries, on: context.reactor)
    }

    func keepsBoundaries(_ flags: UInt32, _ call: PluginCall) throws(PatchbayError) -> Bool {
        guard flags & ~PATCHBAY_KEEPS_BOUNDARIES == 0 || contract.isNewer else {
            throw breach(call, "set flags, 0x\(String(flags, radix: 16)), that this version does not have")
        }
        return flags & PATCHBAY_KEEPS_BOUNDARIES != 0
    }

    func breach(_ call: PluginCall, _ what: String) -> PatchbayError {
        var error = contract.breach(call.function, what)
        error.layer = name
        return error
    }
}

/// Where to, in memory that a call can be lent.
struct TargetValues: Sendable {
    var host: String?
    var port: Int32
    var path: String
    /// Nanoseconds; -1 without a limit.
    var timeout: Int64

    init(_ context: TransportContext) {
        host = context.host
        port = context.port.flatMap { Int32(exactly: $0) } ?? -1
        path = context.path
        timeout = context.timeout.map(OptionValues.nanoseconds) ?? -1
    }

    func lend(
        _ settings: UnsafePointer<patchbay_settings>,
        _ body: (UnsafePointer<patchbay_target>) throws(PatchbayError) -> Void
    ) throws(PatchbayError) {
        var failure: PatchbayError?
        func lend(_ host: UnsafePointer<CChar>?) {
            path.withCString { path in
                var target = patchbay_target(
                    size: UInt32(MemoryLayout<patchbay_target>.size),
                    port: port,
                    settings: settings,
                    host: host,
                    path: path,
                    timeout: timeout
                )
                do throws(PatchbayError) { try body(&target) } catch { failure = error }
            }
        }
        if let host { host.withCString { lend($0) } } else { lend(nil) }
        if let failure { throw failure }
    }
}
