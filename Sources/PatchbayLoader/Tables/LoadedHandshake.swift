internal import CPatchbay
internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// One end of one authentication by a plugin.
struct LoadedHandshake: Handshake {
    private let work: HandshakeWork
    /// A failure that is thrown once what was sent before it has gone out.
    private var failure: PatchbayError?
    /// A step runs on a thread of its own.
    private var isWaiting = false

    init(_ layer: AuthenticatorLayer, _ knowledge: HandshakeKnowledge) { work = HandshakeWork(layer, knowledge) }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        switch input {
        case .start: return try move(nil)
        case .message(let message): return try move(message)
        case .verdict:
            if let failure { throw failure }
            guard isWaiting else { throw HandshakeWork.outOfTurn() }
            isWaiting = false
            return try take(work.takeResult())
        }
    }

    private mutating func move(_ message: ByteBuffer?) throws -> HandshakeStep {
        guard work.isBlocking else { return try take(work.step(message)) }
        isWaiting = true
        let work = work
        return HandshakeStep(
            next: .perform {
                try await BlockingThreads.shared.run { () throws(PatchbayError) in work.stepAndKeep(message) }
                return true
            }
        )
    }

    private mutating func take(_ result: HandshakeWork.Moved) throws -> HandshakeStep {
        switch result.next {
        case .success(let next): return HandshakeStep(output: result.messages, next: next)
        case .failure(let error):
            guard !result.messages.isEmpty else { throw error }
            // What was sent before a failure still goes out; the verdict that comes back throws.
            failure = error
            return HandshakeStep(output: result.messages, next: .perform { false })
        }
    }
}
