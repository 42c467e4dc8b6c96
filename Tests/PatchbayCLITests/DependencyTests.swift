import Foundation
import Testing

/// Who links libffi: the loader, and so this program; nobody who uses the core and linked plugins alone.
@Suite struct DependencyTests {
    private static func needed(by name: String) throws -> [String] {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["readelf", "-d", folder.appendingPathComponent(name).path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text.split(separator: "\n").filter { $0.contains("(NEEDED)") }.map(String.init)
    }

    @Test func `a program on the core and linked plugins does not link libffi, and the loader's does`() throws {
        #expect(try Self.needed(by: "patchbay").contains { $0.contains("libffi") })
        let demo = try Self.needed(by: "patchbay-demo")
        #expect(!demo.isEmpty)
        #expect(!demo.contains { $0.contains("libffi") })
    }

    @Test func `no target of the product Patchbay depends on the loader or on libffi`() throws {
        // Package.swift as SwiftPM reads it would need a lock that this very run holds.
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").standardized
        let importing = try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { path in
            guard path.hasSuffix(".swift"), path.hasPrefix("Sources/") || path.hasPrefix("Plugins/") else { return false }
            let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
            return text.contains("import CLibFFI")
        }
        #expect(!importing.isEmpty)
        #expect(importing.allSatisfy { $0.hasPrefix("Sources/PatchbayLoader/") }, "\(importing)")
    }
}
