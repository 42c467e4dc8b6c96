internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// The layer `peercred`: asks the transport who is there, at both ends alike.
struct PeerCredentialsAuthenticator: Authenticator {
    static let layer = "peercred"

    private let users: Set<UInt32>
    private let groups: Set<UInt32>

    /// - Parameters:
    ///   - users: numbers or `self`; with both lists empty, `self`.
    ///   - groups: likewise.
    init(
        users: [String],
        groups: [String],
        processUser: UInt32 = geteuid(),
        processGroup: UInt32 = getegid()
    ) throws(PatchbayError) {
        let users = users.isEmpty && groups.isEmpty ? ["self"] : users
        self.users = try Self.identifiers(users, option: "uid", own: processUser)
        self.groups = try Self.identifiers(groups, option: "gid", own: processGroup)
    }

    private static func identifiers(_ texts: [String], option: String, own: UInt32) throws(PatchbayError) -> Set<UInt32> {
        var identifiers: Set<UInt32> = []
        for text in texts {
            if text == "self" {
                identifiers.insert(own)
            } else if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt32(text), number != .max {
                identifiers.insert(number)
            } else {
                throw PatchbayError(
                    .invalidOption,
                    "\(option)=\(text) is neither a number nor `self`; `id` tells the numbers",
                    stage: .resolve,
                    layer: layer
                )
            }
        }
        return identifiers
    }

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake {
        PeerCredentialsHandshake(credentials: context.peer.credentials, authenticator: self)
    }

    /// An empty list admits everyone; never are both empty.
    func admits(_ credentials: PeerCredentials) -> Bool {
        (users.isEmpty || users.contains(credentials.userID)) && (groups.isEmpty || groups.contains(credentials.groupID))
    }
}
