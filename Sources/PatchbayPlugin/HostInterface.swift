internal import CPatchbay
internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// What the host offers a plugin.
struct HostInterface: @unchecked Sendable {
    // Sendable: the header promises that it is valid as long as the process, and that each function may be called on any thread.
    private let host: UnsafePointer<patchbay_host>

    /// - Throws: ``PatchbayError`` with `versionMismatch` for what is no host of this major version.
    init(_ host: UnsafePointer<patchbay_host>?) throws {
        guard let host, host.pointee.magic == PATCHBAY_MAGIC else {
            throw PatchbayError(.versionMismatch, "the caller is no Patchbay host: its magic differs", stage: .plugin)
        }
        guard host.pointee.major == PATCHBAY_ABI_MAJOR else {
            throw PatchbayError(
                .versionMismatch,
                "this plugin speaks version \(PATCHBAY_ABI_MAJOR).\(PATCHBAY_ABI_MINOR) of the plugin interface, the host "
                    + "\(host.pointee.major).\(host.pointee.minor); build it against the host's version",
                stage: .plugin
            )
        }
        guard host.pointee.size >= MemoryLayout<patchbay_host>.size else {
            throw PatchbayError(.versionMismatch, "the host's table is shorter than version 1.0 makes it", stage: .plugin)
        }
        self.host = host
    }

    /// A line for whoever runs the host.
    func log(_ level: Int, _ line: String) {
        var line = line
        line.withUTF8 {
            host.pointee.log?(host, UInt32(level), UnsafeRawPointer($0.baseAddress)?.assumingMemoryBound(to: CChar.self), $0.count)
        }
    }

    /// A connected pair of stream sockets: the first for the host, the second for the plugin.
    func streamPair() throws -> (hosts: CInt, plugins: CInt) {
        var pair: [Int32] = [-1, -1]
        errno = 0
        guard let status = host.pointee.stream_pair?(host, &pair), status == PATCHBAY_OK else {
            throw IOFailure(errno: errno, operation: "get a socket pair from the host")
        }
        return (pair[0], pair[1])
    }
}
