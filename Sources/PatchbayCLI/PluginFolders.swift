internal import Patchbay
internal import PatchbayJSON
internal import PatchbayLoader

/// Where plugins are looked for, as `list --paths` shows it.
struct PluginFolders {
    private let folders: [PluginScan.Folder]

    init(_ folders: [PluginScan.Folder]) { self.folders = folders }

    func show(json: Bool) throws {
        guard !json else { return print(try JSONNotation.print(.array(folders.map(Self.value)))) }
        let terminal = Terminal.output
        let layout = TextLayout(rows: folders.map { [$0.path, Self.words($0)].map(Terminal.harmlessLine) })
        let lines = layout.lines(width: terminal.width) { cell, column in column == 0 ? terminal.styled(cell, .cyan) : cell }
        print(([terminal.styled("folders, in order", .bold)] + lines).joined(separator: "\n"))
    }

    private static func words(_ folder: PluginScan.Folder) -> String {
        guard let distrust = folder.distrust else { return "\(folder.count) plugin\(folder.count == 1 ? "" : "s")" }
        return distrust.kind == .missing ? "not there" : "not used: \(distrust)"
    }

    private static func value(_ folder: PluginScan.Folder) -> Value {
        [
            "path": .string(folder.path), "plugins": .int(Int64(folder.count)),
            "state": .string(folder.distrust == nil ? "used" : folder.distrust?.kind == .missing ? "missing" : "refused"),
            "reason": folder.distrust.map { .string($0.description) } ?? .null,
        ]
    }
}
