internal import ArgumentParser
internal import Patchbay

struct ConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Connect, send lines as messages, and print the messages that come.",
        discussion: """
            Each line of standard input is a message: text for the codecs bytes and text, JSON for those of values (json, msgpack, cbor, \
            pickle). What JSON cannot say is written and read as an object such as {"$bytes":"AAE="}, {"$tuple":[1,2]}, \
            {"$set":[]}, {"$map":[[1,"one"]]}.

            It ends when the peer does. Once its own input has ended it says so to the peer, and prints what still comes.

            EXAMPLES:
              patchbay connect json+tcp://127.0.0.1:7000
              patchbay connect 'python+tcp://127.0.0.1:6000?key-file=worker.key' --send '{"task":"resize"}' --receive 1
              seq 1000 | patchbay connect lines+bare+unix:///tmp/a.sock
              patchbay connect --allow-exec 'json+lines+bare+exec:///usr/bin/jq?arg=-c&arg=.a' --send '{"a":1}'
            """
    )

    @OptionGroup var connection: ConnectionArguments

    @Option(help: ArgumentHelp("A message to send, in place of standard input; may be repeated.", valueName: "message"))
    var send: [String] = []

    @Option(help: ArgumentHelp("End after this many messages.", valueName: "messages"))
    var receive: Int?

    @Option(help: ArgumentHelp("Give up where no message comes for so long: 250ms, 5s, 2m.", valueName: "duration"))
    var timeout: WaitingTime?

    @Option(help: "How to print messages: json for values, text, or their bytes as hex or base64 (default: as fits the codec).")
    var output: MessageForm?

    func validate() throws {
        if let receive, receive < 0 { throw ValidationError("--receive is 0 or more.") }
    }

    func run() async throws {
        let printing = MessagePrinting(
            form: output,
            count: receive,
            timeout: timeout?.duration,
            output: MessageOutput(connection.usesStandardIO ? .errors : .output)
        )
        // A connection over standard input has no other one.
        let messages = connection.usesStandardIO || !send.isEmpty ? send : nil
        try await connection.reporting {
            try await withConnection(to: connection.url, registry: connection.registry(), executor: .global) { connection in
                let sending = MessageSending(printing: printing, messages: messages)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await sending.run(connection) }
                    // What was asked for by name is sent before the end, whatever came; of standard input, only what the peer waits for.
                    if printing.isDone { try await group.next() }
                    try await printing.run(connection)
                    if messages == nil { group.cancelAll() }
                    do {
                        try await group.waitForAll()
                    } catch is CancellationError where !Task.isCancelled {}
                }
            }
        }
        if let missing = printing.missing {
            let came = missing.of - missing.count
            let error = PatchbayError(.closed, "the peer ended after \(came) of \(missing.of) messages", stage: .receive)
            ErrorReport.show(error)
            throw ReportedFailure(status: ExitStatus(of: error))
        }
        if printing.hasFailed { throw ReportedFailure(status: .message) }
    }
}

/// A duration as URLs write it.
struct WaitingTime: ExpressibleByArgument {
    var duration: Duration

    init?(argument: String) {
        guard let duration = OptionText.duration(argument) else { return nil }
        self.duration = duration
    }
}
