internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO

/// All plugin files of a search, in order, each examined from its bytes; no code of any of them runs.
package struct PluginScan: Sendable {
    /// A folder of the search path.
    package struct Folder: Sendable {
        package var path: String
        /// Nil where it is used.
        package var distrust: Distrust?
        /// Plugin files in it.
        package var count: Int
    }

    /// A folder with more entries is no folder of plugins.
    private static let mostEntries = 16_384
    /// Nobody's manifest is larger.
    private static let largestManifest = 1 << 20

    package private(set) var folders: [Folder] = []
    package private(set) var plugins: [FoundPlugin] = []

    private let store: RecordStore?
    private let version: InterfaceVersion
    private var libraries: LibrarySearch
    private var seen: Set<FileIdentity> = []

    package init(_ search: PluginSearch, environment: HostEnvironment = .current, version: InterfaceVersion = .current) {
        let store = RecordStore(environment)
        self.store = store.distrust == nil ? store : nil
        self.version = version
        libraries = LibrarySearch(environment: environment)
        for file in search.files { add(file: file) }
        var visited: Set<String> = []
        for folder in search.folders { add(folder: folder, visited: &visited) }
    }

    private mutating func add(file: String) {
        let parts = file.split(separator: "/", omittingEmptySubsequences: true)
        guard let kind = PluginFileKind(path: file), let name = parts.last else {
            return refuse(file, .sharedObject, "\(file) is no plugin by its name, which ends in .so or .patchbay.json")
        }
        guard file.hasPrefix("/") else { return refuse(file, kind, "\(file) is no absolute path; give it from / on") }
        do throws(Distrust) {
            let folder = try TrustedFolder("/" + parts.dropLast().joined(separator: "/"))
            add(String(name), kind, in: folder)
        } catch {
            refuse(file, kind, error.description)
        }
    }

    private mutating func add(folder path: String, visited: inout Set<String>) {
        do throws(Distrust) {
            let folder = try TrustedFolder(path)
            guard visited.insert(folder.path).inserted else { return }
            let names = try Self.names(in: folder)
            folders.append(Folder(path: folder.path, distrust: nil, count: names.count))
            for name in names { if let kind = PluginFileKind(path: name) { add(name, kind, in: folder) } }
        } catch {
            folders.append(Folder(path: path, distrust: error, count: 0))
        }
    }

    private mutating func refuse(_ path: String, _ kind: PluginFileKind, _ reason: String) {
        var plugin = FoundPlugin(path: path, kind: kind)
        plugin.refuse("trust", reason)
        plugins.append(plugin)
    }

    private mutating func add(_ name: String, _ kind: PluginFileKind, in folder: borrowing TrustedFolder) {
        var plugin = FoundPlugin(path: folder.path == "/" ? "/\(name)" : "\(folder.path)/\(name)", kind: kind)
        do throws(Distrust) {
            let file = try TrustedFile(named: name, in: folder)
            // The same file by another name, as libacme.so and libacme.so.1.
            guard seen.insert(file.identity).inserted else { return }
            plugin.path = file.path
            plugin.file = FoundPlugin.File(identity: file.identity, owner: file.owner, mode: file.mode)
            plugin.pass("trust", "only root and this user can change \(file.path)")
            examine(&plugin, file, folder: folder.path)
            plugin.record = store?.record(of: file.identity, version)
        } catch {
            plugin.refuse("trust", error.description)
        }
        plugins.append(plugin)
    }

    private mutating func examine(_ plugin: inout FoundPlugin, _ file: borrowing TrustedFile, folder: String) {
        do {
            if plugin.kind == .manifest {
                guard file.bytes.count <= Self.largestManifest else { throw ObjectFault("it has more than 1 MiB, which no manifest has") }
                let text = try file.bytes.read(at: 0, count: file.bytes.count)
                let contents = try FirstExecution.contents(ofManifest: ByteBuffer(bytes: text), path: file.path)
                plugin.metadata = contents.metadata
                plugin.boundLibraries = contents.libraries
            } else {
                let object = try ObjectFile(file.bytes)
                plugin.object = object
                guard !object.isProgram else { throw ObjectFault("it is a program, or marked as not to be opened; link it with -shared") }
                guard let text = object.metadata else {
                    throw ObjectFault("it has no section .patchbay: it is no plugin, or lacks PATCHBAY_METADATA (docs/plugin-abi.md)")
                }
                plugin.metadata = try FirstExecution.metadata(ofObject: ByteBuffer(bytes: text))
            }
            try file.checkUnchanged()
        } catch {
            return plugin.refuse("metadata", (error as? PatchbayError)?.message ?? "\(error)")
        }
        guard let metadata = plugin.metadata else { return }
        let names = (metadata.layers.map(\.name) + (metadata.aliases ?? []).map(\.name)).joined(separator: ", ")
        plugin.pass("metadata", "\(metadata.name) \(metadata.version), which has \(names)")
        checkVersion(metadata, &plugin)
        if let object = plugin.object {
            checkLibraries(object, &plugin, folder: folder)
        } else {
            checkBoundLibraries(&plugin)
        }
    }

    /// A newer minor version is fine: tables only grow.
    private func checkVersion(_ metadata: PluginMetadata, _ plugin: inout FoundPlugin) {
        let major = metadata.patchbay.split(separator: ".").first.flatMap { UInt16($0) }
        guard major == version.major else {
            return plugin.refuse(
                "interface",
                "it was built for version \(metadata.patchbay) of the plugin interface, and this host has \(version.text); rebuild it against "
                    + "this host's patchbay_plugin.h, or get a release of it for \(version.major).x"
            )
        }
        plugin.pass("interface", "built for \(metadata.patchbay), this host has \(version.text)")
    }

    private mutating func checkLibraries(_ object: ObjectFile, _ plugin: inout FoundPlugin, folder: String) {
        let check = SearchFolderCheck(object, in: folder)
        for warning in check.warnings { plugin.warn("search folders", warning) }
        if let refusal = check.refusal { return plugin.refuse("search folders", refusal) }
        plugin.missingLibraries = libraries.missing(of: object, in: folder)
        guard plugin.missingLibraries.isEmpty else {
            let names = plugin.missingLibraries.joined(separator: ", ")
            return plugin.refuse(
                "libraries",
                "it needs \(names), not found on this machine; install what has it, or put it beside the plugin"
            )
        }
        plugin.pass("libraries", object.needed.isEmpty ? "it needs none" : "found: \(object.needed.joined(separator: ", "))")
    }

    /// A manifest's libraries: one with a path must be as safe as a plugin, one without is the loader's to find.
    private mutating func checkBoundLibraries(_ plugin: inout FoundPlugin) {
        for library in plugin.boundLibraries where library.hasPrefix("/") {
            do throws(Distrust) {
                let parts = library.split(separator: "/")
                let folder = try TrustedFolder("/" + parts.dropLast().joined(separator: "/"))
                _ = try TrustedFile(named: String(parts.last ?? ""), in: folder)
            } catch {
                if error.kind == .missing {
                    plugin.missingLibraries.append(library)
                } else {
                    return plugin.refuse("libraries", error.description)
                }
            }
        }
        plugin.missingLibraries += plugin.boundLibraries.filter { !$0.hasPrefix("/") && !libraries.isKnown($0) }
        guard plugin.missingLibraries.isEmpty else {
            let names = plugin.missingLibraries.joined(separator: ", ")
            return plugin.refuse("libraries", "it binds \(names), not found on this machine; install what has it")
        }
        plugin.pass("libraries", "found: \(plugin.boundLibraries.joined(separator: ", "))")
    }

    /// The plugin files of a folder, by name.
    private static func names(in folder: borrowing TrustedFolder) throws(Distrust) -> [String] {
        let number = openat(folder.descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0, let listing = fdopendir(number) else {
            let reason = String(cString: strerror(errno))
            if number >= 0 { close(number) }
            throw Distrust(.unreadable, "cannot list \(folder.path): \(reason)")
        }
        defer { closedir(listing) }
        var names: [String] = []
        var count = 0
        while let entry = readdir(listing) {
            count += 1
            guard count <= mostEntries else {
                throw Distrust(.tooLarge, "\(folder.path) has more than \(mostEntries) entries; it is no folder of plugins")
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) { String(cString: $0) }
            }
            let isPlugin = name.hasSuffix(PluginFileKind.sharedObject.rawValue) || name.hasSuffix(PluginFileKind.manifest.rawValue)
            // What begins with a dot is another program's temporary file.
            if isPlugin, !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
