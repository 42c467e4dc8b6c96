internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// A Unix socket that is neither connected nor bound, and the address that it will have.
struct AcmeSocket {
    let descriptor: CInt
    private var address = sockaddr_un()
    private let stage: PatchbayError.Stage

    init(_ path: String, stage: PatchbayError.Stage) throws {
        self.stage = stage
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count <= Address.longestUnixPath else {
            throw PatchbayError(.pathTooLong, "the path is longer than \(Address.longestUnixPath) bytes", stage: stage, layer: "acme")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw failure(errno, "no socket can be opened") }
    }

    func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    /// Closes it, and says why: what the last system call left in `errno`.
    func abandoned(_ message: String) -> PatchbayError {
        let number = errno
        close(descriptor)
        return failure(number, message)
    }

    private func failure(_ number: CInt, _ message: String) -> PatchbayError {
        let code: PatchbayError.Code =
            switch number {
            case ENOENT: .noSuchSocket
            case ECONNREFUSED: .connectionRefused
            case EADDRINUSE: .addressInUse
            case EACCES: .permissionDenied
            default: .systemFailure
            }
        return PatchbayError(code, message, stage: stage, layer: "acme", cause: IOFailure(errno: number, operation: "acme"))
    }
}
