internal import CPatchbayIO
internal import Glibc
internal import Synchronization

/// Asks the system for the addresses of names, on threads of its own: `getaddrinfo` blocks, for seconds where a name server
/// is silent.
package final class Resolver: Sendable {
    /// What asking for one family gave.
    package struct Answer: Sendable {
        package var addresses: [Address]
        /// getaddrinfo's EAI_ number, 0 for none.
        package var status: CInt

        package var reason: String { String(cString: gai_strerror(status)) }
    }

    private struct Question: Sendable {
        var host: String
        var port: UInt16
        var family: CInt
        var reply: Reply
    }

    private struct State {
        var waiting: [Question] = []
        var threads = 0
    }

    /// One answer for one waiting task; an abandoned one is thrown away when it comes.
    private final class Reply: Sendable {
        private enum State { case asked, waiting(UnsafeContinuation<Answer?, Never>), done(Answer?) }
        private let state = Locked(State.asked)

        func give(_ answer: Answer?) {
            let waiting = state.withLock { state -> UnsafeContinuation<Answer?, Never>? in
                switch state {
                case .done: return nil
                case .asked:
                    state = .done(answer)
                    return nil
                case .waiting(let continuation):
                    state = .done(answer)
                    return continuation
                }
            }
            waiting?.resume(returning: answer)
        }

        nonisolated(nonsending) func take() async -> Answer? {
            await withTaskCancellationHandler {
                await withUnsafeContinuation { continuation in
                    let answer = state.withLock { state -> Answer?? in
                        if case .done(let answer) = state { return .some(answer) }
                        state = .waiting(continuation)
                        return nil
                    }
                    if let answer { continuation.resume(returning: answer) }
                }
            } onCancel: {
                give(nil)
            }
        }
    }

    /// A silent name server can hold so many threads, and no more.
    private static let largestThreadCount = 8
    private static let largestQueue = 1024

    package static let shared = Resolver()

    private let state = Locked(State())

    /// The addresses of one family, in the system's order.
    /// - Throws: `CancellationError`; ``IOFailure`` where too many questions wait.
    package nonisolated(nonsending) func resolve(_ host: String, port: UInt16, family: CInt) async throws -> Answer {
        if let numeric = Address(numericHost: host, port: port) {
            return Answer(addresses: numeric.family == family ? [numeric] : [], status: 0)
        }
        let reply = Reply()
        let question = Question(host: host, port: port, family: family, reply: reply)
        let (accepted, startsThread) = state.withLock { state in
            guard state.waiting.count < Self.largestQueue else { return (false, false) }
            state.waiting.append(question)
            guard state.threads < Self.largestThreadCount else { return (true, false) }
            state.threads += 1
            return (true, true)
        }
        guard accepted else { throw IOFailure(errno: EAGAIN, operation: "ask for a name's addresses") }
        if startsThread { startThread() }
        guard let answer = await reply.take() else { throw CancellationError() }
        return answer
    }

    private func startThread() {
        let status = cpb_thread_start(
            { context in
                // Never nil: it is what is passed below.
                Unmanaged<Resolver>.fromOpaque(context!).takeRetainedValue().work()
                return nil
            },
            Unmanaged.passRetained(self).toOpaque(),
            "patchbay-names"
        )
        if status < 0 {
            Unmanaged.passUnretained(self).release()
            let abandoned = state.withLock { state -> [Question] in
                state.threads -= 1
                guard state.threads == 0 else { return [] }
                defer { state.waiting = [] }
                return state.waiting
            }
            for question in abandoned { question.reply.give(Answer(addresses: [], status: EAI_MEMORY)) }
        }
    }

    /// Answers until nobody waits; then the thread ends.
    private func work() {
        while let question = next() { question.reply.give(Self.ask(question)) }
    }

    private func next() -> Question? {
        state.withLock { state in
            if state.waiting.isEmpty {
                state.threads -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    private static func ask(_ question: Question) -> Answer {
        var hints = addrinfo()
        hints.ai_family = question.family
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(question.host, String(question.port), &hints, &list)
        guard status == 0, let list else { return Answer(addresses: [], status: status) }
        defer { freeaddrinfo(list) }
        var addresses: [Address] = []
        for entry in sequence(first: list, next: { $0.pointee.ai_next }) {
            if let pointer = entry.pointee.ai_addr, let address = Address(pointer, length: entry.pointee.ai_addrlen),
                !addresses.contains(address)
            {
                addresses.append(address)
            }
        }
        return Answer(addresses: addresses, status: 0)
    }
}

extension Address {
    /// Reads `127.0.0.1`, `::1` and `fe80::1%eth0`; nil for a name.
    package init?(numericHost host: String, port: UInt16) {
        var v4 = in_addr()
        if inet_pton(AF_INET, host, &v4) == 1 {
            self = .ipv4(withUnsafeBytes(of: &v4) { Array($0) }, port: port)
            return
        }
        let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var v6 = in6_addr()
        guard let literal = parts.first, inet_pton(AF_INET6, String(literal), &v6) == 1 else { return nil }
        var scope: UInt32 = 0
        if parts.count == 2 {
            scope = UInt32(parts[1]) ?? if_nametoindex(String(parts[1]))
            if scope == 0 { return nil }
        }
        self = .ipv6(withUnsafeBytes(of: &v6) { Array($0) }, port: port, scope: scope)
    }
}
