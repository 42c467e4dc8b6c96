internal import Foundation
package import Testing

/// A CPython of this machine, 3.8 or later.
package struct Interpreter: Sendable, CustomTestStringConvertible {
    package var path: String
    package var version: [Int]

    package var testDescription: String { "CPython \(version[0]).\(version[1])" }
    /// It authenticates with named digests; older ones know only MD5.
    package var isModern: Bool { version[1] >= 12 }

    package static let absence: Comment = "no CPython 3.8 or later in PATH, ~/.pyenv/versions or /usr/bin"

    /// One of each version.
    package static let all: [Interpreter] = {
        var candidates = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/python3" }
        let versions = NSHomeDirectory() + "/.pyenv/versions"
        candidates += ((try? FileManager.default.contentsOfDirectory(atPath: versions)) ?? []).map { "\(versions)/\($0)/bin/python3" }
        candidates += (8...14).map { "/usr/bin/python3.\($0)" }
        var found: [[Int]: Interpreter] = [:]
        for path in candidates {
            guard let version = version(of: path), version[0] == 3, version[1] >= 8, found[version] == nil else { continue }
            found[version] = Interpreter(path: path, version: version)
        }
        let all = found.values.sorted { $0.version.lexicographicallyPrecedes($1.version) }
        print(
            "CPython for these tests: " + (all.isEmpty ? "none" : all.map { "\($0.version[0]).\($0.version[1])" }.joined(separator: ", "))
        )
        return all
    }()

    package static let noNoise: Comment = "needs a Python with the package noiseprotocol; PATCHBAY_PYTHON can name one"

    /// One with the package noiseprotocol: the one that PATCHBAY_PYTHON names, or one of these.
    package static let withNoise: Interpreter? = {
        let named = ProcessInfo.processInfo.environment["PATCHBAY_PYTHON"].map { [$0] } ?? []
        return (named + all.map(\.path)).lazy.compactMap { path in
            version(of: path, importing: "noise.connection").map { Interpreter(path: path, version: $0) }
        }.first
    }()

    /// Nil for what is no CPython, or lacks the module.
    private static func version(of path: String, importing module: String = "sys") -> [Int]? {
        let script = "import sys, \(module); print('%d.%d' % sys.version_info[:2])"
        guard FileManager.default.isExecutableFile(atPath: path), let answer = try? Script(path: path, script).run("") else { return nil }
        let version = answer.split(separator: "\n").first.map { $0.split(separator: ".").compactMap { Int($0) } } ?? []
        return version.count == 2 ? version : nil
    }
}
