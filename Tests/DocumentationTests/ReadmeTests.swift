internal import Foundation
internal import Patchbay
internal import Testing

@Suite struct ReadmeTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ page: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(page), encoding: .utf8)
    }

    @Test("the README's example is the code that these tests compile")
    func exampleIsCompiled() throws {
        let readme = try Self.text("README.md")
        let source = try Self.text("Tests/DocumentationTests/ReadmeExample.swift")
        let begins = try #require(source.range(of: "// README begins\n"))
        let ends = try #require(source.range(of: "// README ends"))
        #expect(readme.contains(source[begins.upperBound..<ends.lowerBound]))
    }

    @Test("the README's example converses")
    func exampleConverses() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("patchbay-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let address: ConnectionURL = "json+hmac+unix://\(path: folder)/greet.sock?key=\("a key for this test alone")"
        let serving = Task { try await serve(address) }
        // `serve` does not tell when it has bound; until then dialling is refused.
        var answer: String?
        while answer == nil {
            do {
                answer = try await greet(address)
            } catch let error as PatchbayError where error.stage == .dial {
                await Task.yield()
            }
        }
        serving.cancel()
        _ = try? await serving.value
        #expect(answer == "hello yourself")
    }

    @Test("the README's URL resolves, and hides its key")
    func exampleURL() throws {
        let url = url(key: "sixteen or more / bytes", port: 7000)
        #expect(try Registry.standard.resolve(url, for: .dialer).layers.map(\.name) == ["json", "length", "hmac", "tcp"])
        #expect(url.description == "json+hmac+tcp://:***@127.0.0.1:7000")
    }

    @Test("the README names every layer of the standard registry")
    func layersAreListed() throws {
        let readme = try Self.text("README.md")
        let start = try #require(readme.range(of: "## The layers there are"))
        let end = try #require(readme.range(of: "Not yet:"))
        let named = Set(readme[start.upperBound..<end.lowerBound].matches(of: /`([a-z0-9-]+)`/).map { String($0.1) })
        let registered = Set(Registry.standard.layers().map(\.layer.name) + Registry.standard.aliases.map(\.alias.name))
        #expect(registered.subtracting(named) == [])
        #expect(named.subtracting(registered) == ["exec", "tls"])
    }

    @Test("every page that the README and the pages link to is there", arguments: ["README.md", "CONTRIBUTING.md", "docs/README.md"])
    func linksLead(_ page: String) throws {
        let text = try Self.text(page)
        let folder = Self.root.appendingPathComponent(page).deletingLastPathComponent()
        for match in text.matches(of: /\]\(([^)#]+)[^)]*\)/) where !match.1.hasPrefix("http") {
            #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent(String(match.1)).path), "\(page): \(match.1)")
        }
    }
}
