internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// A folder in which nobody but root and this user can put, change or rename anything, nor in any folder above it; held open.
///
/// Every component is opened by itself, links by their text, so that what was checked is what is used. The rules are those of OpenSSH's
/// StrictModes (safe_path: each component belongs to root or the user, and is not writable by group or others), with one exception: a sticky
/// folder that all may write, as /tmp, may lie on the way, since there only the owner of an entry can rename or replace it (unlink(2)), and
/// every entry on the way must belong to root or this user. The folder itself may not be one: anybody could put a library beside the plugin.
package struct TrustedFolder: ~Copyable {
    private static let mostLinks = 40
    private static let mostComponents = 256

    /// Without links.
    package let path: String
    let descriptor: OwnedDescriptor

    /// - Throws: ``Distrust``.
    package init(_ path: String) throws(Distrust) {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw Distrust(.relative, "\(path) is no absolute path; give it from / on")
        }
        var pending: [Substring] = path.split(separator: "/").reversed()
        var done: [String] = []
        var current = try Self.root()
        var isShared = false
        var links = 0
        var steps = 0
        while let name = pending.popLast() {
            steps += 1
            guard steps <= Self.mostComponents else { throw Distrust(.unreadable, "the path \(path) has too many components") }
            if name == "." { continue }
            let here = "/" + (done + [String(name)]).joined(separator: "/")
            if name == ".." { if !done.isEmpty { done.removeLast() } } else { done.append(String(name)) }
            guard let next = OwnedDescriptor.naming(String(name), in: current.number),
                let status = OpenFileStatus(next.number)
            else {
                throw Distrust(errno == ENOENT ? .missing : .unreadable, "cannot open \(here): \(String(cString: strerror(errno)))")
            }
            guard status.hasTrustedOwner else {
                throw Distrust(
                    .owner,
                    "\(here) belongs to user \(status.owner); whoever loads plugins from there trusts that user: chown it"
                )
            }
            if status.isLink {
                links += 1
                guard links <= Self.mostLinks else { throw Distrust(.unreadable, "\(path): too many links") }
                let target = try Self.target(of: next.number, here)
                done.removeLast()
                pending += target.split(separator: "/").reversed()
                if target.hasPrefix("/") {
                    current = try Self.root()
                    done = []
                }
                continue
            }
            guard status.isFolder else { throw Distrust(.missing, "\(here) is no folder") }
            if status.isOpenToOthers, !status.isSticky {
                throw Distrust(
                    .openToOthers,
                    "other users may write the folder \(here) (mode \(status.modeText)), and so replace what lies in it: chmod go-w \(here)"
                )
            }
            isShared = status.isOpenToOthers
            current = next
        }
        let real = "/" + done.joined(separator: "/")
        guard !isShared else {
            throw Distrust(
                .openToOthers,
                "all users may put files into \(real), which a plugin's libraries could come from; use a folder of your own"
            )
        }
        self.path = real
        descriptor = current
    }

    private static func root() throws(Distrust) -> OwnedDescriptor {
        guard let root = OwnedDescriptor.naming("/"), let status = OpenFileStatus(root.number) else {
            throw Distrust(.unreadable, "cannot open /: \(String(cString: strerror(errno)))")
        }
        guard status.hasTrustedOwner, !status.isOpenToOthers else { throw Distrust(.openToOthers, "other users may write the folder /") }
        return root
    }

    static func target(of link: CInt, _ shown: String) throws(Distrust) -> String {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in text.baseAddress.map { readlinkat(link, "", $0, text.count) } ?? -1 }
        }
        guard count > 0, count < bytes.count, let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw Distrust(.unreadable, "cannot read the link \(shown)")
        }
        return text
    }
}
