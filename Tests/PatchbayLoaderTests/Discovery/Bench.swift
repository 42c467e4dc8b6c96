import Foundation
import PatchbayCore
import PatchbayLoader
import PluginTestSupport

/// The built program `patchbay`, beside the test bundle.
enum Helper {
    static let path: String? = {
        let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("patchbay").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()
}

/// A folder of plugins, with a home of its own for the records.
final class Bench {
    let folder: PluginFolder
    let environment: HostEnvironment

    init() throws {
        folder = try PluginFolder()
        environment = HostEnvironment(["XDG_CACHE_HOME": try folder.folder("cache"), "HOME": folder.path])
    }

    var search: PluginSearch { PluginSearch(folders: [folder.path]) }

    func prober(_ helper: String? = Helper.path, milliseconds: Int = 20_000) -> Prober {
        var limits = ProbeLimits()
        limits.milliseconds = milliseconds
        return Prober(helper: helper ?? "", limits: limits)
    }

    func loader(helper: String? = Helper.path, milliseconds: Int = 20_000, lock: LockFile? = nil) -> PluginLoader {
        PluginLoader(
            search: search,
            prober: helper.map { prober($0, milliseconds: milliseconds) },
            lock: lock,
            environment: environment
        )
    }

    /// - Returns: a report for each file.
    func load(into registry: inout Registry, helper: String? = Helper.path, milliseconds: Int = 20_000) async throws -> [PluginReport] {
        try await loader(helper: helper, milliseconds: milliseconds).load(into: &registry).filter { $0.source != .linked }
    }

    func list(beside registry: Registry = Registry()) -> [PluginReport] { loader().list(beside: registry).reports }

    var found: [FoundPlugin] { PluginScan(search, environment: environment).plugins }

    struct NotOne: Error {}

    /// The one plugin that is there.
    var only: (path: String, identity: FileIdentity) {
        get throws {
            guard found.count == 1, let plugin = found.first, let file = plugin.file else { throw NotOne() }
            return (plugin.path, file.identity)
        }
    }

    /// Of the one plugin that is there.
    var record: ProbeRecord? { found.first?.record }

    /// C whose constructor leaves a mark: whoever ran it shows.
    var trap: String {
        "__attribute__((constructor)) static void mark(void) { close(open(\"\(mark)\", O_CREAT | O_WRONLY, 0600)); }"
    }

    private var mark: String { "\(folder.path)/has-run" }

    var hasRun: Bool { FileManager.default.fileExists(atPath: mark) }
}
