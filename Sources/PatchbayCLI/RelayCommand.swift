internal import ArgumentParser
internal import Dispatch
internal import Glibc
internal import Logging
internal import NIOCore
internal import Patchbay
internal import PatchbayJSON
internal import PatchbayRelayServer

struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract:
            "Run a relay: peers reach each other by name through it, and unless their URL says insecure it can neither read nor alter what they say.",
        discussion: """
            Once it is bound, standard output says the URL of the relay, to which peers add a name; all else goes to standard error.

            SIGTERM or SIGINT drains it: no new names and calls, listeners are told to come again, and it ends once the open calls are over. A \
            second one cuts them. SIGHUP reads the access file again; one that is wrong is told with the line's number, and the old one stays \
            in force. Listeners whose key is gone then lose their names; open calls go on.

            The access file has a line for each key, 'name rights names key', such as 'ops listen,dial worker-*,db Kx3…', which \
            'patchbay key --access ops' prints; it must not be open to everyone. Peers say who they are with access-id=ops and \
            access-key-file=ops.key. Limits: \(RelayLimits.names.joined(separator: ", ")).

            EXAMPLES:
              patchbay relay tcp://127.0.0.1:7000
              patchbay relay tcp://0.0.0.0:7000 --access relay.access --realm relay.example --status 127.0.0.1:9090
              patchbay relay tcp://0.0.0.0:7000 --access relay.access --limit calls=500 --limit lease-seconds=60
              patchbay listen 'json+noise+relay://127.0.0.1:7000/worker?noise.key-file=worker.key' --echo
              patchbay connect 'json+noise+relay://127.0.0.1:7000/worker?noise.key-file=worker.key' --send '{"text":"hello"}'
            """
    )

    @OptionGroup var connection: ConnectionArguments

    @Option(help: ArgumentHelp("Who may listen and dial, a line for each key; left out: whoever comes.", valueName: "file"))
    var access: String?

    @Flag(help: "Without --access, serve other machines too.")
    var open = false

    @Option(
        help: ArgumentHelp(
            "What the relay calls itself (default: its address). Both ends of a call must be told the same.",
            valueName: "name"
        )
    )
    var realm: String?

    @Option(help: ArgumentHelp("Show its state over HTTP there: /, /status.json and /metrics.", valueName: "host:port"))
    var status: String?

    @Flag(help: "Let --status have an address that other machines can reach.")
    var statusAnywhere = false

    @Option(help: ArgumentHelp("Set a limit; may be repeated.", valueName: "name=number"))
    var limit: [LimitArgument] = []

    @Option(help: ArgumentHelp("When a relay that ends tells its listeners to come again: 250ms, 5s, 2m.", valueName: "duration"))
    var comeAgain: WaitingTime?

    @Option(help: "How much to log: debug, info, notice, warning or error.")
    var logLevel = RelayLogLevel.info

    @Flag(help: "Say where it is as one line of JSON.")
    var json = false

    func validate() throws {
        guard connection.text != nil else { throw ValidationError("Where is the relay to be? Give it a URL such as tcp://0.0.0.0:7000.") }
        if let realm,
            !(1...255).contains(realm.utf8.count) || realm.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        {
            throw ValidationError("--realm takes 1 to 255 bytes, without control characters.")
        }
        do {
            _ = try limits()
        } catch let error as PatchbayError {
            throw ValidationError(error.message)
        }
    }

    private func limits() throws -> RelayLimits {
        var limits = RelayLimits()
        for limit in limit { try limits.set(limit.name, to: limit.number) }
        return limits
    }

    func run() async throws {
        let log = StandardErrorLog.Output()
        defer { log.flush() }
        let logger = Logger(label: "patchbay.relay") { _ in StandardErrorLog(output: log, level: logLevel.level) }
        let metrics = PrometheusMetrics(help: Relay.metricsHelp)
        let registry = try await connection.registry()
        let accessText = try access.map { path throws(PatchbayError) in try AccessFile.read(path) }
        guard let url = connection.url else { return }
        let relay = try await connection.reporting {
            try await Relay.bind(
                url,
                registry: registry,
                access: accessText,
                isOpen: open,
                realm: realm,
                limits: limits(),
                comeAgain: comeAgain?.duration ?? .seconds(1),
                logger: logger,
                metrics: metrics
            )
        }
        var page: RelayStatusServer?
        if let status {
            page = try await RelayStatusServer.bind(
                ConnectionURL(stringLiteral: status),
                for: relay,
                metrics: metrics,
                registry: registry,
                isPublic: statusAnywhere
            )
        }
        let signals = Interruption.take()
        try announce(relay, page, log)
        try await RelayRun(relay: relay, page: page, access: access, log: log).run(signals)
    }

    private func announce(_ relay: Relay, _ page: RelayStatusServer?, _ log: StandardErrorLog.Output) throws {
        // What a peer adds a name to; another carrier's is what `via` takes.
        let transport = connection.url?.transport ?? "tcp"
        let url = (transport == "tcp" ? "relay" : transport) + "://" + relay.boundTarget
        let pageURL = page.map { "http://\($0.boundTarget)/" }
        let line =
            if json {
                try JSONNotation.print(["url": .string(url), "realm": .string(relay.realm), "status": pageURL.map { .string($0) } ?? .null])
            } else {
                url
            }
        try BlockingWriter.write(ByteBuffer(string: line + "\n"), to: 1)
        if let pageURL { log.write("its state is at \(pageURL)") }
        if relay.address?.isUnspecified == true {
            log.write("it takes connections at all of this machine's addresses: peers name one of them, or the machine's name")
        }
    }
}

