/// Rows of cells in aligned columns; the last column takes what is left, and wraps.
struct TextLayout {
    /// Rows that share their columns.
    let rows: [[String]]
    let indentation: Int
    /// The widest cell of each column, found once: a list of plugins has hundreds of rows.
    private let widths: [Int]
    private static let gap = 2
    /// A last column narrower than this is not worth wrapping into.
    private static let narrowest = 20

    init(rows: [[String]], indentation: Int = 2) {
        self.rows = rows
        self.indentation = indentation
        widths = rows.reduce(into: []) { widths, row in
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
    }

    /// - Parameters:
    ///   - width: nil: lines are as long as they are.
    ///   - style: what to do to a cell of a column once its place is fixed.
    func lines(width: Int?, style: (_ cell: String, _ column: Int) -> String = { cell, _ in cell }) -> [String] {
        rows.flatMap { lines(of: $0, width: width, style: style) }
    }

    /// The lines of one row.
    func lines(of row: [String], width: Int?, style: (_ cell: String, _ column: Int) -> String) -> [String] {
        let start = indentation + row.indices.dropLast().reduce(0) { $0 + widths[$1] + Self.gap }
        var line = String(repeating: " ", count: indentation)
        for (column, cell) in row.enumerated().dropLast() {
            line += style(cell, column) + String(repeating: " ", count: widths[column] - cell.count + Self.gap)
        }
        let parts = Self.wrapped(row.last ?? "", width: width.map { max($0 - start, Self.narrowest) })
        return parts.enumerated().map { index, part in
            Self.trimmed((index == 0 ? line : String(repeating: " ", count: start)) + style(part, row.count - 1))
        }
    }

    /// Breaks at spaces; a word that is too long stays whole.
    static func wrapped(_ text: String, width: Int?) -> [String] {
        guard let width, text.count > width else { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if line.isEmpty {
                line = String(word)
            } else if line.count + 1 + word.count <= width {
                line += " " + word
            } else {
                lines.append(line)
                line = String(word)
            }
        }
        return lines + [line]
    }

    private static func trimmed(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }
}
