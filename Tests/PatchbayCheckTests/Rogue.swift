import Foundation
import PatchbayCheck
import PatchbayTesting

/// A copy of `rogue.c` that breaks one rule, compiled in a folder of this user alone.
final class Rogue: Sendable {
    let path: String
    private let folder: TemporaryFolder

    struct Failure: Error, CustomStringConvertible { var description: String }

    private static let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Rogues/rogue.c")
    private static let headers = source.deletingLastPathComponent().appendingPathComponent("../../../Sources/CPatchbay/include")
        .standardized

    /// - Parameters:
    ///   - name: what it does, as rogue.c spells it.
    ///   - headers: where `patchbay_plugin.h` lies; nil: this version's.
    init(_ name: String, headers: URL? = nil, flags: [String] = []) throws {
        folder = try TemporaryFolder()
        path = folder.path + "/\(name).so"
        let text = try String(contentsOf: Self.source, encoding: .utf8).replacingOccurrences(of: "NAME", with: name)
        let source = folder.path + "/\(name).c"
        try text.write(toFile: source, atomically: false, encoding: .utf8)
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments =
            [
                "gcc", "-std=c11", "-O1", "-w", "-shared", "-fPIC", "-fvisibility=hidden", "-DROGUE=\"\(name)\"", "-I",
                (headers ?? Self.headers).path, source, "-o", path, "-lpthread",
            ] + flags
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else { throw Failure(description: "gcc could not compile the rogue '\(name)'") }
    }

    deinit { folder.remove() }

    /// The built program `patchbay`, beside the test bundle.
    static let helper: String? = {
        let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("patchbay").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    func check(_ filter: String? = nil, profile: ConformanceTest.Profile = .contract, deadline: Duration = .seconds(30)) async throws
        -> CheckReport
    {
        guard let helper = Self.helper else { throw Failure(description: "the program patchbay was not built") }
        let settings = ConformanceSettings(seed: 7, hostileInputs: 200, patience: .seconds(5))
        return try await PluginCheck(path: path, settings: settings, profile: profile, helper: helper, filter: filter, deadline: deadline)
            .run()
    }
}
