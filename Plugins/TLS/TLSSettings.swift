internal import NIOCore
internal import NIOSSL
internal import PatchbayCore

/// What all connections of one end of one URL share.
struct TLSSettings: Sendable {
    static let layer = "tls"

    let role: Role
    let context: NIOSSLContext
    let serverName: ServerName
    /// The peer's certificate is checked.
    let provesPeer: Bool
    /// ALPN; nil: not spoken of.
    let applicationProtocol: String?
    let endsWithRecord: Bool

    init(_ options: TLSOptions, for end: AuthenticatorEnd) throws(PatchbayError) {
        role = end.role
        applicationProtocol = options.applicationProtocol
        endsWithRecord = options.endsWithRecord
        var configuration: TLSConfiguration
        let chain = try options.certificate.map { path throws(PatchbayError) in try Self.certificates(path, "certificate") }
        let key = try options.privateKey.map { bytes throws(PatchbayError) in try Self.privateKey(bytes) }
        switch end.role {
        case .listener:
            guard let chain, let key else {
                throw Self.error(
                    .missingOption,
                    "a listener needs its certificate and the private key for it: give certificate= and private-key-file=, both PEM"
                )
            }
            serverName = try ServerName(nil)
            provesPeer = options.demandsClient
            configuration = .makeServerConfiguration(certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.certificateVerification = options.demandsClient ? .noHostnameVerification : .none
            if options.demandsClient, options.authorities == nil {
                throw Self.error(.missingOption, "client=require needs ca=: the file of those whose word for a dialer counts")
            }
        case .dialer:
            guard (chain == nil) == (key == nil) else {
                throw Self.error(
                    .missingOption,
                    "a certificate goes with its private key: give certificate= and private-key-file=, or neither"
                )
            }
            provesPeer = options.verifies
            configuration = .makeClientConfiguration()
            configuration.certificateChain = (chain ?? []).map { .certificate($0) }
            configuration.privateKey = key.map { .privateKey($0) }
            configuration.certificateVerification = options.verifies ? .fullVerification : .none
            serverName = try Self.serverName(options, end)
        }
        configuration.minimumTLSVersion = .tlsv13
        if let authorities = options.authorities { configuration.trustRoots = .certificates(try Self.certificates(authorities, "ca")) }
        if let applicationProtocol { configuration.applicationProtocols = [applicationProtocol] }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw Self.error(
                .invalidOption,
                "TLS cannot be set up with these files; most often the private key is another than the certificate's",
                cause: TLSReason(error)
            )
        }
    }

    private static func serverName(_ options: TLSOptions, _ end: AuthenticatorEnd) throws(PatchbayError) -> ServerName {
        let name = options.serverName ?? end.host
        guard options.verifies else {
            guard end.isInsecure else {
                throw error(
                    .insecure,
                    "verify=none takes any listener for the right one; give ca= instead, or accept that with the option insecure"
                )
            }
            // Whatever the host is called: nothing is compared with it.
            if let known = try? ServerName(name) { return known }
            return try ServerName(nil)
        }
        guard name != nil else {
            throw error(
                .missingOption,
                "this URL names no host that a certificate could be for; say which name it must have with server-name="
            )
        }
        return try ServerName(name)
    }

    private static func certificates(_ path: String, _ option: String) throws(PatchbayError) -> [NIOSSLCertificate] {
        let found: [NIOSSLCertificate]
        do {
            found = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw self.error(
                .invalidOption,
                "the file that '\(option)' names cannot be read, or holds no certificates in PEM",
                cause: TLSReason(error)
            )
        }
        guard !found.isEmpty else { throw error(.invalidOption, "the file that '\(option)' names holds no certificate in PEM") }
        return found
    }

    private static func privateKey(_ bytes: ByteBuffer) throws(PatchbayError) -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(bytes: Array(bytes.readableBytesView), format: .pem)
        } catch {
            // Without the cause: it may tell of the key.
            throw self.error(.invalidOption, "the private key is no PEM that can be read; one with a passphrase cannot be used")
        }
    }

    private static func error(_ code: PatchbayError.Code, _ message: String, cause: (any Error)? = nil) -> PatchbayError {
        PatchbayError(code, message, stage: .resolve, layer: layer, cause: cause)
    }
}
