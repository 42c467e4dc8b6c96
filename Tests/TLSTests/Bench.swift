import NIOCore
import Patchbay
import PatchbayExec
import PatchbayTLS
import Synchronization

extension Registry {
    /// The standard one, with TLS and child processes.
    static let tls: Registry = {
        var registry = Registry.standard
        do {
            try registry.register(TLSPlugin())
            try registry.register(ExecPlugin(allowing: .all))
        } catch {
            fatalError("\(error)")
        }
        return registry
    }()
}

/// Deadlines that a busy machine keeps as well.
private let patience = "timeout=40s&handshake-timeout=40s&close-timeout=10s"

func listener(_ url: String) async throws -> Listener {
    try await Listener.bind(try ConnectionURL(url + "&" + patience), registry: .tls)
}

func dial(_ url: String) async throws -> Connection {
    try await Connection.connect(to: try ConnectionURL(url + "&" + patience), registry: .tls)
}

extension Connection {
    func send(text: String) async throws { try await send(bytes: ByteBuffer(string: text)) }

    func receiveText() async throws -> String? {
        try await receiveBytes(timeout: .seconds(40)).map { String(buffer: $0) }
    }
}

/// The error of `body`; nil where it throws none of ours.
func failure(_ body: () async throws -> Void) async -> PatchbayError? {
    do { try await body() } catch { return error as? PatchbayError }
    return nil
}

/// What a test's URL and arguments may hold as they are.
private let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)

/// `openssl` as a peer, spoken to line by line; it ends with the connection.
func openssl(_ arguments: [String]) async throws -> Connection {
    let words = arguments.map { argument in
        "arg=" + argument.utf8.map { unreserved.contains($0) ? String(UnicodeScalar($0)) : "%" + String($0, radix: 16) }.joined()
    }
    return try await dial("lines+bare+exec://\(Certificates.openssl ?? "")?stderr=null&" + words.joined(separator: "&"))
}

/// A listener that echoes, and what went wrong with its peers, as it happens.
func withEcho<Result>(
    _ url: String,
    identities: AsyncStream<String?>.Continuation? = nil,
    _ body: (_ port: Int, _ failures: AsyncStream<PatchbayError>) async throws -> Result
) async throws -> Result {
    let bound = try await listener(url)
    let failures = AsyncStream.makeStream(of: PatchbayError.self)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            try await bound.run(onEvent: { event in
                switch event {
                case .handshakeFailed(_, let error as PatchbayError), .connectionFailed(_, let error as PatchbayError):
                    failures.continuation.yield(error)
                default: break
                }
            }) { connection in
                identities?.yield(connection.peer.identity)
                while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
            }
        }
        let result = try await body(Int(bound.address?.port ?? 0), failures.stream)
        bound.stop(drain: .seconds(5))
        try await group.waitForAll()
        return result
    }
}

extension AsyncStream where Element: Sendable {
    func first() async -> Element? { await first { _ in true } }
}
