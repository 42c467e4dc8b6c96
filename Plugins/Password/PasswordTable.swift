internal import NIOCore
internal import PatchbayCore

/// The users of one password file: a line `user:$scrypt$…` each; empty lines and those that begin with `#` are skipped.
struct PasswordTable: Sendable {
    private static let longestLine = 1024

    private var hashes: [String: PasswordHash] = [:]
    /// Stands in for a user that is not there, so that nobody finds names by the clock: the first hash of the file, whose
    /// parameters new lines have too.
    private let substitute: PasswordHash

    /// - Parameter path: for errors.
    /// - Throws: ``PatchbayError`` with `invalidOption` and the number of the line, and nothing of what it holds.
    init(_ text: [UInt8], path: String) throws(PatchbayError) {
        var first: PasswordHash?
        var number = 0
        for bytes in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
            if bytes.isEmpty || bytes.first == UInt8(ascii: "#") { continue }
            guard bytes.count <= Self.longestLine, let line = String(validating: bytes, as: UTF8.self) else {
                throw Self.failure(path, number, "longer than \(Self.longestLine) bytes, or not UTF-8")
            }
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                line.utf8.distance(from: line.startIndex, to: colon) <= Credentials.longestUser
            else { throw Self.failure(path, number, "not user:$scrypt$…") }
            let user = String(line[..<colon])
            let hash: PasswordHash
            do {
                hash = try PasswordHash(String(line[line.index(after: colon)...]))
            } catch {
                throw Self.failure(path, number, error.message)
            }
            guard hashes.updateValue(hash, forKey: user) == nil else { throw Self.failure(path, number, "a user who stands above already") }
            first = first ?? hash
        }
        guard let first else {
            throw PatchbayError(
                .invalidOption,
                "\(path) names no user; `patchbay key --password` makes lines for it",
                stage: .authenticate,
                layer: PasswordAuthenticator.layer
            )
        }
        substitute = first
    }

    func verify(_ credentials: Credentials) throws(PatchbayError) -> Bool {
        let (hash, isKnown) = candidate(credentials.user)
        return try hash.verify(credentials.password) && isKnown
    }

    /// The hash to verify against, which is one for a user who is not there as well: it takes as long, and proves nothing.
    func candidate(_ user: String) -> (hash: PasswordHash, isKnown: Bool) {
        let known = hashes[user]
        return (known ?? substitute, known != nil)
    }

    private static func failure(_ path: String, _ line: Int, _ reason: String) -> PatchbayError {
        PatchbayError(.invalidOption, "\(path), line \(line): \(reason)", stage: .authenticate, layer: PasswordAuthenticator.layer)
    }
}
