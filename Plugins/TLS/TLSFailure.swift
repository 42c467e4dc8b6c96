internal import Glibc
internal import NIOSSL
internal import PatchbayCore

/// What a failure of TLS means to an application, and what to do about it.
struct TLSFailure {
    let error: PatchbayError

    init(_ cause: any Error, of engine: TLSEngine, _ settings: TLSSettings) {
        let reason = TLSReason(cause)
        let stage: PatchbayError.Stage = engine.isUp ? .receive : .authenticate
        let (code, message) = Self.words(reason, engine, settings)
        error = PatchbayError(code, message, stage: stage, layer: TLSSettings.layer, cause: reason)
    }

    private static func words(_ reason: TLSReason, _ engine: TLSEngine, _ settings: TLSSettings) -> (PatchbayError.Code, String) {
        let peer = settings.role == .dialer ? "listener" : "dialer"
        switch reason.kind {
        case .wrongName:
            return (
                .authenticationFailed,
                "the listener's certificate is for another name than '\(settings.serverName.text ?? "")'; check the URL's host, or say the "
                    + "certificate's name with server-name="
            )
        case .untrusted:
            if let certificate = engine.peerCertificate, !certificate.isValidNow {
                return (
                    .authenticationFailed, "the \(peer)'s certificate has expired, or is not valid yet; renew it, and check both clocks"
                )
            }
            return (
                .authenticationFailed,
                "the \(peer)'s certificate is not to be trusted: it does not come from the roots of ca=, or it or one above it has expired"
            )
        case .noCertificate:
            return (
                .authenticationFailed,
                "the \(peer) shows no certificate, and client=require demands one; give it certificate= and a private key"
            )
        case .refusedByPeer:
            return (
                .authenticationFailed,
                "the \(peer) refuses this end's certificate, or demands one; check certificate= here, ca= there, and both clocks"
            )
        case .changed:
            return (.authenticationFailed, "a record was changed on its way, or is no record of this connection; it cannot go on")
        case .version: return (.protocolViolation, "the \(peer) does not speak TLS 1.3, and nothing older is accepted")
        case .noProtocol:
            return (.protocolViolation, "the \(peer) does not offer this end's protocol inside TLS (ALPN); give both ends the same alpn=")
        case .notTLS:
            return (.protocolViolation, "the \(peer) does not speak TLS; check its address, or leave tls out at this end")
        case .other:
            return (.protocolViolation, "TLS failed at the peer's bytes; check that nothing between the two ends changes them")
        }
    }
}

/// Why TLS failed, in BoringSSL's words, without its files and lines.
struct TLSReason: Error, CustomStringConvertible {
    enum Kind {
        case wrongName, untrusted, noCertificate, refusedByPeer, changed, version, noProtocol, notTLS, other
    }

    let description: String
    let kind: Kind

    init(_ error: any Error) {
        if let error = error as? NIOSSLExtraError {
            description = "\(error)"
            kind = .wrongName
            return
        }
        let words = Self.stack(of: error).map(Self.word)
        description = words.isEmpty ? "\(error)" : words.joined(separator: ", ")
        kind = words.lazy.compactMap(Self.kind).first ?? Self.kindWithoutWords(error)
    }

    private static func stack(of error: any Error) -> NIOBoringSSLErrorStack {
        var underlying = error as? BoringSSLError
        switch error as? NIOSSLError {
        case .handshakeFailed(let inner)?, .shutdownFailed(let inner)?: underlying = inner
        default: break
        }
        switch underlying {
        case .sslError(let stack), .unknownError(let stack), .invalidSNIName(let stack), .failedToSetALPN(let stack): return stack
        default: return []
        }
    }

    /// `CERTIFICATE_VERIFY_FAILED` of `Error: 26… error:100…:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at …`.
    private static func word(_ error: BoringSSLInternalError) -> String {
        let text = error.description
        guard let mark = text.firstRange(of: "OPENSSL_internal:") else { return "unknown" }
        return String(text[mark.upperBound...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    }

    private static func kind(_ word: String) -> Kind? {
        switch word {
        case "CERTIFICATE_VERIFY_FAILED": .untrusted
        case "PEER_DID_NOT_RETURN_A_CERTIFICATE", "NO_CERTIFICATES_RETURNED": .noCertificate
        case "TLSV1_ALERT_UNKNOWN_CA", "TLSV1_ALERT_CERTIFICATE_REQUIRED", "TLSV1_ALERT_ACCESS_DENIED", "SSLV3_ALERT_BAD_CERTIFICATE",
            "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", "SSLV3_ALERT_CERTIFICATE_REVOKED", "SSLV3_ALERT_CERTIFICATE_EXPIRED",
            "SSLV3_ALERT_CERTIFICATE_UNKNOWN", "SSLV3_ALERT_NO_CERTIFICATE":
            .refusedByPeer
        case "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "BAD_DECRYPT", "DIGEST_CHECK_FAILED", "BAD_SIGNATURE", "TLSV1_ALERT_DECRYPT_ERROR",
            "SSLV3_ALERT_BAD_RECORD_MAC":
            .changed
        case "UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION": .version
        case "TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "NO_APPLICATION_PROTOCOL": .noProtocol
        case "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST": .notTLS
        default: nil
        }
    }

    private static func kindWithoutWords(_ error: any Error) -> Kind {
        switch error as? NIOSSLError {
        case .noCertificateToValidate?: .noCertificate
        case .unableToValidateCertificate?, .cannotFindPeerIP?: .untrusted
        default: .other
        }
    }
}

extension NIOSSLCertificate {
    fileprivate var isValidNow: Bool {
        let now = time(nil)
        return notValidBefore <= now && now <= notValidAfter
    }
}
