internal import Glibc
internal import NIOCore

/// Reads a secret from where an option says, and never tells what it read.
package enum SecretSource {
    /// The largest secret, in bytes.
    static let most = 65_536

    /// A file's bytes, without one trailing newline.
    package static func file(_ path: String, for name: String) throws(PatchbayError) -> [UInt8] {
        // Non-blocking, so that a pipe nobody writes to cannot hold a resolution.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(name, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw failure(name, "it is not a regular file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= most + 1 {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(name, String(cString: strerror(errno))) }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        guard bytes.count <= most else { throw failure(name, "it is larger than 64 KiB, which no secret is") }
        guard !bytes.isEmpty else { throw failure(name, "it is empty; if the empty key is meant, write it as :@ in the URL") }
        return bytes
    }

    static func variable(
        _ variable: String,
        for name: String,
        _ environment: ResolutionEnvironment
    ) throws(PatchbayError) -> [UInt8] {
        guard let value = environment.variable(variable) else {
            throw PatchbayError(
                .invalidOption,
                "the option '\(name)' names an environment variable that is not set; set it, or give another",
                stage: .resolve
            )
        }
        guard !value.isEmpty, value.utf8.count <= most else {
            throw PatchbayError(
                .invalidOption,
                "the option '\(name)' names an environment variable that is empty, or larger than 64 KiB",
                stage: .resolve
            )
        }
        return Array(value.utf8)
    }

    /// The key for authenticators that were given none.
    static func defaultKey(_ environment: ResolutionEnvironment) throws(PatchbayError) -> [UInt8]? {
        if let number = environment.variable("PATCHBAY_AUTHKEY_DESCRIPTOR"), !number.isEmpty {
            return try environment.inheritedKey.bytes(from: number)
        }
        guard let path = environment.variable("PATCHBAY_AUTHKEY_FILE"), !path.isEmpty else { return nil }
        return try file(path, for: "PATCHBAY_AUTHKEY_FILE")
    }

    /// The path stays out: whoever mixes up `key` and `key-file` wrote the key there.
    private static func failure(_ name: String, _ reason: String) -> PatchbayError {
        PatchbayError(.invalidOption, "the file that '\(name)' names cannot be read: \(reason)", stage: .resolve)
    }
}
