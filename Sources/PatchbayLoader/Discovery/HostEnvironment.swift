internal import CPatchbayIO
internal import Glibc

/// What discovery takes from the environment: nothing where this process runs with more rights than whoever started it (AT_SECURE,
/// getauxval(3)), because that one wrote the environment.
package struct HostEnvironment: Sendable {
    private var variables: [String: String]
    package var isIgnored: Bool
    private var home: String?

    /// For tests.
    package init(_ variables: [String: String], isIgnored: Bool = false) {
        self.variables = isIgnored ? [:] : variables
        self.isIgnored = isIgnored
        home = isIgnored ? Self.homeOfAccount : variables["HOME"]
    }

    package static var current: HostEnvironment {
        var variables: [String: String] = [:]
        for name in ["PATCHBAY_PLUGIN_PATH", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME", "LD_LIBRARY_PATH"] {
            variables[name] = getenv(name).map { String(cString: $0) }
        }
        return HostEnvironment(variables, isIgnored: cpb_has_gained_rights() != 0)
    }

    /// PATCHBAY_PLUGIN_PATH at its colons; empty entries, which elsewhere mean the working directory, are dropped.
    var pluginPath: [String] { variables["PATCHBAY_PLUGIN_PATH"]?.split(separator: ":").map(String.init) ?? [] }

    var libraryFolders: [String] {
        variables["LD_LIBRARY_PATH"]?.split { $0 == ":" || $0 == ";" }.map(String.init).filter { $0.hasPrefix("/") } ?? []
    }

    /// LD_LIBRARY_PATH as it is, for a child that is to find what this process finds.
    var libraryPath: String? { variables["LD_LIBRARY_PATH"] }

    /// The XDG Base Directory Specification: `$XDG_DATA_HOME`, else `~/.local/share`; relative values are ignored.
    var dataFolder: String? { folder("XDG_DATA_HOME", ".local/share") }

    /// `$XDG_CACHE_HOME`, else `~/.cache`.
    var cacheFolder: String? { folder("XDG_CACHE_HOME", ".cache") }

    private func folder(_ variable: String, _ fallback: String) -> String? {
        if let value = variables[variable], value.hasPrefix("/") { return value }
        guard let home = home ?? Self.homeOfAccount, home.hasPrefix("/") else { return nil }
        return home == "/" ? "/\(fallback)" : "\(home)/\(fallback)"
    }

    private static var homeOfAccount: String? {
        var account = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getpwuid_r(geteuid(), &account, &buffer, buffer.count, &found) == 0, found != nil, let home = account.pw_dir else {
            return nil
        }
        return String(cString: home)
    }
}
