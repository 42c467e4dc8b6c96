internal import Glibc
internal import NIOCore
package import PatchbayCore
internal import PatchbayIO
internal import PatchbayJSON

/// The records of one user, a file each, so that none is lost when a later plugin ends badly.
///
/// `$XDG_CACHE_HOME/patchbay/plugins`, or `~/.cache/patchbay/plugins`: losing it costs a first run again.
package struct RecordStore: Sendable {
    private static let largestRecord = 64 << 10

    /// Nil where there is no place for it.
    package var folder: String?

    package init(folder: String?) { self.folder = folder }

    package init(_ environment: HostEnvironment) { folder = environment.cacheFolder.map { "\($0)/patchbay/plugins" } }

    /// The record of a file, if there is one that can be read, for this very file and interface.
    package func record(of identity: FileIdentity, _ version: InterfaceVersion) -> ProbeRecord? {
        guard let path = path(identity, version),
            let file = OwnedDescriptor.open(path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY),
            let status = OpenFileStatus(file.number), status.isRegular, status.owner == geteuid(), !status.isOpenToOthers,
            status.size <= Self.largestRecord,
            let bytes = try? DescriptorBytes(descriptor: file.number, count: status.size).read(at: 0, count: status.size),
            let record = try? JSONCodec().decode(ProbeRecord.self, from: ByteBuffer(bytes: bytes))
        else { return nil }
        return record.key.identity == identity && record.key.interface == version.text ? record : nil
    }

    /// The folder belongs to this user alone, or is not there yet. What others could write is no record.
    package var distrust: String? {
        guard let folder, let opened = OwnedDescriptor.naming(folder), let status = OpenFileStatus(opened.number) else {
            return nil
        }
        guard status.isFolder, status.owner == geteuid(), !status.isOpenToOthers else {
            return
                "the folder of results, \(folder), is not this user's alone, and is not used: remove it, or set its owner and its mode 700"
        }
        return nil
    }

    /// - Throws: ``PatchbayError`` where it cannot be written.
    package func save(_ record: ProbeRecord, _ version: InterfaceVersion) throws(PatchbayError) {
        guard let folder, let path = path(record.key.identity, version) else { throw failure("there is no home folder to keep it in") }
        try makeFolder(folder)
        if let distrust { throw failure(distrust) }
        var buffer = ByteBuffer()
        do { try JSONCodec().encode(record, into: &buffer) } catch { throw failure("\(error)") }
        try AtomicFile.write(buffer, to: path, mode: 0o600)
    }

    /// Ends a quarantine.
    package func remove(_ identity: FileIdentity, _ version: InterfaceVersion) {
        if let path = path(identity, version) { unlink(path) }
    }

    /// One per inode and interface, so that a file that changes replaces its own record.
    private func path(_ identity: FileIdentity, _ version: InterfaceVersion) -> String? {
        folder.map { "\($0)/\(identity.device)-\(identity.inode)-\(version.text).json" }
    }

    /// With the folders above it; what is new nobody else may enter.
    private func makeFolder(_ folder: String) throws(PatchbayError) {
        var path = ""
        for component in folder.split(separator: "/") {
            path += "/\(component)"
            if mkdir(path, 0o700) < 0, errno != EEXIST, errno != EROFS { throw failure("\(path): \(String(cString: strerror(errno)))") }
        }
    }

    private func failure(_ reason: String) -> PatchbayError {
        PatchbayError(.systemFailure, "the result of a plugin's first run could not be kept: \(reason)", stage: .plugin)
    }
}

extension InterfaceVersion {
    /// `major.minor`.
    var text: String { "\(major).\(minor)" }
}
