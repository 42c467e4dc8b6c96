/// What tells one authenticator's files of users from another's.
package struct UserFormat<Entry: Sendable>: Sendable {
    var layer: String
    /// A line as errors show it, such as `user:$scrypt$…`.
    var line: String
    /// What makes lines, such as `patchbay key --password`.
    var maker: String
    /// Reads what stands behind the colon. What it throws holds nothing of the text.
    var read: @Sendable (String) throws(PatchbayError) -> Entry

    package init(
        layer: String,
        line: String,
        maker: String,
        read: @escaping @Sendable (String) throws(PatchbayError) -> Entry
    ) {
        self.layer = layer
        self.line = line
        self.maker = maker
        self.read = read
    }
}

/// The users of one file, with what is kept of each: a line `user:entry` each; empty lines and those that begin with `#` are skipped.
package struct UserTable<Entry: Sendable>: Sendable {
    private static var longestLine: Int { 1024 }

    /// By the bytes of the name: `String` would take two spellings of one character for the same.
    private var entries: [[UInt8]: Entry] = [:]
    private let first: Entry

    /// - Parameter path: for errors.
    /// - Throws: ``PatchbayError`` with `invalidOption` and the number of the line, and nothing of what it holds.
    package init(_ text: [UInt8], path: String, format: UserFormat<Entry>) throws(PatchbayError) {
        func failure(_ line: Int, _ reason: String) -> PatchbayError {
            PatchbayError(.invalidOption, "\(path), line \(line): \(reason)", stage: .authenticate, layer: format.layer)
        }
        var first: Entry?
        var number = 0
        for bytes in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
            if bytes.isEmpty || bytes.first == UInt8(ascii: "#") { continue }
            guard bytes.count <= Self.longestLine, String(validating: bytes, as: UTF8.self) != nil else {
                throw failure(number, "longer than \(Self.longestLine) bytes, or not UTF-8")
            }
            guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), (1...UserName.longest).contains(colon - bytes.startIndex) else {
                throw failure(number, "not \(format.line)")
            }
            let entry: Entry
            do throws(PatchbayError) {
                entry = try format.read(String(decoding: bytes[(colon + 1)...], as: UTF8.self))
            } catch {
                throw failure(number, error.message)
            }
            guard entries.updateValue(entry, forKey: Array(bytes[..<colon])) == nil else {
                throw failure(number, "a user who stands above already")
            }
            first = first ?? entry
        }
        guard let first else {
            throw PatchbayError(
                .invalidOption,
                "\(path) names no user; `\(format.maker)` makes lines for it",
                stage: .authenticate,
                layer: format.layer
            )
        }
        self.first = first
    }

    /// The entry to verify against, which is one for a user who is not there as well: the first of the file, whose parameters new
    /// lines have too, so that nobody finds names by the clock.
    package func candidate(_ user: String) -> (entry: Entry, isKnown: Bool) {
        let known = entries[Array(user.utf8)]
        return (known ?? first, known != nil)
    }
}
