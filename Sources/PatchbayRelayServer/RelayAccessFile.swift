internal import NIOCore
internal import PatchbayCore
internal import PatchbayRelay

/// Who may do what at a relay: a line for each key, `name rights names key`, with spaces between.
///
/// `ops listen,dial worker-*,db Kx3…`: the holder of that key, under the name `ops`, may listen and dial as `worker-…` and `db`. Rights are
/// `listen`, `dial` and `share`, which lets several listeners have one name.
struct RelayAccessFile: Sendable {
    struct Entry: Sendable {
        var grant: RelayGrant
        var key: RelayKey
    }

    private(set) var entries: [String: Entry] = [:]

    func entry(_ id: String) -> Entry? { entries[id] }

    /// - Throws: `invalidArgument` with the number of a line that does not fit, never with its text.
    init(_ text: String) throws(PatchbayError) {
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }).enumerated() {
            let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
            guard let first = fields.first, !first.hasPrefix("#") else { continue }
            guard fields.count == 4 else { throw Self.error(index, "has \(fields.count) fields; write: name rights names key") }
            let id = String(first)
            guard entries[id] == nil else { throw Self.error(index, "names a key a second time") }
            guard id.utf8.count <= RelayMessage.longestName else { throw Self.error(index, "has a name of more than 255 bytes") }
            var rights: RelayGrant.Rights = []
            for right in fields[1].split(separator: ",") {
                switch right {
                case "listen": rights.insert(.listen)
                case "dial": rights.insert(.dial)
                case "share": rights.insert(.share)
                default: throw Self.error(index, "gives a right that there is not; there are listen, dial and share")
                }
            }
            let patterns = fields[2].split(separator: ",").map(String.init)
            guard !patterns.isEmpty, patterns.allSatisfy({ !$0.dropLast().contains("*") }) else {
                throw Self.error(index, "has a name with * in its middle; it may stand at the end alone")
            }
            let key: RelayKey
            do {
                key = try RelayKey(id: id, key: ByteBuffer(string: String(fields[3])))
            } catch {
                throw Self.error(index, "has a key of less than \(RelayKey.shortest) bytes; `patchbay key` makes one")
            }
            entries[id] = Entry(grant: RelayGrant(id: id, rights: rights, patterns: patterns), key: key)
        }
    }

    private static func error(_ index: Int, _ what: String) -> PatchbayError {
        PatchbayError(.invalidArgument, "line \(index + 1) of the access file \(what)", stage: .listen, layer: "relay")
    }
}
