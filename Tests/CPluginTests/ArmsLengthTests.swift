import Foundation
import NIOCore
import Patchbay
import PatchbayCore
import PatchbayExec
import Testing

/// The program of this package, beside the tests.
private let program: String? = {
    let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("patchbay").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
}()

@Suite("A plugin at arm's length", .enabled(if: program != nil, "the program patchbay is not built"), .timeLimit(.minutes(2)))
struct ArmsLengthTests {
    @Test("a child hosts the plugin, and this process never opens it")
    func child() async throws {
        let program = try #require(program)
        let plugin = try await BuiltPlugin.rot13.value.path
        let hosting = try await BuiltPlugin.registry(BuiltPlugin.rot13)
        try await withEcho("text+rot13+tcp://127.0.0.1:0", hosting) { listener in
            var registry = Registry.standard
            try registry.register(ExecPlugin(allowing: .only([program])))
            let inner = listener.url
            // As docs/plugins/native-code.md says it; interpolated into a URL, values are percent-encoded.
            let outer: ConnectionURL =
                "text+lines+bare+exec://\(path: program)?arg=connect&arg=--plugin&arg=\(plugin)&arg=\(inner)"
            try await withConnection(to: outer, registry: registry) { connection in
                try await connection.send("Why did the chicken cross the road?")
                let answer = try await connection.receive(as: String.self)
                #expect(answer == "Why did the chicken cross the road?")
            }
        }
    }
}
