/// What a user's name may be, wherever an authenticator takes one.
package enum UserName {
    /// Bytes of UTF-8.
    package static let longest = 255

    /// 1 to 255 bytes without control characters: names end up in logs, where one could forge a line.
    package static func isPlain(_ user: String) -> Bool {
        (1...longest).contains(user.utf8.count) && user.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    /// Whether a line of a ``UserTable`` can begin with this name.
    /// - Throws: ``PatchbayError`` with `invalidArgument`.
    package static func checkLine(_ user: String, layer: String) throws(PatchbayError) {
        guard isPlain(user), !user.utf8.contains(UInt8(ascii: ":")), user.utf8.first != UInt8(ascii: "#") else {
            throw PatchbayError(
                .invalidArgument,
                "a user's name has 1 to \(longest) bytes, no ':' and no control characters, and does not begin with '#'",
                stage: .authenticate,
                layer: layer
            )
        }
    }
}
