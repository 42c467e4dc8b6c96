/// What the holder of an access key may do.
struct RelayGrant: Sendable, Hashable {
    struct Rights: OptionSet, Sendable, Hashable {
        var rawValue: UInt8
        static let listen = Rights(rawValue: 1)
        static let dial = Rights(rawValue: 2)
        /// Several listeners may have one name.
        static let share = Rights(rawValue: 4)
    }

    /// The key's name; nil where the relay asks for none.
    var id: String?
    var rights: Rights
    /// Names, or beginnings of names with `*` behind them.
    var patterns: [String]

    /// For everyone, where a relay has no access file.
    static let open = RelayGrant(id: nil, rights: [.listen, .dial], patterns: ["*"])

    func allows(_ right: Rights, _ name: String) -> Bool {
        rights.contains(right)
            && patterns.contains { pattern in
                pattern.hasSuffix("*") ? name.utf8.starts(with: pattern.dropLast().utf8) : name == pattern
            }
    }
}
