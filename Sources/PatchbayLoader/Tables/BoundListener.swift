internal import CPatchbay
internal import CPatchbayIO
internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// What a plugin's `listen` gave, copied and checked.
struct BoundListener: Sendable {
    private let layer: TransportLayer
    private let descriptor: CInt
    private let flags: UInt32
    private let handle: UInt
    private let target: String
    private let call: PluginCall

    init(_ layer: TransportLayer, _ values: OptionValues, _ target: TargetValues) throws(PatchbayError) {
        self.layer = layer
        let call = PluginCall(function: "patchbay_transport.listen", stage: .listen, layer: layer.name)
        self.call = call
        guard let listen = layer.table.listen else {
            throw PatchbayError(.unsupported, "the transport '\(layer.name)' cannot listen", stage: .listen, layer: layer.name)
        }
        let size = MemoryLayout<patchbay_listening>.size
        // In the heap, with room behind it: a plugin that overruns its text hits nothing.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size + Loan.guardBytes, alignment: 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: size + Loan.guardBytes)
        let listening = memory.bindMemory(to: patchbay_listening.self, capacity: 1)
        listening.pointee.size = UInt32(size)
        listening.pointee.descriptor = -1
        try layer.contract.withLoan { loan throws(PatchbayError) in
            try loan.lendSettings(values) { settings throws(PatchbayError) in
                try target.lend(settings) { target throws(PatchbayError) in
                    _ = try loan.call(call, layer.gate) { listen(target, listening, $0) }
                }
            }
        }
        descriptor = listening.pointee.descriptor
        flags = listening.pointee.flags
        handle = UInt(bitPattern: listening.pointee.listener)
        let text = withUnsafeBytes(of: listening.pointee.bound_target) { bytes in
            bytes.firstIndex(of: 0).map { Array(bytes[..<$0]) }
        }
        guard let text else { throw layer.breach(call, "wrote a bound_target that no NUL ends") }
        guard text.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw layer.breach(call, "wrote a bound_target with bytes that a URL writes percent-encoded")
        }
        self.target = String(decoding: text, as: UTF8.self)
    }

    func listener(_ context: TransportContext) throws(PatchbayError) -> any StreamListener {
        let keepsBoundaries = try layer.keepsBoundaries(flags, call)
        guard descriptor != -1 else {
            guard let accept = layer.table.accept else { throw layer.breach(call, "gave no descriptor, and `accept` is NULL") }
            return CalledListener(layer, handle, target, accept)
        }
        let handed: HandedDescriptor
        do throws(HandedDescriptor.Fault) {
            handed = try HandedDescriptor(descriptor, listening: true, keepsBoundaries: keepsBoundaries)
        } catch {
            throw layer.breach(call, error.what)
        }
        return try listener(handed, keepsBoundaries, context)
    }

    /// Accepts as the built-in transports do.
    private func listener(
        _ handed: HandedDescriptor,
        _ keepsBoundaries: Bool,
        _ context: TransportContext
    ) throws(PatchbayError) -> any StreamListener {
        let (layer, handle) = (layer, handle)
        let end: @Sendable () -> Void = {
            layer.callAndWait { if let close = layer.table.close { close(UnsafeMutableRawPointer(bitPattern: handle)) } }
        }
        let listener: SocketListener
        do throws(IOFailure) {
            listener = try SocketListener(
                socket: handed.number,
                settings: handed.family == AF_UNIX ? nil : TCPSettings(),
                reactor: context.reactor,
                beforeClose: end
            )
        } catch {
            end()
            throw SystemErrors.explain(error, target, stage: .listen, layer: layer.name)
        }
        return DescriptorListener(listener, boundTarget: target, keepsBoundaries: keepsBoundaries, layer: layer.name)
    }
}
