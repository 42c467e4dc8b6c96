internal import CPatchbay
internal import PatchbayIO
internal import Synchronization

/// The operations that plugins have to end, by number.
///
/// The context that a plugin gets is such a number, never an address: one that is used twice, late, or made up finds nothing, and does
/// no harm.
final class PendingOperations: Sendable {
    private struct State {
        var pending: [UInt: PluginOperation] = [:]
        var modules: [PluginContract] = []
        /// How many operations each module was given.
        var given: [UInt] = []
    }

    static let shared = PendingOperations()

    /// The lower bits of a number count; those above say which module it was given to, also once the operation is over.
    private static let countBits: UInt = 40

    private let state = Locked(State())

    /// A module's own part of the numbers.
    func enter(_ contract: PluginContract) -> UInt {
        state.withLock { state in
            state.modules.append(contract)
            state.given.append(0)
            return UInt(state.modules.count)
        }
    }

    func insert(_ operation: PluginOperation, module: UInt) -> UInt {
        state.withLock { state in
            state.given[Int(module) - 1] += 1
            let number = module << Self.countBits | state.given[Int(module) - 1]
            state.pending[number] = operation
            return number
        }
    }

    /// An operation that will not be ended, since it did not start.
    /// - Returns: false where it was ended all the same.
    func remove(_ number: UInt) -> Bool { state.withLock { $0.pending.removeValue(forKey: number) } != nil }

    private enum Found { case operation(PluginOperation), again(PluginContract), nothing }

    private func take(_ number: UInt) -> Found {
        state.withLock { state in
            if let operation = state.pending.removeValue(forKey: number) { return .operation(operation) }
            let module = number >> Self.countBits
            guard module > 0, module <= UInt(state.modules.count) else { return .nothing }
            return .again(state.modules[Int(module) - 1])
        }
    }

    /// What plugins call.
    static let done: patchbay_done = { context, outcome in
        switch shared.take(UInt(bitPattern: context)) {
        case .operation(let operation): operation.done(outcome)
        case .again(let contract):
            contract.breach("patchbay_done", "was called twice for one operation, or after one that did not start")
        // Not a number that any plugin was given, so that nobody can be blamed.
        case .nothing: break
        }
    }
}
