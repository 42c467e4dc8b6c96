package import CPatchbayIO
internal import Glibc

/// The address of a socket.
public enum Address: Sendable, Hashable {
    /// Four bytes in network order.
    case ipv4([UInt8], port: UInt16)
    /// Sixteen bytes in network order; the scope is an interface's index, or 0.
    case ipv6([UInt8], port: UInt16, scope: UInt32)
    /// A path in the file system.
    case unix(String)
    /// A name in Linux's abstract namespace.
    case abstract([UInt8])
    /// A Unix socket without a name, such as most clients have.
    case unnamed

    public var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, let port, _): port
        default: nil
        }
    }

    /// The address can be reached from this machine only.
    public var isLocal: Bool {
        switch self {
        case .ipv4(let bytes, _): bytes[0] == 127
        case .ipv6(let bytes, _, _): bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
        case .unix, .abstract, .unnamed: true
        }
    }
}

extension Address: CustomStringConvertible {
    /// `10.0.0.7:7000`, `[fe80::1%eth0]:7000`, `/run/a.sock`, `@name` for abstract ones, `unnamed`.
    public var description: String {
        switch self {
        case .ipv4(_, let port): "\(host ?? ""):\(port)"
        case .ipv6(_, let port, _): "[\(host ?? "")]:\(port)"
        case .unix(let path): path
        case .abstract(let name): "@" + String(decoding: name, as: UTF8.self)
        case .unnamed: "unnamed"
        }
    }

    /// The address without its port, as text; nil for Unix sockets.
    public var host: String? {
        switch self {
        case .ipv4(let bytes, _): return bytes.map(String.init).joined(separator: ".")
        case .ipv6(let bytes, _, let scope):
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count))
            var host = text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }  // never empty
            if scope != 0 {
                var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
                host +=
                    "%"
                    + (if_indextoname(scope, &name) != nil
                        ? name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) } : String(scope))
            }
            return host
        default: return nil
        }
    }
}

extension Address {
    package static let ipv4Family = AF_INET
    package static let ipv6Family = AF_INET6

    package var family: CInt {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix, .abstract, .unnamed: AF_UNIX
        }
    }

    /// The longest path of a Unix socket, in bytes: one of 108 is for the NUL.
    public static let longestUnixPath = 107

    /// Calls `body` with the system's form of the address.
    package func withSystemAddress<Result>(_ body: (UnsafeRawPointer, socklen_t) throws -> Result) rethrows -> Result {
        switch self {
        case .ipv4(let bytes, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: bytes.prefix(4)) }
            return try body(&address, socklen_t(MemoryLayout<sockaddr_in>.size))
        case .ipv6(let bytes, let port, let scope):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: bytes.prefix(16)) }
            return try body(&address, socklen_t(MemoryLayout<sockaddr_in6>.size))
        case .unix(let path): return try Self.withUnix(Array(path.utf8.prefix(Self.longestUnixPath)) + [0], body)
        case .abstract(let name): return try Self.withUnix([0] + name.prefix(Self.longestUnixPath), body)
        case .unnamed: return try Self.withUnix([], body)
        }
    }

    private static func withUnix<Result>(
        _ name: [UInt8],
        _ body: (UnsafeRawPointer, socklen_t) throws -> Result
    ) rethrows -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        return try body(&address, socklen_t(offset + name.count))
    }

    /// Reads the system's form; nil for a family that is none of ours.
    package init?(_ pointer: UnsafeRawPointer, length: socklen_t) {
        guard length >= socklen_t(MemoryLayout<sa_family_t>.size) else {
            self = .unnamed
            return
        }
        let bytes = UnsafeRawBufferPointer(start: pointer, count: Int(length))
        switch CInt(bytes.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET where bytes.count >= MemoryLayout<sockaddr_in>.size:
            self = .ipv4(Array(bytes[4..<8]), port: UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        case AF_INET6 where bytes.count >= MemoryLayout<sockaddr_in6>.size:
            self = .ipv6(
                Array(bytes[8..<24]),
                port: UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)),
                scope: bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self)
            )
        case AF_UNIX:
            let name = bytes.dropFirst(2)
            if name.isEmpty {
                self = .unnamed
            } else if name.first == 0 {
                self = .abstract(Array(name.dropFirst()))
            } else {
                self = .unix(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
            }
        default: return nil
        }
    }

    /// What `query` (getsockname or getpeername) says of a descriptor.
    package static func of(
        _ descriptor: CInt,
        _ query: (CInt, UnsafeMutableRawPointer?, UnsafeMutablePointer<socklen_t>?) -> CInt
    ) -> Address? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        guard query(descriptor, &storage, &length) >= 0 else { return nil }
        return Address(&storage, length: length)
    }
}
