/// Finds what was probably meant.
package enum NearestName {
    /// Names longer than this are not compared.
    static let longest = 64

    /// The name with the fewest changes, if a third of the letters, and at most two, suffice; ties go to the first.
    package static func of(_ written: String, among names: some Sequence<String>) -> String? {
        let wanted = Array(written.lowercased().utf8)
        guard !wanted.isEmpty, wanted.count <= longest else { return nil }
        var best: (name: String, distance: Int)?
        for name in names where name.utf8.count <= longest {
            let bound = min(2, max(1, max(wanted.count, name.utf8.count) / 3))
            guard let distance = distance(wanted, Array(name.utf8), bound: bound), distance < best?.distance ?? Int.max else { continue }
            best = (name, distance)
        }
        return best?.name
    }

    /// ` Did you mean 'x'?`, or nothing.
    static func question(_ written: String, among names: some Sequence<String>) -> String {
        of(written, among: names).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment); nil above the bound.
    private static func distance(_ left: [UInt8], _ right: [UInt8], bound: Int) -> Int? {
        guard abs(left.count - right.count) <= bound else { return nil }
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            guard let least = current.min(), least <= bound else { return nil }
            beforeLast = last
            last = current
        }
        return last[right.count] <= bound ? last[right.count] : nil
    }
}