/// A relay and its status page, until signals or their task end them.
private struct RelayRun: Sendable {
    let relay: Relay
    let page: RelayStatusServer?
    let access: String?
    /// Nothing is written from here: a reader that has stopped must not hold up a signal.
    let log: StandardErrorLog.Output

    private enum Event: Sendable {
        case relayEnded, pageEnded, signalsEnded
        case second(Int32)
    }

    func run(_ signals: AsyncStream<Int32>) async throws {
        var code: ExitStatus?
        await withTaskGroup(of: Event.self) { group in
            group.addTask {
                await relay.run()
                return .relayEnded
            }
            if let page {
                group.addTask {
                    await page.run()
                    return .pageEnded
                }
            }
            group.addTask { await obey(signals) }
            for await event in group {
                switch event {
                // The page is there for as long as the relay drains.
                case .relayEnded: group.cancelAll()
                case .second(let number):
                    code = number == SIGINT ? .interrupted : .terminated
                    // It means now, whatever a peer does.
                    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(2)) { _exit(128 + number) }
                    group.cancelAll()
                case .pageEnded, .signalsEnded: break
                }
            }
        }
        if let code { throw ReportedFailure(status: code) }
    }

    private func obey(_ signals: AsyncStream<Int32>) async -> Event {
        var isDraining = false
        for await number in signals {
            if number == SIGHUP {
                reload()
            } else if isDraining {
                return .second(number)
            } else {
                isDraining = true
                relay.drain()
                let calls = relay.figures.calls
                log.write(
                    calls == 0
                        ? "draining: no calls are open"
                        : "draining: \(calls == 1 ? "1 call is" : "\(calls) calls are") open; a second signal cuts \(calls == 1 ? "it" : "them")"
                )
            }
        }
        return .signalsEnded
    }

    private func reload() {
        guard let access else { return log.write("there is no access file to read again") }
        do {
            try relay.reload(access: try AccessFile.read(access))
        } catch {
            let reason = Terminal.harmlessLine((error as? PatchbayError)?.message ?? "\(error)")
            log.write(Terminal.errors.styled("the access file stays as it was:", .yellow) + " " + reason)
        }
    }
}

/// `name=number`.
struct LimitArgument: ExpressibleByArgument {
    var name: String
    var number: Int

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[1]) else { return nil }
        name = String(parts[0])
        self.number = number
    }
}

enum RelayLogLevel: String, CaseIterable, ExpressibleByArgument {
    case debug, info, notice, warning, error

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}

extension Address {
    /// It stands for all addresses of the machine.
    fileprivate var isUnspecified: Bool {
        switch self {
        case .ipv4(let bytes, _), .ipv6(let bytes, _, _): bytes.allSatisfy { $0 == 0 }
        default: false
        }
    }
}
