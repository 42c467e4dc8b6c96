internal import CPatchbay
internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// The plugin's half of one authentication: its instance, and what both ends may still send.
final class HandshakeWork: Sendable {
    /// What one step came to.
    struct Moved: Sendable {
        var messages: [ByteBuffer]
        var next: Result<HandshakeStep.Next, PatchbayError>
    }

    private struct State {
        var instance: PluginInstance?
        var budget: HandshakeBudget
        /// Messages of the peer that may still come.
        var incoming: Int
        var identity: String?
        /// Of a step that ran on a thread of its own.
        var kept: Moved?
    }

    private let layer: AuthenticatorLayer
    private let knowledge: HandshakeKnowledge
    private let state: Locked<State>

    init(_ layer: AuthenticatorLayer, _ knowledge: HandshakeKnowledge) {
        self.layer = layer
        self.knowledge = knowledge
        state = Locked(State(budget: layer.budget, incoming: layer.rounds))
    }

    var isBlocking: Bool { layer.isBlocking }

    func stepAndKeep(_ message: ByteBuffer?) {
        let moved = step(message)
        state.withLock { $0.kept = moved }
    }

    func takeResult() -> Moved {
        state.withLock { state in
            state.kept.take() ?? Moved(messages: [], next: .failure(Self.outOfTurn()))
        }
    }

    static func outOfTurn() -> PatchbayError {
        PatchbayError(.protocolViolation, "the authentication moved on out of turn", stage: .authenticate)
    }

    /// - Parameter message: nil at first.
    func step(_ message: ByteBuffer?) -> Moved {
        var messages: [ByteBuffer] = []
        do throws(PatchbayError) {
            if message != nil { try countMessage() }
            let instance = try instance(&messages)
            let next = try step(instance, message, &messages)
            return Moved(messages: messages, next: .success(next))
        } catch {
            return Moved(messages: messages, next: .failure(error))
        }
    }

    private func countMessage() throws(PatchbayError) {
        let isOver = state.withLock { state in
            state.incoming -= 1
            return state.incoming < 0
        }
        guard isOver else { return }
        throw PatchbayError(
            .protocolViolation,
            "the peer sent more than the \(layer.rounds) messages that '\(layer.name)' takes",
            stage: .authenticate,
            layer: layer.name
        )
    }

    private func instance(_ messages: inout [ByteBuffer]) throws(PatchbayError) -> PluginInstance {
        if let instance = state.withLock({ $0.instance }) { return instance }
        let call = PluginCall(function: "patchbay_authenticator.create", stage: .authenticate, layer: layer.name)
        let handle = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
        handle.initialize(to: nil)
        defer { handle.deallocate() }
        _ = try run(call, &messages, layer.contract.anyGate) { handshake, error in layer.table.create(handshake, handle, error) }
        let instance = PluginInstance(handle.pointee, layer.contract, destroy: layer.table.destroy)
        state.withLock { $0.instance = instance }
        return instance
    }

    private func step(
        _ instance: PluginInstance,
        _ message: ByteBuffer?,
        _ messages: inout [ByteBuffer]
    ) throws(PatchbayError) -> HandshakeStep.Next {
        let call = PluginCall(function: "patchbay_authenticator.step", stage: .authenticate, layer: layer.name, mayContinue: true)
        var status: Int32 = 0
        if let message {
            try message.withBorrowedBytes { bytes, count throws(PatchbayError) in
                status = try run(call, &messages, instance.gate) { handshake, error in
                    layer.table.step(instance.handle, handshake, bytes, count, error)
                }
            }
        } else {
            status = try run(call, &messages, instance.gate) { handshake, error in
                layer.table.step(instance.handle, handshake, nil, 0, error)
            }
        }
        guard status == PatchbayStatus.ok else { return .receive }
        return .done(HandshakeResult(identity: state.withLock { $0.identity }, exportedMAC: exportedMAC(instance)))
    }

    private func run(
        _ call: PluginCall,
        _ messages: inout [ByteBuffer],
        _ gate: CallGate,
        _ body: (UnsafePointer<patchbay_handshake>, UnsafeMutablePointer<patchbay_error>) -> Int32
    ) throws(PatchbayError) -> Int32 {
        let budget = state.withLock { $0.budget }
        let (result, said) = try layer.contract.withLoan { loan throws(PatchbayError) in
            loan.lendHandshake(knowledge, budget: budget) { handshake throws(PatchbayError) in
                try loan.call(call, gate) { body(handshake, $0) }
            }
        }
        messages += said.messages
        state.withLock { state in
            state.budget.messages -= said.messages.count
            state.budget.totalBytes -= said.messages.reduce(0) { $0 + $1.readableBytes }
            if let identity = said.identity { state.identity = identity }
        }
        return try result.get()
    }

    private func exportedMAC(_ instance: PluginInstance) -> (@Sendable (ByteBuffer) -> ByteBuffer)? {
        guard let export = layer.table.export_mac else { return nil }
        let call = PluginCall(function: "patchbay_authenticator.export_mac", stage: .authenticate, layer: layer.name)
        let code: @Sendable (ByteBuffer) throws(PatchbayError) -> ByteBuffer = { data throws(PatchbayError) in
            var mac = ByteBuffer()
            try instance.contract.withLoan { loan throws(PatchbayError) in
                // With room behind it: a plugin that overruns the 32 bytes hits nothing.
                var bytes = [UInt8](repeating: 0, count: 32 + Loan.guardBytes)
                try data.withBorrowedBytes { input, count throws(PatchbayError) in
                    // `export_mac` may come at any time.
                    _ = try loan.call(call, .open) { error in
                        bytes.withUnsafeMutableBufferPointer { export(instance.handle, input, count, $0.baseAddress, error) }
                    }
                }
                guard bytes[32...].allSatisfy({ $0 == 0 }) else {
                    throw instance.contract.breach(call.function, "wrote more than 32 bytes")
                }
                mac.writeBytes(bytes[..<32])
            }
            return mac
        }
        // One table serves all layers of a plugin: a method that gives no key may say so with a status.
        do throws(PatchbayError) { _ = try code(ByteBuffer()) } catch {
            if error.code == .unsupported { return nil }
        }
        return { data in
            do throws(PatchbayError) { return try code(data) } catch {
                // Random, so that no peer's fits: the greeting then fails. Nothing at all could fit a peer that gives nothing either.
                var mac = ByteBuffer()
                var random = SystemRandomNumberGenerator()
                for _ in 0..<4 { mac.writeInteger(UInt64.random(in: .min ... .max, using: &random)) }
                return mac
            }
        }
    }
}
