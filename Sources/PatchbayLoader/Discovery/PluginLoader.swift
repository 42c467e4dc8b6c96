internal import Glibc
internal import NIOCore
package import PatchbayCore

/// Finds plugins, has what is new run for the first time in a child, and loads what passed.
package struct PluginLoader: Sendable {
    /// First runs at the same time.
    private static let mostChildren = 4

    package var search: PluginSearch
    /// Nil: what was never run is refused.
    package var prober: Prober?
    /// Nil: any plugin may be loaded.
    package var lock: LockFile?
    package var environment: HostEnvironment
    package var version: InterfaceVersion

    package init(
        search: PluginSearch = .standard,
        prober: Prober? = nil,
        lock: LockFile? = nil,
        environment: HostEnvironment = .current,
        version: InterfaceVersion = .current
    ) {
        self.search = search
        self.prober = prober
        self.lock = lock
        self.environment = environment
        self.version = version
    }

    /// What there is, and how it stands by the records alone; nothing is run, and no file is hashed.
    package func list(beside registry: Registry) -> (reports: [PluginReport], scan: PluginScan) {
        let scan = PluginScan(search, environment: environment, version: version)
        return (Self.reports(scan.plugins, in: registry), scan)
    }

    /// Checks everything that would be used, as ``load(into:)`` does, and loads nothing.
    /// - Returns: each plugin, with its report at the same place.
    package func check(beside registry: Registry) async throws -> (plugins: [FoundPlugin], reports: [PluginReport]) {
        var plugins = await scan()
        try await settle(&plugins, in: registry)
        return (plugins, Self.reports(plugins, in: registry))
    }

    /// Loads all that can be, each by itself: what fails keeps its reason, and the others go on.
    /// - Throws: `CancellationError`.
    package func load(into registry: inout Registry) async throws -> [PluginReport] {
        let before = registry
        var plugins = await scan()
        while true {
            try await settle(&plugins, in: registry)
            let states = Shadowing.states(of: plugins, in: registry)
            let next = plugins.indices.first { states[$0] == .ready && registry.plugin(named: plugins[$0].name) == nil }
            guard let index = next else { break }
            try Task.checkCancellation()
            do {
                let plugin = try open(plugins[index])
                try registry.register(plugin, source: plugins[index].source)
                plugins[index].pass("load", "it is part of this process now")
            } catch {
                plugins[index].refuse("load", (error as? PatchbayError)?.message ?? "\(error)")
            }
        }
        return Self.reports(plugins, in: registry, linked: before)
    }

    @concurrent
    private func scan() async -> [FoundPlugin] { PluginScan(search, environment: environment, version: version).plugins }

    /// Until every plugin that would win is ready: hashed, allowed by the lock, and run before.
    private func settle(_ plugins: inout [FoundPlugin], in registry: Registry) async throws {
        while true {
            let states = Shadowing.states(of: plugins, in: registry)
            let isWanted = { (state: PluginState) in state == .ready || state == .unchecked }
            let unverified = plugins.indices.filter { isWanted(states[$0]) && plugins[$0].contentHash == nil }
            if !unverified.isEmpty {
                for index in unverified { plugins[index] = await verified(plugins[index]) }
                continue
            }
            let unchecked = plugins.indices.filter { states[$0] == .unchecked }
            guard !unchecked.isEmpty else { return }
            guard let prober else {
                for index in unchecked { plugins[index].refuse("first run", Self.neverRun(plugins[index].path)) }
                continue
            }
            for (index, plugin) in try await probed(unchecked.map { ($0, plugins[$0]) }, prober) { plugins[index] = plugin }
        }
    }

    private static func neverRun(_ path: String) -> String {
        "it was never run on this machine, and a plugin's first run is in a child process: give loadPlugins a helper (the installed "
            + "patchbay), or run 'patchbay lock' once as this user"
    }

    /// With its hash, held against the lock and against the record.
    @concurrent
    private func verified(_ plugin: FoundPlugin) async -> FoundPlugin {
        var plugin = plugin
        do throws(Distrust) {
            let hash = try plugin.reopened().contentHash()
            plugin.contentHash = hash
            plugin.pass("hash", "SHA-256 \(hash)")
            if let refusal = lock?.refusal(of: plugin.path, hash: hash) { plugin.refuse("lock", refusal) }
            if let record = plugin.record, record.key.contentHash != hash { plugin.record = nil }
        } catch {
            plugin.refuse("hash", error.description)
        }
        return plugin
    }

    private func probed(_ plugins: [(Int, FoundPlugin)], _ prober: Prober) async throws -> [(Int, FoundPlugin)] {
        try await withThrowingTaskGroup(of: (Int, FoundPlugin).self) { group in
            var waiting = plugins[...]
            var done: [(Int, FoundPlugin)] = []
            func startNext() {
                guard let (index, plugin) = waiting.popFirst() else { return }
                group.addTask { (index, try await probed(plugin, prober)) }
            }
            for _ in 0..<Self.mostChildren { startNext() }
            while let result = try await group.next() {
                done.append(result)
                startNext()
            }
            return done
        }
    }

    /// Runs one for the first time; its record is kept at once.
    private func probed(_ plugin: FoundPlugin, _ prober: Prober) async throws -> FoundPlugin {
        var plugin = plugin
        guard let file = plugin.file, let hash = plugin.contentHash else { return plugin }
        do {
            let outcome = try await prober.probe(plugin.path, file.identity)
            // What it was when it was hashed is what ran.
            guard try plugin.reopened().contentHash() == hash else {
                plugin.refuse("first run", "\(plugin.path) changed while it ran for the first time; try again")
                return plugin
            }
            let key = ProbeRecord.Key(identity: file.identity, contentHash: hash, interface: version.text)
            let record = ProbeRecord(key: key, path: plugin.path, outcome: outcome, checkedAt: time(nil))
            plugin.record = record
            do {
                try RecordStore(environment).save(record, version)
            } catch {
                plugin.warn("record", error.message)
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            plugin.refuse("first run", (error as? PatchbayError)?.message ?? "\(error)")
        }
        return plugin
    }

    /// Runs one as for the first time, whatever its record says, and keeps the new one: how a quarantine ends, or begins.
    package func recheck(_ plugin: FoundPlugin) async throws -> FoundPlugin {
        guard let prober else { return plugin }
        return try await probed(await verified(plugin), prober)
    }

    /// dlopen and the entry, in this process.
    private func open(_ plugin: FoundPlugin) throws -> any Plugin {
        // Held open until it is mapped: the inode cannot be another file's meanwhile.
        let file = try plugin.reopened()
        defer { withExtendedLifetime(file) {} }
        return try FirstExecution.open(plugin, version).plugin
    }

    /// One for each, with the record and the state as the last steps.
    /// - Parameter linked: whose plugins are told of as linked; nil: none are.
    static func reports(_ plugins: [FoundPlugin], in registry: Registry, linked: Registry? = nil) -> [PluginReport] {
        let own = (linked?.plugins ?? []).filter { $0.source == .linked }.map {
            PluginReport(name: $0.name, version: $0.version, summary: $0.summary, source: .linked, state: .linked, metadata: nil, steps: [])
        }
        return own + zip(plugins, Shadowing.states(of: plugins, in: registry)).map { $0.report($1) }
    }
}
