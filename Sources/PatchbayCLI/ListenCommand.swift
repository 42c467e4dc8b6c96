internal import ArgumentParser
internal import Patchbay
internal import Synchronization

struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Accept connections and print their messages, a line each.",
        discussion: """
            Standard error tells the URL to connect to, with the port that was bound, then what goes wrong with single peers.

            EXAMPLES:
              patchbay listen tcp://127.0.0.1:7000
              patchbay listen json+lines+bare+unix:///tmp/a.sock --echo
              patchbay listen 'python+tcp://127.0.0.1:6000?key-file=worker.key' --count 1
            """
    )

    @OptionGroup var connection: ConnectionArguments

    @Flag(help: "Send each message back.")
    var echo = false

    @Option(help: ArgumentHelp("End after this many messages, of all connections.", valueName: "messages"))
    var count: Int?

    @Flag(help: "Take one connection, and end with it.")
    var once = false

    @Option(help: "How to print messages: json for values, text, or their bytes as hex or base64 (default: as fits the codec).")
    var output: MessageForm?

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is 1 or more.") }
    }

    func run() async throws {
        // Standard input and output are one connection, and no other comes.
        let once = once || connection.usesStandardIO
        let printing = MessagePrinting(
            form: output,
            count: count,
            output: MessageOutput(connection.usesStandardIO ? .errors : .output)
        )
        let listener = try await connection.reporting {
            try await Listener.bind(connection.url, registry: connection.registry())
        }
        // However this ends: a signal may come before the loop runs that would close it.
        defer { listener.close() }
        Terminal.errors.say("listening on \(listener.url)")
        let drain = listener.stack.connection.closeTimeout
        let isTaken = Atomic(false)
        let failure = Mutex<(any Error)?>(nil)
        try await listener.run(executor: .global, onEvent: Self.tell) { [once, echo] connection in
            if once {
                guard isTaken.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else {
                    throw PatchbayError(.refused, "this listener takes one connection, and has it", stage: .close)
                }
                listener.close()
            }
            do {
                try await printing.run(connection, origin: " from \(Self.name(connection.peer))", echo: echo)
            } catch {
                if once || error is StandardStreamFailure { failure.withLock { $0 = error } }
                if error is StandardStreamFailure { listener.stop(drain: .zero) }
                throw error
            }
            if printing.isDone { listener.stop(drain: drain) }
        }
        try Task.checkCancellation()
        if let error = failure.withLock({ $0 }) {
            // A peer's failure was told as an event.
            throw error is StandardStreamFailure ? error : ReportedFailure(status: ExitStatus(of: error))
        }
        if printing.hasFailed { throw ReportedFailure(status: .message) }
    }

    private static func tell(_ event: ListenerEvent) {
        switch event {
        case .acceptFailed(let error): ErrorReport.note("cannot accept", error)
        case .handshakeFailed(let peer, let error): ErrorReport.note("refused \(name(peer.address) ?? "a peer")", error)
        case .connectionFailed(_, let error) where error is StandardStreamFailure: break
        case .connectionFailed(let peer, let error): ErrorReport.note("lost \(name(peer))", error)
        }
    }

    private static func name(_ peer: Peer) -> String {
        peer.identity ?? name(peer.address) ?? "peer \(peer.number)"
    }

    /// Nil where an address says nothing: most clients of Unix sockets have none.
    private static func name(_ address: Address?) -> String? {
        address.flatMap { $0 == .unnamed ? nil : "\($0)" }
    }
}
