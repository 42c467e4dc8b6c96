import AcmeMetadata
import AcmePlugin
import NIOCore
import PatchbayCore
import PatchbayPlugin
import Testing

@Suite struct AcmePluginTests {
    /// Carries the dialer's messages to the listener; throws what the listener throws.
    private func handshake(dialer: String, listener: String) throws {
        var dialing = AcmeAuthenticator(token: ByteBuffer(string: dialer)).makeHandshake(HandshakeContext(role: .dialer))
        var listening = AcmeAuthenticator(token: ByteBuffer(string: listener)).makeHandshake(HandshakeContext(role: .listener))
        _ = try listening.step(.start)
        for message in try dialing.step(.start).output {
            for answer in try listening.step(.message(message)).output { _ = try dialing.step(.message(answer)) }
        }
    }

    @Test func `The metadata in the file says what the plugin registers`() throws {
        try PluginExport.check(metadata: String(cString: AcmeMetadataText()), of: AcmePlugin())
    }

    @Test func `The same token at both ends is accepted`() throws {
        try handshake(dialer: "open sesame", listener: "open sesame")
    }

    @Test func `Another answer than the listener's is refused`() throws {
        var dialing = AcmeAuthenticator(token: ByteBuffer(string: "open sesame")).makeHandshake(HandshakeContext(role: .dialer))
        _ = try dialing.step(.start)
        #expect(throws: PatchbayError.self) { try dialing.step(.message(ByteBuffer(string: "anything"))) }
    }

    @Test(arguments: ["open sesamf", "open", ""])
    func `Another token is refused, and no error holds one`(token: String) {
        let error = #expect(throws: PatchbayError.self) { try handshake(dialer: token, listener: "open sesame") }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.description.contains("sesam") == false)
    }
}
