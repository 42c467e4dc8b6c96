import AcmeMetadata
import AcmePlugin
import Glibc
import PatchbayCore
import PatchbayPlugin
import Testing

@Suite struct AcmePluginTests {
    @Test func `The metadata in the file says what the plugin registers`() throws {
        try PluginExport.check(metadata: String(cString: AcmeMetadataText()), of: AcmePlugin())
    }

    @Test func `A message goes there and comes back, and the file is removed`() async throws {
        var registry = Registry()
        try registry.register(AcmePlugin())
        let path = "/tmp/acme-test-\(getpid()).sock"
        let url = try ConnectionURL("acme://" + path)
        let listener = try await Listener.bind(url, registry: registry)
        async let serving: Void = listener.run { connection in
            try await connection.send(try await connection.receive(as: String.self))
        }
        try await withConnection(to: url, registry: registry) { connection in
            try await connection.send("hello")
            #expect(try await connection.receive(as: String.self) == "hello")
        }
        await listener.close()
        try await serving
        #expect(access(path, F_OK) != 0)
    }

    @Test func `Where nobody listens, dialling fails`() async throws {
        var registry = Registry()
        try registry.register(AcmePlugin())
        let url = try ConnectionURL("acme:///tmp/acme-nobody-\(getpid()).sock")
        let error = await #expect(throws: PatchbayError.self) { try await withConnection(to: url, registry: registry) { _ in } }
        #expect(error?.code == .noSuchSocket)
    }
}
