internal import Glibc

/// Finds needed libraries as the loader would (ld.so(8)), by looking for files alone.
///
/// One of these serves one listing: what it found it remembers.
struct LibrarySearch {
    #if arch(x86_64)
        private static let machineFolder = "x86_64-linux-gnu"
    #else
        private static let machineFolder = "aarch64-linux-gnu"
    #endif

    static let standardFolders = ["/lib/\(machineFolder)", "/usr/lib/\(machineFolder)", "/lib", "/usr/lib", "/lib64", "/usr/lib64"]

    private let environmentFolders: [String]
    private var cache: LoaderCache?
    private var known: [String: Bool] = [:]

    init(environment: HostEnvironment) {
        environmentFolders = environment.libraryFolders
    }

    /// The needed libraries that are nowhere, in order.
    /// - Parameter folder: where the plugin lies: `$ORIGIN`.
    mutating func missing(of object: ObjectFile, in folder: String) -> [String] {
        object.needed.filter { !finds($0, object.searchFolders, folder) }
    }

    private mutating func finds(_ name: String, _ searchFolders: [String], _ origin: String) -> Bool {
        if name.hasPrefix("/") { return isFile(name) }
        // A slash makes it a path from the working directory; SearchFolderCheck refuses that.
        if name.contains("/") { return true }
        for folder in searchFolders {
            for folder in Self.expanded(folder, origin: origin) where isFile("\(folder)/\(name)") { return true }
        }
        return isKnown(name)
    }

    /// A library that the loader finds by its name alone.
    mutating func isKnown(_ name: String) -> Bool {
        if let known = known[name] { return known }
        if cache == nil { cache = LoaderCache() }
        let isFound =
            cache?.names.contains(name) == true || (environmentFolders + Self.standardFolders).contains { isFile("\($0)/\(name)") }
        known[name] = isFound
        return isFound
    }

    private func isFile(_ path: String) -> Bool { access(path, R_OK) == 0 }

    /// With the loader's variables filled in.
    static func expanded(_ folder: String, origin: String) -> [String] {
        var folders = [folder]
        for name in ["ORIGIN", "LIB", "PLATFORM"] {
            let values: [String]
            switch name {
            case "ORIGIN": values = [origin]
            // Either is meant, as the system has it.
            case "LIB": values = ["lib64", "lib", "lib/\(machineFolder)"]
            default: values = [machineFolder.prefix { $0 != "-" }].map(String.init)
            }
            folders = folders.flatMap { folder -> [String] in
                guard folder.contains("$\(name)") || folder.contains("${\(name)}") else { return [folder] }
                return values.map { Self.replacing("${\(name)}", by: $0, in: Self.replacing("$\(name)", by: $0, in: folder)) }
            }
        }
        return folders
    }

    private static func replacing(_ mark: String, by value: String, in text: String) -> String {
        text.split(separator: mark, omittingEmptySubsequences: false).joined(separator: value)
    }
}
