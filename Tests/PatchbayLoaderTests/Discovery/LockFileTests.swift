import Foundation
import PatchbayCore
import PatchbayLoader
import PluginTestSupport
import Testing

@Suite struct LockFileTests {
    private let hash = String(repeating: "ab", count: 32)

    @Test func `what it writes sha256sum checks, and what sha256sum writes it reads`() async throws {
        try #require(Tool.exists("/usr/bin/sha256sum"))
        let folder = try PluginFolder()
        let path = "\(folder.path)/a file.so"
        try Data("content".utf8).write(to: URL(fileURLWithPath: path))
        let written = try await LockFile(parsing: Tool.run("/usr/bin/sha256sum", [path]).output)
        // The SHA-256 of "content".
        #expect(written.entries == [.init(hash: "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73", path: path)])
        let lock = "\(folder.path)/plugins.lock"
        try written.text.write(toFile: lock, atomically: false, encoding: .utf8)
        let check = try await Tool.run("/usr/bin/sha256sum", ["--check", "--strict", lock])
        #expect(check.status == 0 && check.output.contains(": OK"))
        #expect(try LockFile(path: lock) == written)
    }

    @Test(arguments: [
        "x", "\(String(repeating: "a", count: 63))  p", "\(String(repeating: "g", count: 64))  p", "\(String(repeating: "a", count: 64)) p",
        "\(String(repeating: "a", count: 64))  ",
    ])
    func `a line that is none is refused with its number`(line: String) {
        let error = #expect(throws: PatchbayError.self) { try LockFile(parsing: "# comment\n\n\(line)\n") }
        #expect(error?.message.contains("line 3") == true)
    }

    @Test func `a lock file that others can write, or that is missing, allows nothing`() async throws {
        let folder = try PluginFolder()
        let lock = "\(folder.path)/plugins.lock"
        try LockFile(entries: [.init(hash: hash, path: "/a.so")]).text.write(toFile: lock, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: lock)
        for path in [lock, "\(folder.path)/none", "relative.lock"] {
            #expect(throws: PatchbayError.self) { try LockFile(path: path) }
        }
    }
}
