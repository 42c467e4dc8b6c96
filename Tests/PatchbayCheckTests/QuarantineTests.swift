import Foundation
import PatchbayCheck
import PatchbayTesting
import Testing

/// `list` shows what `check` found, and a check that passes ends a quarantine.
@Suite struct QuarantineTests {
    private static func list(_ path: String, cache: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Rogue.helper))
        process.arguments = ["list", "--plugin", path]
        process.environment = ["XDG_CACHE_HOME": cache, "HOME": cache, "PATH": "/usr/bin:/bin"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    private static func check(_ path: String, cache: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Rogue.helper))
        process.arguments = ["check", path, "--profile", "load"]
        process.environment = ["XDG_CACHE_HOME": cache, "HOME": cache, "PATH": "/usr/bin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test func `a plugin that crashes is quarantined with the reason, and one that passes is ready`() throws {
        let cache = try TemporaryFolder()
        defer { cache.remove() }
        let good = try Rogue("none")
        #expect(try Self.list(good.path, cache: cache.path).contains("unchecked"))
        #expect(try Self.check(good.path, cache: cache.path) == 0)
        #expect(
            try Self.list(good.path, cache: cache.path).components(separatedBy: "\n").contains {
                $0.contains("codec-none") && $0.contains("ready")
            }
        )
        let bad = try Rogue("crash-in-entry")
        #expect(try Self.check(bad.path, cache: cache.path) != 0)
        let listing = try Self.list(bad.path, cache: cache.path)
        #expect(listing.contains("quarantined"), "\(listing)")
    }
}
