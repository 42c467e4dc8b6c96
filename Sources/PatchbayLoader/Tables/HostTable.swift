internal import CPatchbay
internal import CPatchbayIO
internal import Glibc
internal import PatchbayIO
internal import Synchronization

/// The `patchbay_host` that one module is given: in memory that lives as long as the process.
struct HostTable: @unchecked Sendable {
    // Sendable: nothing changes after init.

    let pointer: UnsafePointer<patchbay_host>

    /// Whose log a host table leads to. By address, so that a pointer to anything else finds nothing.
    private static let logs = Locked<[UInt: PluginLog]>([:])

    /// Bytes that a host of a later minor version would have behind what this one knows.
    private static let growthBytes = 64

    init(_ version: InterfaceVersion, log: PluginLog) {
        let known = MemoryLayout<patchbay_host>.size
        let size = version.minor > InterfaceVersion.current.minor ? known + Self.growthBytes : known
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        let host = memory.bindMemory(to: patchbay_host.self, capacity: 1)
        host.pointee.size = UInt32(size)
        host.pointee.magic = PATCHBAY_MAGIC
        host.pointee.major = version.major
        host.pointee.minor = version.minor
        host.pointee.name = UnsafePointer(strdup("patchbay"))
        host.pointee.version = UnsafePointer(strdup("1.0.0"))
        host.pointee.log = { host, level, text, count in
            guard let host, let text, count > 0, let log = HostTable.logs.withLock({ $0[UInt(bitPattern: host)] }) else { return }
            log.append(level: level, UnsafeRawBufferPointer(start: text, count: min(count, PluginLog.longestLine)))
        }
        host.pointee.stream_pair = { _, pair in
            guard let pair else { return PatchbayStatus.invalidArgument }
            var ends: (CInt, CInt) = (-1, -1)
            let status = withUnsafeMutableBytes(of: &ends) {
                cpb_socket_pair(CInt(SOCK_STREAM.rawValue), $0.bindMemory(to: CInt.self).baseAddress)
            }
            guard status >= 0 else {
                errno = -status
                return PatchbayStatus.failed.rawValue
            }
            (pair[0], pair[1]) = ends
            return PatchbayStatus.ok
        }
        // 1.0 offers nothing beyond its table.
        host.pointee.interface = { _, _ in nil }
        pointer = UnsafePointer(host)
        Self.logs.withLock { $0[UInt(bitPattern: host)] = log }
    }
}
