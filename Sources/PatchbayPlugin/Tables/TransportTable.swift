internal import CPatchbay

/// `patchbay.transport/1` over any ``Transport``.
enum TransportTable {
    // Never written again.
    nonisolated(unsafe) static let table = Lasting.value(
        patchbay_transport(
            size: UInt32(MemoryLayout<patchbay_transport>.size),
            reserved: 0,
            connect: { target, done, context, operation, error in
                guard let target, let done, let operation, let error else { return Status.invalid }
                return error.guarding {
                    let transport = try ExportedTransport(target)
                    transport.connect(start(Completion(done, context), operation))
                    return Status.done
                }
            },
            cancel: { operation in
                if let operation { Instance.of(Operation.self, operation).cancel() }
            },
            release: { Instance.release(Operation.self, $0) },
            listen: { target, listening, error in
                guard let target, let listening, let error else { return Status.invalid }
                return error.guarding {
                    try ExportedTransport(target).listen(listening)
                    return Status.done
                }
            },
            accept: { listener, done, context, operation, error in
                guard let listener, let done, let operation, let error else { return Status.invalid }
                return error.guarding {
                    Instance.of(ExportedListener.self, listener).accept(start(Completion(done, context), operation))
                    return Status.done
                }
            },
            close: { listener in
                guard let listener else { return }
                Instance.of(ExportedListener.self, listener).close()
                Instance.release(ExportedListener.self, listener)
            }
        )
    )

    /// An operation whose handle the host has, before anything can end it.
    private static func start(
        _ completion: Completion,
        _ handle: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    ) -> Operation {
        let operation = Operation(completion)
        handle.pointee = Instance.handle(operation)
        return operation
    }
}
