internal import Crypto
internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO

/// A regular file in a trusted folder that nobody but root and this user can change; held open.
package struct TrustedFile: ~Copyable {
    /// No plugin is larger.
    static let largest = 1 << 30
    /// Links within the folder, such as libacme.so to libacme.so.1.
    private static let mostLinks = 8

    /// Without links: what dlopen is given.
    package let path: String
    package let identity: FileIdentity
    package let owner: UInt32
    package let mode: String
    private let descriptor: OwnedDescriptor

    /// Opens an entry of a folder, without following links out of it.
    /// - Throws: ``Distrust``.
    package init(named name: String, in folder: borrowing TrustedFolder) throws(Distrust) {
        var name = name
        var links = 0
        while true {
            let shown = folder.path == "/" ? "/\(name)" : "\(folder.path)/\(name)"
            guard let entry = OwnedDescriptor.naming(name, in: folder.descriptor.number),
                let seen = OpenFileStatus(entry.number)
            else { throw Distrust(errno == ENOENT ? .missing : .unreadable, "cannot open \(shown): \(String(cString: strerror(errno)))") }
            if seen.isLink {
                let target = try TrustedFolder.target(of: entry.number, shown)
                links += 1
                guard !target.utf8.contains(UInt8(ascii: "/")), links <= Self.mostLinks else {
                    throw Distrust(.link, "\(shown) is a link to elsewhere, \(target); copy the file here, or name its own path")
                }
                name = target
                continue
            }
            guard seen.isRegular else { throw Distrust(.notRegular, "\(shown) is no regular file") }
            guard let file = OwnedDescriptor.open(name, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, in: folder.descriptor.number),
                let status = OpenFileStatus(file.number), status.isRegular
            else { throw Distrust(.unreadable, "cannot open \(shown): \(String(cString: strerror(errno)))") }
            guard status.hasTrustedOwner else {
                throw Distrust(.owner, "\(shown) belongs to user \(status.owner), who could change it at any time: chown it, or copy it")
            }
            guard !status.isOpenToOthers else {
                throw Distrust(.openToOthers, "other users may write \(shown) (mode \(status.modeText)): chmod go-w \(shown)")
            }
            guard status.size <= Self.largest else { throw Distrust(.tooLarge, "\(shown) has more than 1 GiB, which no plugin has") }
            do { identity = try FileIdentity(descriptor: file.number) } catch { throw Distrust(.unreadable, "\(shown): \(error)") }
            path = shown
            owner = status.owner
            mode = status.modeText
            descriptor = file
            return
        }
    }

    /// The file is still what it was when it was opened.
    package func checkUnchanged() throws(Distrust) {
        guard let now = try? FileIdentity(descriptor: descriptor.number), now == identity else {
            throw Distrust(.changed, "\(path) changed while it was checked; try again once nobody writes it")
        }
    }

    package var bytes: DescriptorBytes { DescriptorBytes(descriptor: descriptor.number, count: Int(clamping: identity.size)) }

    /// SHA-256 of the whole file, in lower-case hexadecimal digits.
    package func contentHash() throws(Distrust) -> String {
        var hash = SHA256()
        let bytes = bytes
        var offset = 0
        while offset < bytes.count {
            let chunk: [UInt8]
            do throws(ObjectFault) { chunk = try bytes.read(at: offset, count: min(256 << 10, bytes.count - offset)) } catch {
                throw Distrust(.changed, "\(path): \(error)")
            }
            hash.update(data: chunk)
            offset += chunk.count
        }
        try checkUnchanged()
        return Hexadecimal.text(hash.finalize())
    }
}

enum Hexadecimal {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
