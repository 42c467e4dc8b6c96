internal import Patchbay
internal import PatchbayLoader

/// What the command line asks for.
struct BenchArguments {
    static let usage = """
        usage: patchbay-bench server URL [FLAGS]
               patchbay-bench client URL latency  SIZE SECONDS [FLAGS]
               patchbay-bench client URL oneway   SIZE SECONDS [FLAGS]
               patchbay-bench client URL both     SIZE SECONDS [FLAGS]
               patchbay-bench client URL inflight SIZE SECONDS WINDOW [FLAGS]
               patchbay-bench client URL fanin    CONNECTIONS SECONDS [FLAGS]
               patchbay-bench client URL connect  SECONDS [FLAGS]
               patchbay-bench client URL idle     CONNECTIONS PID [FLAGS]
               patchbay-bench client URL openloop RATE SIZE SECONDS [FLAGS]

          --task reactor|global   the client's task: withConnection's closure on the reactor, or a task on the global executor
                                  with a connection of its own
          --values bytes|record|fields   bytes, or a small struct through the URL's codec, which is Codable, or FieldCodable; it has
                          the size that it has
          --plugin FILE           loads a plugin first; may be repeated
          --helper FILE           the built program patchbay, which runs new plugins in a child first
        """

    struct Invalid: Error {}

    enum Values: String {
        case bytes, record, fields
    }

    let url: ConnectionURL
    /// Nil: the server.
    let mode: String?
    let numbers: [Double]
    private(set) var placement = TaskPlacement.reactor
    private(set) var values = Values.bytes
    private var plugins: [String] = []
    private var helper: String?

    init(_ arguments: [String]) throws {
        var words: [String] = []
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                words.append(word)
                continue
            }
            guard let value = rest.popFirst() else { throw Invalid() }
            switch word {
            case "--task": placement = try Self.known(value)
            case "--values": values = try Self.known(value)
            case "--plugin": plugins.append(value)
            case "--helper": helper = value
            default: throw Invalid()
            }
        }
        guard words.count >= 2, words[0] == "server" ? words.count == 2 : words[0] == "client" && words.count > 3 else { throw Invalid() }
        url = try ConnectionURL(words[1])
        mode = words.dropFirst(2).first
        numbers = try words.dropFirst(3).map {
            guard let number = Double($0), number > 0, number < 1e9 else { throw Invalid() }
            return number
        }
    }

    private static func known<Choice: RawRepresentable>(_ word: String) throws -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: word) else { throw Invalid() }
        return choice
    }

    /// The standard registry, and the plugins that were asked for; all of them, or an error.
    func registry() async throws -> Registry {
        var registry = Registry.standard
        guard !plugins.isEmpty else { return registry }
        let reports = try await registry.loadPlugins(from: PluginSearch(files: plugins), helper: helper)
        for report in reports where report.state != .ready && report.state != .linked {
            PatchbayBench.fail("patchbay-bench: \(report.name): \(report.state.word) \(report.state.reason ?? "")")
        }
        return registry
    }
}
