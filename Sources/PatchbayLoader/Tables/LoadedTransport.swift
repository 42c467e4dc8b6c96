internal import CPatchbay
internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// A plugin's transport: it dials and binds, and the host reads and writes what it hands over as its own sockets.
struct LoadedTransport: Transport {
    var layer: TransportLayer

    func connect(_ context: TransportContext) async throws -> any ByteStream {
        let layer = layer
        let call = PluginCall(function: "patchbay_transport.connect", stage: .dial, layer: layer.name)
        try layer.contract.check()
        guard let connect = layer.table.connect else {
            throw PatchbayError(.unsupported, "the transport '\(layer.name)' cannot connect", stage: .dial, layer: layer.name)
        }
        let values = OptionValues(layer.name, context.options, layer.options)
        let target = TargetValues(context)
        let operation = PluginOperation(layer, call, deadline: Self.deadline(context))
        let number = PendingOperations.shared.insert(operation, module: layer.module)
        let outcome = try await operation.run(number, on: context.reactor) { loan, handle throws(PatchbayError) in
            try loan.lendSettings(values) { settings throws(PatchbayError) in
                try target.lend(settings) { target throws(PatchbayError) in
                    _ = try loan.call(call, layer.gate) {
                        connect(target, PendingOperations.done, UnsafeMutableRawPointer(bitPattern: number), handle, $0)
                    }
                }
            }
        }
        return try layer.stream(outcome, call, context)
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        let layer = layer
        let values = OptionValues(layer.name, context.options, layer.options)
        let target = TargetValues(context)
        let bind: @Sendable () throws(PatchbayError) -> BoundListener = { () throws(PatchbayError) in
            try BoundListener(layer, values, target)
        }
        await layer.closing.settle()
        let bound = layer.isBlocking ? try await BlockingThreads.shared.run(bind) : try bind()
        return try bound.listener(context)
    }

    private static func deadline(_ context: TransportContext) -> UInt64 {
        guard let timeout = context.timeout else { return .max }
        let nanoseconds = UInt64(max(0, OptionValues.nanoseconds(timeout)))
        let (deadline, overflow) = context.reactor.now.addingReportingOverflow(nanoseconds)
        return overflow ? .max : deadline
    }
}
