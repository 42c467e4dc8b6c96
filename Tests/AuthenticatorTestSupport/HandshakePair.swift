package import NIOCore
package import PatchbayCore

/// Two ends of one authentication, run against each other in memory.
package struct HandshakePair {
    package var dialer: any Handshake
    package var listener: any Handshake

    /// Every message in order, with the end that sent it.
    package var messages: [(from: Role, bytes: ByteBuffer)] = []

    package init(_ dialing: any Authenticator, _ listening: any Authenticator, dialed: ByteBuffer, listened: ByteBuffer) throws {
        dialer = try dialing.makeHandshake(HandshakeContext(role: .dialer, transcript: dialed))
        listener = try listening.makeHandshake(HandshakeContext(role: .listener, transcript: listened))
    }

    /// Runs to the end; `change` may alter each message on its way.
    package mutating func run(
        change: (_ index: Int, _ bytes: ByteBuffer) -> ByteBuffer = { $1 }
    ) throws -> (dialer: HandshakeResult, listener: HandshakeResult) {
        var results: [Role: HandshakeResult] = [:]
        var pending: [(to: Role, input: HandshakeInput)] = [(.listener, .start), (.dialer, .start)]
        while !pending.isEmpty {
            let (role, input) = pending.removeFirst()
            let step = role == .dialer ? try dialer.step(input) : try listener.step(input)
            for output in step.output {
                let sent = change(messages.count, output)
                messages.append((role, output))
                pending.append((role == .dialer ? .listener : .dialer, .message(sent)))
            }
            if case .done(let result) = step.next { results[role] = result }
        }
        guard let dialer = results[.dialer], let listener = results[.listener] else { throw Stalled() }
        return (dialer, listener)
    }

    /// Neither end had anything to say, and one of them was not done.
    package struct Stalled: Error {
        package init() {}
    }

    /// The code of the error that `body` throws.
    package static func code(_ body: () throws -> Void) -> PatchbayError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? PatchbayError)?.code
        }
    }
}
