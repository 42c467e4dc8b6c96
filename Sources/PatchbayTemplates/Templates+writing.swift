internal import Glibc
internal import NIOCore
public import PatchbayCore
internal import PatchbayIO

extension Templates {
    /// Writes a new plugin into a folder that is not there yet, or is empty.
    /// - Throws: `PatchbayError` with `invalidArgument` where the folder holds anything, or `permissionDenied` or `systemFailure`
    ///   where it cannot be written; what was written until then stays.
    public static func write(_ plugin: NewPlugin, to folder: String) throws(PatchbayError) {
        try makeFolder(folder)
        guard try isEmpty(folder) else {
            throw PatchbayError(
                .invalidArgument,
                "\(folder) is there already, and not empty; nothing was written. Choose another folder, or remove it",
                stage: .plugin
            )
        }
        for file in render(plugin) {
            var parent = folder
            for part in file.path.split(separator: "/").dropLast() {
                parent += "/\(part)"
                try makeFolder(parent)
            }
            try write(file.text, to: "\(folder)/\(file.path)")
        }
    }

    private static func makeFolder(_ path: String) throws(PatchbayError) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("make the folder", path) }
    }

    private static func isEmpty(_ path: String) throws(PatchbayError) -> Bool {
        guard let folder = opendir(path) else { throw failure("open the folder", path) }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { return false }
        }
        return true
    }

    private static func write(_ text: String, to path: String) throws(PatchbayError) {
        // Never over a file, nor through a link, that somebody put there in the meantime.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("write", path) }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", path) }
            rest = rest.dropFirst(count)
        }
    }

    private static func failure(_ operation: String, _ path: String) -> PatchbayError {
        let failure = IOFailure(errno: errno, operation: operation)
        return PatchbayError(
            failure.errno == EACCES ? .permissionDenied : .systemFailure,
            "cannot \(operation) \(path): \(failure.reason)",
            stage: .plugin,
            cause: failure
        )
    }
}
