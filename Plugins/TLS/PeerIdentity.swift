internal import NIOSSL

/// Who a certificate says its holder is.
enum PeerIdentity {
    private static let longest = 255

    /// `tls:` and the first DNS name among the subject's alternative names, else its common name; nil where it has neither.
    static func name(of certificate: NIOSSLCertificate) -> String? {
        let names = certificate._subjectAlternativeNames().lazy.filter { $0.nameType == .dnsName }.map {
            String(decoding: Array($0.contents), as: UTF8.self)
        }
        let name = names.first(where: isPlain) ?? certificate.subjectName.first { $0.type == .commonName && isPlain($0.value) }?.value
        return name.map { "tls:\($0)" }
    }

    /// Fit to be shown and compared: nothing that moves a terminal's cursor, nothing that looks like another name.
    private static func isPlain(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= longest else { return false }
        return name.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
            default: scalar != "\u{FFFD}"
            }
        }
    }
}
