import Glibc
import PatchbayCore
import PatchbayIO
import PatchbayTesting
import Testing

@testable import PatchbayUnixSocket

/// A folder that goes away with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/patchbay-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    deinit {
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
    }

    /// What lies in it.
    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

func context(
    _ layer: String,
    host: String? = nil,
    path: String = "",
    options: KeyValuePairs<String, String> = [:],
    timeout: Duration? = .seconds(40)
) throws -> TransportContext {
    var registry = Registry()
    try registry.register(UnixSocketPlugin())
    let specifications = try #require(registry.layer(named: layer)).layer.options
    return TransportContext(
        host: host,
        port: nil,
        path: path,
        options: try Options(options, for: specifications),
        reactor: ReactorGroup.shared.next(),
        timeout: timeout
    )
}

/// A socket of the system's own, outside of what is tested.
func plainSocket(_ type: __socket_type = SOCK_STREAM, boundTo path: String, backlog: CInt? = nil) throws -> CInt {
    let socket = Glibc.socket(AF_UNIX, CInt(type.rawValue), 0)
    try #require(socket >= 0)
    let status = Address.unix(path).withSystemAddress { bind(socket, $0.assumingMemoryBound(to: sockaddr.self), $1) }
    try #require(status == 0)
    if let backlog { try #require(listen(socket, backlog) == 0) }
    return socket
}

/// A socket's file whose process is gone. It never listens: were it to, a child that another test starts just then would keep it
/// answering until its exec.
func leaveStaleSocket(at path: String) throws { close(try plainSocket(boundTo: path)) }
