internal import CPatchbay
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// A transport, and where to.
struct ExportedTransport: Sendable {
    private let transport: any Transport
    private let context: TransportContext

    init(_ target: UnsafePointer<patchbay_target>) throws {
        guard let settings = target.pointee.settings else { throw HostRefusal(status: Status.invalid) }
        let layer = try ExportedPlugin.layer(settings)
        guard case .transport(_, let transport) = layer.maker else {
            throw PatchbayError(.invalidArgument, "'\(layer.name)' is no transport", stage: .plugin, layer: layer.name)
        }
        self.transport = transport
        context = TransportContext(
            host: target.pointee.host.map { String(cString: $0) },
            port: target.pointee.port < 0 ? nil : Int(target.pointee.port),
            path: target.pointee.path.map { String(cString: $0) } ?? "",
            options: try Options(settings, of: layer),
            reactor: try PluginReactor.get(),
            timeout: target.pointee.timeout < 0 ? nil : .nanoseconds(target.pointee.timeout)
        )
    }

    func connect(_ operation: Operation) {
        operation.run { [transport, context] in try await transport.connect(context) }
    }

    /// Waits until it is bound.
    func listen(_ listening: UnsafeMutablePointer<patchbay_listening>) throws {
        let listener = try BlockingWait.run { [transport, context] in try await transport.listen(context) }
        let target = Array(listener.boundTarget.utf8)
        let offset = MemoryLayout<patchbay_listening>.offset(of: \.bound_target) ?? 24
        let room = Int(listening.pointee.size) - offset
        guard target.count < room, !target.contains(0) else {
            listener.close()
            throw PatchbayError(.unsupported, "what a peer would have to dial is too long for the plugin interface", stage: .listen)
        }
        listening.pointee.descriptor = -1
        listening.pointee.flags = 0
        listening.pointee.listener = Instance.handle(ExportedListener(listener, reactor: context.reactor))
        let text = UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(listening) + offset, count: room)
        text.copyBytes(from: target)
        text[target.count] = 0
    }
}

/// A bound transport.
final class ExportedListener: Sendable {
    private let listener: any StreamListener
    private let reactor: Reactor

    init(_ listener: any StreamListener, reactor: Reactor) {
        self.listener = listener
        self.reactor = reactor
    }

    func accept(_ operation: Operation) {
        operation.run { [listener, reactor] in try await listener.accept { reactor } }
    }

    func close() { listener.close() }
}

/// Where the streams of a plugin live until they are handed over, and those that cannot be.
private enum PluginReactor {
    private static let current = Locked<Reactor?>(nil)

    /// Starts it at the first call.
    static func get() throws -> Reactor {
        try current.withLock { current throws -> Reactor in
            if let current { return current }
            let reactor = try Reactor(name: "patchbay-plugin")
            current = reactor
            return reactor
        }
    }
}
