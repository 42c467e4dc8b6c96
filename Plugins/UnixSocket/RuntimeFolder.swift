internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// Where the sockets of nodes lie: a folder of one user, which nobody else can enter.
struct RuntimeFolder: Sendable {
    let path: String

    init(path: String) { self.path = path }

    /// `patchbay` in XDG_RUNTIME_DIR (the XDG Base Directory Specification, which has relative values ignored), else a folder named
    /// after the user in the temporary folder.
    init(runtime: String?, temporary: String?, user: UInt32) {
        if let runtime, runtime.hasPrefix("/") {
            path = Self.withoutSlashes(runtime) + "/patchbay"
        } else {
            let temporary = temporary.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
            path = Self.withoutSlashes(temporary) + "/patchbay-\(user)"
        }
    }

    /// The folder of this process, by its environment as it is now.
    static var current: RuntimeFolder {
        RuntimeFolder(runtime: variable("XDG_RUNTIME_DIR"), temporary: variable("TMPDIR"), user: geteuid())
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func withoutSlashes(_ path: String) -> Substring {
        path.dropLast(path.reversed().prefix { $0 == "/" }.count)
    }

    /// Makes the folder where it is missing, and checks it.
    func create() throws(PatchbayError) {
        if mkdir(path, 0o700) < 0, errno != EEXIST {
            throw SystemErrors.explain(IOFailure(errno: errno, operation: "make the runtime folder"), path, stage: .listen, layer: "node")
        }
        try check(stage: .listen)
    }

    /// Refuses a folder that somebody else made or may enter: in a shared temporary folder anybody can be first.
    func check(stage: PatchbayError.Stage) throws(PatchbayError) {
        guard let status = FileStatus(of: path) else {
            throw SystemErrors.explain(IOFailure(errno: errno, operation: "look at the runtime folder"), path, stage: stage, layer: "node")
        }
        guard status.isFolder else { throw refused("is no folder (a link is not followed)", "remove it", stage) }
        guard status.owner == geteuid() else {
            throw refused("belongs to user \(status.owner)", "set XDG_RUNTIME_DIR to a folder of your own", stage)
        }
        guard status.permissions & 0o077 == 0 else { throw refused("is open to other users", "set its mode to 700", stage) }
    }

    private func refused(_ reason: String, _ advice: String, _ stage: PatchbayError.Stage) -> PatchbayError {
        PatchbayError(.permissionDenied, "the runtime folder \(path) \(reason); \(advice)", stage: stage, layer: "node")
    }
}
