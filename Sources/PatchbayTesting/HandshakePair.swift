internal import NIOCore
internal import PatchbayCore

/// Two ends of one authentication, in memory.
struct HandshakePair {
    /// Messages that one side may send before it counts as endless.
    static let mostMessages = 64

    enum Ending: Sendable {
        case done(HandshakeResult)
        case refused(PatchbayError)
        /// It wanted one more message when none was left.
        case waiting
    }

    private(set) var dialer: Ending = .waiting
    private(set) var listener: Ending = .waiting
    /// What each side sent, in order.
    private(set) var dialerSent: [ByteBuffer] = []
    private(set) var listenerSent: [ByteBuffer] = []

    var isDone: Bool {
        if case .done = dialer, case .done = listener { true } else { false }
    }

    /// A greeting as new as each connection's: its nonces are what makes a proof fresh.
    private static func greeting() -> ByteBuffer {
        var random = SystemRandomNumberGenerator()
        return ByteBuffer(bytes: (0..<256).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    private static func start(_ authenticator: any Authenticator, _ role: Role, _ transcript: ByteBuffer) throws -> any Handshake {
        do {
            return try authenticator.makeHandshake(HandshakeContext(role: role, transcript: transcript, user: "worker"))
        } catch let error as PatchbayError where error.code == .missingOption {
            throw ConformanceSkip(reason: error.message)
        }
    }

    /// Lets both ends talk to their end.
    static func run(_ dialer: any Authenticator, _ listener: any Authenticator) async throws -> HandshakePair {
        var pair = HandshakePair()
        let transcript = greeting()
        var ends = [try start(dialer, .dialer, transcript), try start(listener, .listener, transcript)]
        var inboxes: [[ByteBuffer]] = [[], []]
        var endings: [Ending?] = [nil, nil]
        var sent: [[ByteBuffer]] = [[], []]
        var next: [HandshakeInput?] = [.start, .start]
        while let side = (0...1).first(where: { endings[$0] == nil && (next[$0] != nil || !inboxes[$0].isEmpty) }) {
            let input = next[side] ?? .message(inboxes[side].removeFirst())
            next[side] = nil
            let (output, ending, verdict) = try await step(&ends[side], input)
            sent[side] += output
            inboxes[1 - side] += output
            endings[side] = ending
            next[side] = verdict
            guard sent[side].count <= mostMessages else { throw ConformanceFailure("a handshake sent more than \(mostMessages) messages") }
        }
        pair.dialer = endings[0] ?? .waiting
        pair.listener = endings[1] ?? .waiting
        pair.dialerSent = sent[0]
        pair.listenerSent = sent[1]
        return pair
    }

    /// One end alone, told those messages whatever it says.
    static func end(_ role: Role, of authenticator: any Authenticator, told messages: [ByteBuffer]) async throws -> Ending {
        var end = try start(authenticator, role, greeting())
        var inputs: [HandshakeInput] = [.start] + messages.map(HandshakeInput.message)
        while !inputs.isEmpty {
            let (_, ending, verdict) = try await step(&end, inputs.removeFirst())
            if let ending { return ending }
            if let verdict { inputs.insert(verdict, at: 0) }
        }
        return .waiting
    }

    private static func step(
        _ end: inout any Handshake,
        _ input: HandshakeInput
    ) async throws -> (output: [ByteBuffer], ending: Ending?, verdict: HandshakeInput?) {
        do {
            let step = try end.step(input)
            switch step.next {
            case .receive: return (step.output, nil, nil)
            case .done(let result): return (step.output, .done(result), nil)
            case .perform(let work): return (step.output, nil, .verdict(try await work()))
            }
        } catch let error as PatchbayError {
            return (end.parting.map { [$0] } ?? [], .refused(error), nil)
        } catch {
            throw ConformanceFailure("a step ended with \(type(of: error)), where layers throw PatchbayError alone")
        }
    }
}
