import NIOCore
import Patchbay
import PatchbayTLS
import Testing

@Suite("TLS in a URL", .enabled(if: Certificates.isThere, Certificates.absence))
struct OptionTests {
    let certificates: Certificates

    init() throws { certificates = try #require(Certificates.shared) }

    private func refusal(_ url: String, _ role: Role = .dialer) -> PatchbayError? {
        do {
            _ = try Registry.tls.resolve(try ConnectionURL(url), for: role)
            return nil
        } catch {
            return error as? PatchbayError
        }
    }

    @Test("what this end lacks is said before anything is dialled or bound")
    func lacking() throws {
        let pem = certificates.pem("server")
        #expect(refusal("tls+tcp://", .listener)?.code == .missingOption)
        #expect(refusal("tls+tcp://?certificate=\(pem)", .listener)?.code == .missingOption)
        #expect(refusal("tls+tcp://?\(certificates.identity("server"))", .listener) == nil)
        #expect(refusal("tls+tcp://?\(certificates.identity("server"))&client=require", .listener)?.code == .missingOption)
        #expect(refusal("tls+tcp://h:1?certificate=\(pem)&\(certificates.trust())")?.code == .missingOption)
        // No host: no name to compare.
        #expect(refusal("tls+unix:///tmp/a?\(certificates.trust())")?.code == .missingOption)
        #expect(refusal("tls+unix:///tmp/a?\(certificates.trust())&server-name=localhost") == nil)
        #expect(refusal("tls+tcp://h_1:1?\(certificates.trust())")?.code == .invalidOption)
        #expect(refusal("tls+tcp://[fe80::1%25lo]:1?\(certificates.trust())") == nil)
    }

    @Test("an unverified listener needs insecure")
    func insecure() {
        #expect(refusal("tls+tcp://h:1?verify=none")?.code == .insecure)
        #expect(refusal("tls+tcp://h:1?verify=none&insecure") == nil)
        #expect(refusal("tls+tcp://h_1:1?verify=none&insecure") == nil)
    }

    @Test("files that do not fit are refused, and no key is shown")
    func files() throws {
        let missing = refusal("tls+tcp://h:1?tls.ca=/nowhere.pem")
        #expect(missing?.code == .invalidOption && missing?.layer == "tls")
        #expect(refusal("tls+tcp://h:1?tls.ca=\(certificates.key("ca"))")?.code == .invalidOption)
        let mixed = "certificate=\(certificates.pem("server"))&private-key-file=\(certificates.key("client"))"
        #expect(refusal("tls+tcp://?\(mixed)", .listener)?.code == .invalidOption)
        let garbled = refusal("tls+tcp://?certificate=\(certificates.pem("server"))&private-key=sesame-sesame", .listener)
        #expect(garbled?.code == .invalidOption)
        #expect(garbled.map { "\($0)" }?.contains("sesame") == false)
    }

    @Test("alpn is what ALPN can carry", arguments: [("h2", true), ("none", true), ("%C3%A9", false), ("a%20b", false)])
    func alpn(text: String, isRight: Bool) {
        #expect((refusal("tls+tcp://h:1?\(certificates.trust())&alpn=\(text)") == nil) == isRight)
    }

    @Test("it stands at the wire, below an identity, with and without a greeting; no option of it is compared")
    func places() throws {
        let url = "json+hmac+tls+tcp://h:1?hmac.key=0123456789abcdef&\(certificates.trust())&alpn=h2"
        #expect(try Registry.tls.resolve(try ConnectionURL(url), for: .dialer).wireText == "json+length+hmac+tls")
        #expect(refusal("json+tls+hmac+tcp://h:1?hmac.key=0123456789abcdef&\(certificates.trust())")?.code == .wrongOrder)
        #expect(refusal("lines+tls+bare+tcp://h:1?\(certificates.trust())") == nil)
        #expect(Registry.standard.layer(named: "tls") == nil)
    }
}
