internal import PatchbayIO
internal import Synchronization

/// A file of users that an authenticator verifies against, read again whenever it changed.
package final class UserFile<Entry: Sendable>: Sendable {
    private let path: String
    private let format: UserFormat<Entry>
    private let cache = Locked<(stamp: FileStamp, table: UserTable<Entry>)?>(nil)

    package init(path: String, format: UserFormat<Entry>) {
        self.path = path
        self.format = format
    }

    /// What the file holds now. Blocks on the file.
    /// - Throws: ``PatchbayError`` with `invalidOption`.
    package func table() throws(PatchbayError) -> UserTable<Entry> {
        let stamp: FileStamp
        let bytes: [UInt8]
        do throws(CheckedFile.Failure) {
            let file = try CheckedFile(path: path, against: .writing)
            stamp = file.stamp
            if let cached = cache.withLock({ $0 }), cached.stamp == stamp { return cached.table }
            bytes = try file.read()
        } catch {
            throw PatchbayError(.invalidOption, "the file of users \(path) \(error.reason)", stage: .authenticate, layer: format.layer)
        }
        let table = try UserTable(bytes, path: path, format: format)
        cache.withLock { $0 = (stamp, table) }
        return table
    }
}
