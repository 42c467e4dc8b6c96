internal import NIOCore
internal import PatchbayCore

/// The options of the layer, as a URL says them.
struct TLSOptions: Sendable {
    /// A file of PEM, the own certificate first.
    var certificate: String?
    var privateKey: ByteBuffer?
    /// A file of PEM; nil: the system's.
    var authorities: String?
    var serverName: String?
    /// A dialer checks the listener's certificate.
    var verifies = true
    /// A listener demands the dialer's.
    var demandsClient = false
    /// ALPN; nil: not spoken of.
    var applicationProtocol: String? = "patchbay"
    var endsWithRecord = true

    static let specifications = [
        OptionSpecification(
            "certificate",
            .path,
            summary: "PEM file with the own certificate and those between it and its root; a listener needs one"
        ),
        OptionSpecification("private-key", .text, isSecret: true, summary: "PEM of the certificate's private key, without a passphrase"),
        OptionSpecification(
            "ca",
            .path,
            summary: "PEM file of the roots that the peer's certificate must come from; left out: the system's"
        ),
        OptionSpecification("server-name", .text, summary: "the name that a listener's certificate must have; left out: the URL's host"),
        OptionSpecification(
            "verify",
            .choice(["full", "none"]),
            default: "full",
            summary: "a dialer checks the listener's certificate and its name; none needs insecure"
        ),
        OptionSpecification(
            "client",
            .choice(["none", "require"]),
            default: "none",
            summary: "a listener demands the dialer's certificate, and checks it against ca"
        ),
        OptionSpecification(
            "alpn",
            .text,
            default: "patchbay",
            summary: "the protocol inside, which both ends must name; none for a service that names none"
        ),
        OptionSpecification(
            "close-notify",
            .choice(["required", "optional"]),
            default: "required",
            summary: "optional takes an end of the stream for the end, which anybody on the way can bring about"
        ),
    ]
}

extension TLSOptions {
    init(_ options: Options) throws(PatchbayError) {
        certificate = options.text("certificate")
        privateKey = options.secret("private-key")
        authorities = options.text("ca")
        serverName = options.text("server-name")
        verifies = options.text("verify") != "none"
        demandsClient = options.text("client") == "require"
        endsWithRecord = options.text("close-notify") != "optional"
        let alpn = options.text("alpn") ?? "patchbay"
        guard (1...255).contains(alpn.utf8.count), alpn.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw PatchbayError(
                .invalidOption,
                "alpn is 1 to 255 printable characters of ASCII, or none",
                stage: .resolve,
                layer: TLSSettings.layer
            )
        }
        applicationProtocol = alpn == "none" ? nil : alpn
    }
}
