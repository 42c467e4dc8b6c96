internal import ArgumentParser
internal import NIOCore
internal import Patchbay
internal import PatchbayJSON
internal import PatchbayLoader

struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Write down the hashes of the plugins that are there, so that no others are loaded.",
        discussion: """
            Each plugin that was never run runs first in a child process; what fails, or is not used, is left out, and standard error says why. \
            'sha256sum --check' reads the file. Programs take it as loadPlugins(lock:), this one with --lock.

            EXAMPLES:
              patchbay lock
              patchbay lock --write /etc/patchbay/plugins.lock
              patchbay lock --plugin ./libacme.so --json
            """
    )

    @Option(help: ArgumentHelp("Write it to this file, whole or not at all, instead of standard output.", valueName: "file"))
    var write: String?

    @OptionGroup var plugins: PluginArguments

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let loader = PluginLoader(search: plugins.search, prober: plugins.prober)
        let (found, reports) = try await loader.check(beside: Catalog(plugins).registry)
        var locked: [LockFile.Entry] = []
        for (plugin, report) in zip(found, reports) {
            if report.state == .ready, let hash = plugin.contentHash {
                locked.append(LockFile.Entry(hash: hash, path: plugin.path))
            } else {
                let state = [report.state.word, report.state.reason].compactMap { $0 }.joined(separator: ": ")
                Terminal.errors.say(Terminal.harmlessLine("left out \(plugin.path): \(state)"))
            }
        }
        let lock = LockFile(entries: locked)
        if let write {
            try AtomicFile.write(ByteBuffer(string: lock.text), to: PluginArguments.absolute(write), mode: 0o644)
            Terminal.errors.say("wrote \(locked.count) plugin\(locked.count == 1 ? "" : "s") to \(Terminal.harmlessLine(write))")
        }
        if json {
            print(try JSONNotation.print(.array(locked.map { ["path": .string($0.path), "sha256": .string($0.hash)] })))
        } else if write == nil {
            print(lock.text, terminator: "")
        }
    }
}
