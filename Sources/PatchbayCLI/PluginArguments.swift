internal import ArgumentParser
internal import Glibc
internal import Patchbay
internal import PatchbayLoader

/// Which plugin files a command looks at.
struct PluginArguments: ParsableArguments {
    @Option(
        name: .customLong("plugin"),
        help: ArgumentHelp(
            "A plugin's file, before those of the search path ('patchbay list --paths'); may be repeated.",
            valueName: "path"
        )
    )
    var files: [String] = []

    /// A path that is typed may be relative, as in every program; what is searched never is.
    var search: PluginSearch { .standard.adding(files: files.map(Self.absolute)) }

    /// This program is its own helper.
    var prober: Prober { Prober(helper: "/proc/self/exe") }

    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return "\(String(cString: folder))/\(path.hasPrefix("./") ? String(path.dropFirst(2)) : path)"
    }
}

extension PluginReport {
    /// The file; nil for a plugin of the program.
    var path: String? {
        switch source {
        case .linked: nil
        case .sharedObject(let path), .manifest(let path): path
        }
    }

    /// What it registers: layers and aliases.
    var layerNames: [String] { (metadata?.layers.map(\.name) ?? []) + (metadata?.aliases?.map(\.name) ?? []) }
}
