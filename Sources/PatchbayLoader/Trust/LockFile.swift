internal import Glibc
internal import NIOCore
package import PatchbayCore

/// The plugins that may be loaded, by the hashes of their files: what `patchbay lock` writes.
///
/// The form is sha256sum's, so that `sha256sum --check` reads it: a hash, two spaces and the path in each line; `#` begins a comment. A plugin
/// is known by its hash, so that the file can move to another machine; the paths serve for messages.
package struct LockFile: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package var hash: String
        package var path: String

        package init(hash: String, path: String) {
            self.hash = hash
            self.path = path
        }
    }

    private static let largest = 4 << 20

    package var entries: [Entry]

    package init(entries: [Entry]) { self.entries = entries }

    /// - Throws: ``PatchbayError`` with `invalidArgument` and the line.
    package init(parsing text: String) throws(PatchbayError) {
        entries = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].utf8.count == 64, parts[0].allSatisfy({ $0.isHexDigit && !$0.isUppercase }),
                // A star is sha256sum's mark for binary files.
                let mark = parts[1].first, mark == " " || mark == "*", parts[1].count > 1
            else {
                throw PatchbayError(
                    .invalidArgument,
                    "line \(index + 1) of the lock file is no hash and path, as 'patchbay lock' writes them",
                    stage: .plugin
                )
            }
            entries.append(Entry(hash: String(parts[0]), path: String(parts[1].dropFirst())))
        }
    }

    /// Reads a file that only root and this user can change: whoever could change it could allow any plugin.
    /// - Throws: ``PatchbayError`` with `permissionDenied`, `noSuchFile` or `invalidArgument`.
    package init(path: String) throws(PatchbayError) {
        let text: String
        do {
            let parts = path.split(separator: "/")
            guard path.hasPrefix("/"), let name = parts.last else {
                throw Distrust(.relative, "\(path) is no absolute path; give it from / on")
            }
            let folder = try TrustedFolder("/" + parts.dropLast().joined(separator: "/"))
            let file = try TrustedFile(named: String(name), in: folder)
            guard file.bytes.count <= Self.largest else { throw Distrust(.tooLarge, "\(path) has more than 4 MiB, which no lock file has") }
            guard let read = String(validating: try file.bytes.read(at: 0, count: file.bytes.count), as: UTF8.self) else {
                throw Distrust(.unreadable, "\(path) is no text")
            }
            text = read
        } catch {
            throw PatchbayError(
                .permissionDenied,
                "the lock file cannot be used, and without it no plugin is loaded: \(error)",
                stage: .plugin
            )
        }
        try self.init(parsing: text)
    }

    package var text: String {
        "# The plugins that may be loaded, by SHA-256: 'patchbay lock' wrote it, 'sha256sum --check' reads it.\n"
            + entries.map { "\($0.hash)  \($0.path)\n" }.joined()
    }

    /// Why a file may not be loaded; nil where it may.
    func refusal(of path: String, hash: String) -> String? {
        if entries.contains(where: { $0.hash == hash }) { return nil }
        if let entry = entries.first(where: { $0.path == path }) {
            return
                "\(path) is not the file that was locked: SHA-256 \(hash), locked \(entry.hash); run 'patchbay lock' again if you changed it"
        }
        return "\(path) is not in the lock file; 'patchbay lock' adds what you trust"
    }
}
