/// Where plugins are looked for, in order: files by name, then folders. Nothing else is ever searched, least of all the working directory
/// or what a URL names.
public struct PluginSearch: Sendable, Hashable {
    /// Absolute paths of shared objects (`.so`) and manifests (`.patchbay.json`).
    public var files: [String]
    /// Absolute paths; of each, the `.so` and `.patchbay.json` files directly in it, by name.
    public var folders: [String]

    public init(files: [String] = [], folders: [String] = []) {
        self.files = files
        self.folders = folders
    }

    /// The folders of `PATCHBAY_PLUGIN_PATH` (separated by colons; ignored where this process runs with more rights than its caller), then
    /// `$XDG_DATA_HOME/patchbay/plugins` or `~/.local/share/patchbay/plugins`, `/usr/local/lib/patchbay/plugins` and
    /// `/usr/lib/patchbay/plugins`.
    public static var standard: PluginSearch { standard(.current) }

    package static func standard(_ environment: HostEnvironment) -> PluginSearch {
        let user = environment.dataFolder.map { ["\($0)/patchbay/plugins"] } ?? []
        return PluginSearch(folders: environment.pluginPath + user + ["/usr/local/lib/patchbay/plugins", "/usr/lib/patchbay/plugins"])
    }

    /// The same, and these files first.
    public func adding(files: [String]) -> PluginSearch { PluginSearch(files: files + self.files, folders: folders) }
}
