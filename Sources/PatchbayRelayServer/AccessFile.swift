public import PatchbayCore

/// Access files of relays: who may do what, a line for each key, `name rights names key`.
public enum AccessFile {
    /// The text of a file, for ``Relay/bind(_:registry:access:isOpen:realm:limits:comeAgain:logger:metrics:reactors:)`` and ``Relay/reload(access:)``.
    /// - Throws: `invalidArgument` for a file that cannot be read, is open to everyone, or has more than 1 MiB.
    public static func read(_ path: String) throws(PatchbayError) -> String {
        let bytes: [UInt8]
        do throws(CheckedFile.Failure) {
            bytes = try CheckedFile(path: path, against: .readingAndWriting).read()
        } catch {
            throw failure("the access file \(path) \(error.reason)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("the access file \(path) is not UTF-8") }
        return text
    }

    /// A line of such a file.
    /// - Parameters:
    ///   - id: how the key is called, without spaces.
    ///   - rights: of `listen`, `dial` and `share`, with commas between.
    ///   - names: names, or beginnings of names with `*` behind them, with commas between.
    /// - Throws: `invalidArgument` for what no such file may hold.
    public static func line(id: String, rights: String, names: String, key: String) throws(PatchbayError) -> String {
        let line = "\(id) \(rights) \(names) \(key)"
        let file: RelayAccessFile
        do {
            file = try RelayAccessFile(line)
        } catch {
            throw failure(error.message.replacingFirst("line 1 of the access file", with: "such a line"))
        }
        // Where a part has a space, or none of it, or begins a comment, the line says something else.
        guard file.entries.count == 1, file.entry(id) != nil else {
            throw failure("the name of an access key is 1 to 255 bytes, has no spaces and does not begin with #")
        }
        return line
    }

    private static func failure(_ message: String) -> PatchbayError {
        PatchbayError(.invalidArgument, message, stage: .listen, layer: "relay")
    }
}

extension String {
    fileprivate func replacingFirst(_ part: String, with other: String) -> String {
        hasPrefix(part) ? other + dropFirst(part.count) : self
    }
}
