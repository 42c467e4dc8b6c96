internal import Glibc
internal import Patchbay
internal import PatchbayLoader

/// What there is to say about a plugin's file, with none of it run.
struct PluginFileInspection {
    let plugin: FoundPlugin
    let report: PluginReport
    let layers: [Layer]
    /// SHA-256; nil where the file cannot be read.
    let hash: String?
    let exports: [String]

    /// The file that a path names, which is then the first of the search, or the first that has a name: a plugin's, or one of its layers' or aliases'.
    init?(_ name: String, in catalog: Catalog) {
        let pairs = Array(zip(catalog.scan.plugins, catalog.reports))
        let found =
            name.contains("/")
            ? pairs.first : pairs.first { $0.1.name == name } ?? pairs.first { $0.1.layerNames.contains(name) }
        guard let found else { return nil }
        (plugin, report) = found
        layers = plugin.metadata.map { FirstExecution.layers(describedBy: $0) } ?? []
        do {
            let file = try plugin.reopened()
            hash = try file.contentHash()
            exports = plugin.kind == .sharedObject ? (try? ObjectFile.exports(file.bytes)) ?? [] : []
        } catch {
            hash = nil
            exports = []
        }
    }

    // MARK: For people

    func text(for terminal: Terminal) -> String {
        let description = LayerDescription(terminal: terminal)
        let title = Terminal.harmlessLine([report.name, report.version].filter { !$0.isEmpty }.joined(separator: " "))
        var lines = [
            terminal.styled(title, .bold) + "  plugin, \(plugin.kind == .manifest ? "a manifest" : "a shared object"), \(report.state.word)"
        ]
        lines += description.paragraph(report.summary)
        let layout = TextLayout(rows: rows.map { [$0.name, $0.text].map(Terminal.harmlessLine) }, indentation: 2)
        for (row, cells) in zip(rows, layout.rows) {
            lines += layout.lines(of: cells, width: terminal.width) { cell, column in
                column == 0 ? terminal.styled(cell, .dim) : row.isBad ? terminal.styled(cell, .red) : cell
            }
        }
        var parts = [lines.joined(separator: "\n")]
        for alias in plugin.metadata?.aliases ?? [] {
            let words = [alias.summary, "stands for \(alias.expansion.joined(separator: "+"))"].flatMap(description.paragraph)
            let lines = [terminal.styled(Terminal.harmlessLine(alias.name), .bold) + "  alias"] + words
            parts.append((lines + description.examples(alias.examples ?? [])).joined(separator: "\n"))
        }
        return (parts + layers.map { description.lines(of: $0).joined(separator: "\n") }).joined(separator: "\n\n")
    }

    private struct Row {
        var name: String
        var text: String
        var isBad = false
    }

    /// More exports than these are counted.
    private static let mostExports = 12

    private var rows: [Row] {
        var rows: [Row] = []
        if let reason = report.state.reason { rows.append(Row(name: report.state.word, text: reason, isBad: true)) }
        rows.append(Row(name: "file", text: plugin.path))
        if let file = plugin.file {
            rows.append(Row(name: "owner", text: "\(Self.account(file.owner)), mode \(file.mode), \(file.identity.size) bytes"))
        }
        if let hash { rows.append(Row(name: "sha-256", text: hash)) }
        if let metadata = plugin.metadata {
            rows.append(Row(name: "interface", text: "built for \(metadata.patchbay); this program has \(interface)"))
        }
        if let object = plugin.object {
            let needed = object.needed.map { plugin.missingLibraries.contains($0) ? "\($0) (missing)" : $0 }
            rows.append(
                Row(
                    name: "needs",
                    text: needed.isEmpty ? "no library" : needed.joined(separator: ", "),
                    isBad: !plugin.missingLibraries.isEmpty
                )
            )
            if !object.searchFolders.isEmpty { rows.append(Row(name: "searches", text: object.searchFolders.joined(separator: ", "))) }
            rows.append(Row(name: "Swift", text: object.swiftRuntime.words))
            if !exports.isEmpty {
                let more = exports.count > Self.mostExports ? ", and \(exports.count - Self.mostExports) more" : ""
                rows.append(Row(name: "exports", text: exports.prefix(Self.mostExports).joined(separator: ", ") + more))
            }
        }
        if plugin.kind == .manifest {
            let bound = plugin.boundLibraries.map { plugin.missingLibraries.contains($0) ? "\($0) (missing)" : $0 }
            rows.append(Row(name: "binds", text: bound.joined(separator: ", "), isBad: !plugin.missingLibraries.isEmpty))
        } else {
            let threads = plugin.record?.outcome.threads.map(Self.words(threads:))
            rows.append(Row(name: "threads", text: threads ?? "not known before its first run"))
        }
        if let record = plugin.record {
            rows.append(
                Row(
                    name: "last check",
                    text:
                        "\(Self.time(record.checkedAt)), \(record.outcome.hasPassed ? "passed" : "failed") in \(record.outcome.milliseconds) ms",
                    isBad: !record.outcome.hasPassed
                )
            )
            if !record.outcome.hasPassed { rows.append(Row(name: "advice", text: record.outcome.advice)) }
            for line in record.outcome.log { rows.append(Row(name: "it printed", text: line)) }
        } else {
            rows.append(Row(name: "last check", text: "never"))
        }
        for warning in report.warnings { rows.append(Row(name: "warning", text: warning)) }
        return rows
    }

    var interface: String { "\(InterfaceVersion.current.major).\(InterfaceVersion.current.minor)" }

    static func account(_ user: UInt32) -> String {
        var account = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getpwuid_r(user, &account, &buffer, buffer.count, &found) == 0, found != nil, let name = account.pw_name else {
            return "user \(user)"
        }
        return String(cString: name)
    }

    /// As RFC 3339 has it, in UTC.
    static func time(_ seconds: Int) -> String {
        var seconds = time_t(seconds)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return "\(seconds)" }
        func two(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(Int(parts.tm_year) + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour)):\(two(parts.tm_min)):"
            + "\(two(parts.tm_sec))Z"
    }

    static func words(threads: String) -> String {
        switch threads {
        case "instance": "one call at a time for each instance"
        case "plugin": "one call at a time for the whole plugin"
        case "parallel": "any number of calls at once"
        default: threads
        }
    }
}

extension ObjectFile.SwiftRuntime {
    var words: String {
        switch self {
        case .none: "no Swift in it"
        case .linked: "its own runtime, linked in: it moves between machines"
        case .shared: "the runtime's shared libraries, which a machine must have"
        }
    }
}
