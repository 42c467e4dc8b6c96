internal import NIOCore
internal import PatchbayCore

/// The name that a listener's certificate must be for: of a host, or an address.
struct ServerName: Sendable {
    private static let longest = 253

    /// As it was written, for errors.
    let text: String?
    /// Sent to the listener, which may hold several certificates; nil for an address.
    let hostName: String?
    /// What certificates for addresses are compared with; of no family that one can name where there is a host name.
    let address: SocketAddress?

    /// - Parameter text: nil for a listener, and for a dialer that compares no name.
    init(_ text: String?) throws(PatchbayError) {
        self.text = text
        // An address of a link has its zone behind a percent sign, which no certificate holds.
        let bare = text.map { $0.split(separator: "%", maxSplits: 1).first.map(String.init) ?? $0 }
        if let bare, let address = try? SocketAddress(ipAddress: bare, port: 0) {
            hostName = nil
            self.address = address
            return
        }
        if let text {
            let isName =
                !text.isEmpty && text.utf8.count <= Self.longest
                && text.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"), UInt8(ascii: "."):
                        true
                    default: false
                    }
                }
            guard isName else {
                throw PatchbayError(
                    .invalidOption,
                    "no certificate can be for this host: write the DNS name or the address that the listener's is for as server-name=",
                    stage: .resolve,
                    layer: TLSSettings.layer
                )
            }
        }
        hostName = text
        address = try? SocketAddress(unixDomainSocketPath: "/")
    }
}
