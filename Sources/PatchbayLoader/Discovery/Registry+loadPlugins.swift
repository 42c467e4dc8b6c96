public import PatchbayCore

extension Registry {
    /// Finds plugins in files, and registers those that can be used. Nothing is ever loaded without this call.
    ///
    /// What is part of the program, and what was found first, wins over a later plugin with the same name or with a layer of the same name. One
    /// that fails never stops the others: each has its report, with the reason. A plugin that this user never ran on this machine runs first
    /// in a child process; it takes some milliseconds each, and results are kept in `$XDG_CACHE_HOME/patchbay/plugins`.
    ///
    /// A loaded plugin is code of this process and can do all that the process can; docs/plugins/trust.md says what is checked and what is not.
    ///
    /// - Parameters:
    ///   - search: where; `PluginSearch.standard` unless given.
    ///   - helper: the absolute path of the installed program `patchbay`, which runs new plugins in a child. Nil: what was never run, by
    ///     `patchbay lock` or by a process with a helper, is refused. This program is never started again by itself.
    ///   - lock: the absolute path of a file that `patchbay lock` wrote; any other plugin is refused.
    /// - Returns: a report for each plugin that is part of the program, then for each that was found, in the order of the search.
    /// - Throws: `PatchbayError` with `permissionDenied` or `invalidArgument` where the lock file or the helper cannot be used, and then
    ///   nothing was loaded; `CancellationError`.
    @discardableResult
    public mutating func loadPlugins(
        from search: PluginSearch = .standard,
        helper: String? = nil,
        lock: String? = nil
    ) async throws -> [PluginReport] {
        if let helper, !helper.hasPrefix("/") {
            throw PatchbayError(.invalidArgument, "the helper '\(helper)' is no absolute path; give it from / on", stage: .plugin)
        }
        let loader = PluginLoader(
            search: search,
            prober: helper.map { Prober(helper: $0) },
            lock: try lock.map { path throws(PatchbayError) in try LockFile(path: path) }
        )
        return try await loader.load(into: &self)
    }
}
