public import CPatchbay
public import PatchbayCore

/// A Swift plugin as the tables of `patchbay_plugin.h`, for a shared object.
///
/// The one function that a shared object exports is in a target of that shared object alone, so that two plugins linked into one
/// program never clash over its name:
///
/// ```swift
/// @c(patchbay_plugin_entry)
/// public func entry(host: PluginHost?, error: PluginError?) -> PluginTable? {
///     PluginExport.entry(AcmePlugin(), metadata: acme_metadata(), host, error)
/// }
/// ```
public enum PluginExport {
    /// Makes the tables, once for each process.
    /// - Parameters:
    ///   - metadata: the text of the file's section, ended by a NUL, which must say what the plugin registers; nil: no section, and
    ///     the text is made from what it registers.
    ///   - host: as the entry function got it; must stay valid as long as the process.
    ///   - error: filled in where this gives nil: another major version, a plugin whose layers the interface has no words for, or
    ///     metadata that says something else than the code, for which the right text goes to the host's log.
    public static func entry(
        _ plugin: some Plugin,
        metadata: UnsafePointer<CChar>? = nil,
        _ host: PluginHost?,
        _ error: PluginError?
    ) -> PluginTable? {
        do {
            return try ExportedPlugin.export(plugin, section: metadata, to: HostInterface(host)).table
        } catch let failure {
            _ = error?.report(failure)
            return nil
        }
    }

    /// What the section of the plugin's file must say: JSON in lines, ready for `PATCHBAY_METADATA( … )`.
    /// - Throws: `PatchbayError` with `unsupported` for layers that a shared object cannot bring, or `invalidArgument` for what no
    ///   registry would take.
    public static func metadata(of plugin: some Plugin) throws -> String {
        try MetadataText(of: plugin).text
    }

    /// Holds a section's text against what the plugin registers: for a test of the plugin's own.
    /// - Throws: `PatchbayError` with `invalidArgument` that names the first difference and holds the right text.
    public static func check(metadata: String, of plugin: some Plugin) throws {
        let text = try MetadataText(of: plugin)
        guard let difference = text.difference(from: metadata) else { return }
        throw PatchbayError(.invalidArgument, "\(difference); \(text.advice)", stage: .plugin)
    }
}

/// The host, as an entry function gets it.
public typealias PluginHost = UnsafePointer<patchbay_host>
/// Where an entry function says what failed.
public typealias PluginError = UnsafeMutablePointer<patchbay_error>
/// What an entry function gives.
public typealias PluginTable = UnsafePointer<patchbay_plugin>
