internal import PatchbayCore

/// Who knows the users at the listener.
enum SCRAMUsers: Sendable {
    case file(UserFile<SCRAMVerifier>)
    case everyone(CommonPassword)

    /// Only a verifier of their own says who somebody is: who knows everybody's password might be anybody.
    var areTold: Bool {
        switch self {
        case .file: true
        case .everyone: false
        }
    }
}
