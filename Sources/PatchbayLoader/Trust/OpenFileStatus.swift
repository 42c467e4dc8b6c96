internal import Glibc

/// What fstat says of an open file.
struct OpenFileStatus {
    var kind: UInt32
    /// Permission, set-id and sticky bits.
    var mode: UInt32
    var owner: UInt32
    var size: Int

    /// Nil where the descriptor is none.
    init?(_ descriptor: CInt) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        kind = status.st_mode & S_IFMT
        mode = status.st_mode & 0o7777
        owner = status.st_uid
        size = Int(status.st_size)
    }

    var isFolder: Bool { kind == S_IFDIR }
    var isRegular: Bool { kind == S_IFREG }
    var isLink: Bool { kind == S_IFLNK }
    /// Others than the owner may write. An access control list shows in the group's bits: acl(5).
    var isOpenToOthers: Bool { mode & 0o022 != 0 }
    var isSticky: Bool { mode & S_ISVTX != 0 }
    /// Root can change everything anyway, and this user is whom the code will run as.
    var hasTrustedOwner: Bool { owner == 0 || owner == geteuid() }

    /// As `ls` and `chmod` write it.
    var modeText: String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
