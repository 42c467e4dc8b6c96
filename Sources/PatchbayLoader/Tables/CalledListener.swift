internal import CPatchbay
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// A plugin's listener that the host asks for each peer.
final class CalledListener: StreamListener {
    typealias Accept =
        @convention(c) (
            UnsafeMutableRawPointer?, patchbay_done?, UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
            UnsafeMutablePointer<patchbay_error>?
        ) -> Int32

    private struct State {
        var isClosed = false
        /// The accept that waits.
        var waiting: PluginOperation?
        /// Accepts whose last call is still to come.
        var pending = 0
        /// `close` was called.
        var isEnded = false
    }

    let boundTarget: String
    private let layer: TransportLayer
    private let handle: UInt
    private let accept: Accept
    /// One at a time for each listener.
    private let gate: CallGate
    private let state = Locked(State())

    init(_ layer: TransportLayer, _ handle: UInt, _ target: String, _ accept: @escaping Accept) {
        self.layer = layer
        self.handle = handle
        self.accept = accept
        boundTarget = target
        gate = layer.contract.threads == .plugin ? layer.gate : .makeSerial()
    }

    deinit { close() }

    var address: Address? { nil }

    func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? {
        let reactor = home()
        let call = PluginCall(function: "patchbay_transport.accept", stage: .listen, layer: layer.name)
        let operation = PluginOperation(layer, call) { [self] in
            state.withLock { $0.pending -= 1 }
            endIfOver()
        }
        let isClosed = state.withLock { state in
            guard !state.isClosed else { return true }
            state.waiting = operation
            state.pending += 1
            return false
        }
        if isClosed { return nil }
        defer { state.withLock { $0.waiting = nil } }
        let number = PendingOperations.shared.insert(operation, module: layer.module)
        let (accept, handle, gate) = (accept, handle, gate)
        do {
            let outcome = try await operation.run(number, on: reactor) { loan, operation throws(PatchbayError) in
                _ = try loan.call(call, gate) {
                    accept(
                        UnsafeMutableRawPointer(bitPattern: handle),
                        PendingOperations.done,
                        UnsafeMutableRawPointer(bitPattern: number),
                        operation,
                        $0
                    )
                }
            }
            let context = TransportContext(host: nil, port: nil, path: "", options: Options(), reactor: reactor)
            return try layer.stream(outcome, call, context)
        } catch is CancellationError {
            close()
            return nil
        }
    }

    func close() {
        let (waiting, isFirst) = state.withLock { state in
            defer { state.isClosed = true }
            return (state.waiting, !state.isClosed)
        }
        if isFirst { layer.closing.begin() }
        waiting?.giveUp()
        endIfOver()
    }

    /// The plugin's own close, once no accept is pending.
    private func endIfOver() {
        let ends = state.withLock { state in
            guard state.isClosed, state.pending == 0, !state.isEnded else { return false }
            state.isEnded = true
            return true
        }
        guard ends else { return }
        let (layer, handle) = (layer, handle)
        layer.callAnytime(orElse: { layer.closing.end() }) {
            if let close = layer.table.close { close(UnsafeMutableRawPointer(bitPattern: handle)) }
            layer.closing.end()
        }
    }
}
