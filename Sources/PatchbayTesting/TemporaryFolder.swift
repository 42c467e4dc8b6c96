internal import Glibc
internal import PatchbayCore

/// A folder of its own under the system's for temporary files, for this user alone.
package struct TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/patchbay.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw PatchbayError(
                .systemFailure,
                "no temporary folder can be made in '\(parent)': \(String(cString: strerror(errno))); set TMPDIR to one that can be written",
                stage: .resolve
            )
        }
        path = template.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Removes the folder with all that lies in it, links not followed.
    package func remove() { Self.remove(path) }

    private static func remove(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { remove("\(path)/\(name)") }
        }
        closedir(folder)
        rmdir(path)
    }
}
