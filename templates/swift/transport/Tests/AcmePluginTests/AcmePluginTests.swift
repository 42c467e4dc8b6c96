import AcmeMetadata
import AcmePlugin
import Glibc
import PatchbayCore
import PatchbayPlugin
import Testing

@Suite struct AcmePluginTests {
    /// What a URL that names nothing else needs: a program that uses `Patchbay` has all of it in `Registry.standard`.
    private struct DefaultsPlugin: Plugin {
        let name = "defaults"
        let version = "1.0.0"
        let summary = "messages as bytes"

        func register(into registrar: inout Registrar) {
            registrar.add(Layer(name: "bytes", summary: "bytes", maker: .codec { _ in BytesCodec() }))
            registrar.add(Layer(name: "length", summary: "a length before each message", maker: .framing { _ in LengthFraming() }))
        }
    }

    private func registry() throws -> Registry {
        var registry = Registry()
        try registry.register(DefaultsPlugin())
        try registry.register(AcmePlugin())
        return registry
    }

    @Test func `The metadata in the file says what the plugin registers`() throws {
        try PluginExport.check(metadata: String(cString: AcmeMetadataText()), of: AcmePlugin())
    }

    @Test func `A message goes there and comes back, and the file is removed`() async throws {
        let registry = try registry()
        let path = "/tmp/acme-test-\(getpid()).sock"
        let url = try ConnectionURL("acme://" + path)
        let listener = try await Listener.bind(url, registry: registry)
        async let serving: Void = listener.run { connection in
            if let text = try await connection.receive(as: String.self) { try await connection.send(text) }
        }
        try await withConnection(to: url, registry: registry) { connection in
            try await connection.send("hello")
            #expect(try await connection.receive(as: String.self) == "hello")
        }
        listener.close()
        try await serving
        #expect(access(path, F_OK) != 0)
    }

    @Test func `Where nobody listens, dialling fails`() async throws {
        let registry = try registry()
        let url = try ConnectionURL("acme://" + "/tmp/acme-nobody-\(getpid()).sock")
        let error = await #expect(throws: PatchbayError.self) { try await withConnection(to: url, registry: registry) { _ in } }
        #expect(error?.code == .noSuchSocket)
    }
}
