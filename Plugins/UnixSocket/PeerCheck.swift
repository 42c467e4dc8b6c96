internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// Whose process may stand at the other end: SO_PEERCRED, taken by the kernel when the peer called connect or listen.
struct PeerCheck: Sendable {
    /// Nil: anybody's.
    var requiredUser: UInt32?

    init(requiredUser: UInt32?) { self.requiredUser = requiredUser }

    /// Reads the option `peer-uid`; what is not `any` is the same user.
    init(_ options: Options) {
        requiredUser = options.text("peer-uid") == "any" ? nil : geteuid()
    }

    func check(_ stream: SocketStream, stage: PatchbayError.Stage) throws(PatchbayError) {
        guard let requiredUser else { return }
        guard let credentials = stream.peer.credentials else {
            throw PatchbayError(
                .permissionDenied,
                "the peer was refused: the system does not say whose process it is",
                stage: stage,
                layer: "node"
            )
        }
        guard credentials.userID == requiredUser else {
            throw PatchbayError(
                .permissionDenied,
                "the peer was refused: process \(credentials.processID) belongs to user \(credentials.userID), not to "
                    + "user \(requiredUser); run both as one user, or say peer-uid=any",
                stage: stage,
                layer: "node"
            )
        }
    }
}
