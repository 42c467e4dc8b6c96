internal import Patchbay

/// A layer as `inspect` shows it: what it is, its options, and examples.
struct LayerDescription {
    var terminal: Terminal

    /// - Parameters:
    ///   - origin: what stands behind the name and the kind.
    ///   - isNew: the summary was not said before.
    func lines(of layer: Layer, origin: String = "", isNew: Bool = true) -> [String] {
        var lines = [terminal.styled(layer.name, .bold) + "  \(layer.kind.rawValue)" + origin]
        if isNew { lines += paragraph(layer.summary) }
        if let traits = layer.traitWords { lines += paragraph(traits) }
        return lines + options(layer.options) + examples(layer.examples)
    }

    func paragraph(_ text: String) -> [String] {
        TextLayout.wrapped(Terminal.harmlessLine(text), width: terminal.width.map { max($0 - 2, 20) }).map { "  " + $0 }
    }

    func options(_ specifications: [OptionSpecification]) -> [String] {
        guard !specifications.isEmpty else { return [] }
        let rows = specifications.map { option in
            [option.name, Self.type(option), option.isRequired ? "required" : option.defaultText ?? "-", Self.remark(option)]
                .map(Terminal.harmlessLine)
        }
        let layout = TextLayout(rows: [["option", "type", "default", ""]] + rows, indentation: 4)
        return layout.lines(of: layout.rows[0], width: terminal.width) { cell, _ in terminal.styled(cell, .dim) }
            + rows.flatMap { row in
                layout.lines(of: row, width: terminal.width) { cell, column in column == 0 ? terminal.styled(cell, .cyan) : cell }
            }
    }

    /// Longer than this, a type moves to the remark.
    private static let widestType = 26

    private static func type(_ option: OptionSpecification) -> String {
        option.typeWords.count <= widestType ? option.typeWords : option.kind.word
    }

    private static func remark(_ option: OptionSpecification) -> String {
        var text = option.summary
        if option.typeWords.count > widestType { text += "; \(option.typeWords)" }
        if option.isSecret { text += "; also \(option.forms.dropFirst().joined(separator: ", "))" }
        if option.changesWire { text += "; both ends must agree" }
        return text
    }

    func examples(_ urls: [String]) -> [String] {
        urls.isEmpty ? [] : [terminal.styled("    examples", .dim)] + urls.map { "    " + Terminal.harmlessLine($0) }
    }
}
