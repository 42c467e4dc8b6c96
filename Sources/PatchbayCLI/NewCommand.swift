internal import ArgumentParser
internal import Patchbay
internal import PatchbayTemplates

struct NewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write a plugin that builds and passes its test, to begin with.",
        discussion: """
            Makes a folder with a plugin of one layer, its test, and a page that says what to change. C needs gcc or clang alone; Swift \
            builds against Patchbay's own package, whose folder or repository --patchbay names (left out: the package that this program was \
            built in); Rust needs cargo, and nothing from the network; a manifest binds a function of a library that is there already.

            EXAMPLES:
              patchbay new codec acme --lang c
              patchbay new transport acme --lang swift --patchbay ../patchbay
              patchbay new authenticator acme --lang rust --folder plugins/acme
              patchbay new processor acme --lang manifest
            """
    )

    @Argument(help: "codec, processor, authenticator or transport.", transform: kind(_:))
    var kind: LayerKind

    @Argument(help: "Of the plugin and its layer, as in URLs: small letters, digits and hyphens.")
    var name: String

    @Option(name: .customLong("lang"), help: "What it is written in: swift, c, rust or manifest.", transform: language(_:))
    var language: NewPlugin.Language

    @Option(help: ArgumentHelp("Patchbay's package, for Swift.", valueName: "path or URL"))
    var patchbay: String?

    @Option(help: ArgumentHelp("Where to write it; left out: a folder of its name.", valueName: "path"))
    var folder: String?

    func run() async throws {
        let location = patchbay.map(PatchbayLocation.init) ?? PatchbayLocation.aroundThisProgram
        let plugin = try NewPlugin(kind: kind, name: name, language: language, patchbay: location)
        try checkNameIsFree()
        let folder = folder ?? name
        try Templates.write(plugin, to: folder)
        print("wrote the \(kind.rawValue) '\(name)' to \(Terminal.harmlessLine(folder)); next:")
        print("  cd \(Self.shellWord(folder)) && \(plugin.buildCommand)")
        print("  patchbay \(language == .manifest ? "inspect --plugin \(plugin.artifact) \(name)" : "check \(plugin.artifact)")")
    }

    private static func kind(_ text: String) throws -> LayerKind {
        guard let kind = LayerKind(rawValue: text) else {
            throw ValidationError("A plugin brings a codec, a processor, an authenticator or a transport.")
        }
        return kind
    }

    private static func language(_ text: String) throws -> NewPlugin.Language {
        guard let language = NewPlugin.Language(rawValue: text) else {
            throw ValidationError("There are templates in: \(NewPlugin.Language.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return language
    }

    /// A path as a shell takes it.
    private static func shellWord(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy {
            "/._-+".utf8.contains($0) || ("0"..."9").contains(UnicodeScalar($0)) || UnicodeScalar($0).properties.isAlphabetic
        }
        return isPlain ? path : "'\(Terminal.harmlessLine(path).replacing("'", with: "'\\''"))'"
    }

    /// A layer of the same name as a built-in one could never be named.
    private func checkNameIsFree() throws {
        let registry = Registry.program
        guard registry.layer(named: name) == nil, registry.alias(named: name) == nil, registry.plugin(named: name) == nil else {
            throw PatchbayError(.invalidArgument, "the name '\(name)' is taken by what Patchbay brings; choose another", stage: .plugin)
        }
    }
}
