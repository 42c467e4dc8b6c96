import NIOCore
import Patchbay
import PatchbayCore
import Testing

/// The two protocols, each with a proxy that somebody else wrote.
enum ProxyKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case socks5
    case httpConnect = "http-connect"

    var testDescription: String { rawValue }

    func server(user: String? = nil, password: String? = nil) async throws -> ProxyServer {
        switch self {
        case .socks5: try await .microsocks(user: user, password: password)
        case .httpConnect: try await .tinyproxy(user: user, password: password)
        }
    }

    /// Of those that are installed.
    static let present = allCases.filter { $0 == .socks5 ? ProxyServer.socks != nil : ProxyServer.http != nil }
}

@Suite(
    "Transports through a proxy",
    .enabled(if: ProxyKind.present.count == 2, "microsocks or tinyproxy is not installed: scripts/test does it"),
    .timeLimit(.minutes(2))
)
struct ProxyTests {
    private func port(of listener: Listener) throws -> Substring {
        try #require("\(listener.url)".split(separator: "?").first?.split(separator: ":").last)
    }

    @Test("a conversation passes through a real proxy, by address and by name", arguments: ProxyKind.allCases, ["127.0.0.1", "localhost"])
    func conversation(kind: ProxyKind, host: String) async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.proxy)
        let proxy = try await kind.server()
        try await withEcho("tcp://127.0.0.1:0", registry) { listener in
            let url = try "\(kind.rawValue)://\(host):\(port(of: listener))?proxy=127.0.0.1:\(proxy.port)"
            let echoed = try await exchange(sampleMessages, over: url, registry)
            #expect(echoed == sampleMessages)
        }
    }

    @Test("a proxy that wants a user gets it, and a wrong password is an authentication error that does not hold it", arguments: ProxyKind.allCases)
    func credentials(kind: ProxyKind) async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.proxy)
        let proxy = try await kind.server(user: "alice", password: "wonderland")
        let folder = try Folder()
        let right = try folder.write("wonderland\n", to: "right")
        let wrong = try folder.write("looking-glass\n", to: "wrong")
        try await withEcho("tcp://127.0.0.1:0", registry) { listener in
            let target = try "\(kind.rawValue)://127.0.0.1:\(port(of: listener))?proxy=127.0.0.1:\(proxy.port)"
            let url = "\(target)&user=alice&\(kind.rawValue).password-file=\(right)"
            let echoed = try await exchange([[1, 2, 3]], over: url, registry)
            #expect(echoed == [[1, 2, 3]])
            for url in ["\(target)&user=alice&\(kind.rawValue).password-file=\(wrong)", target] {
                let error = await #expect(throws: PatchbayError.self) { _ = try await exchange([[1]], over: url, registry) }
                #expect(error?.code == .authenticationFailed)
                #expect(!"\(error as Any)".contains("looking-glass"))
            }
        }
    }

    @Test("what the proxy cannot reach is an error in the proxy's words", arguments: ProxyKind.allCases)
    func unreachable(kind: ProxyKind) async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.proxy)
        let proxy = try await kind.server()
        let nobody = try ProxyServer.freePort()
        let url = "\(kind.rawValue)://127.0.0.1:\(nobody)?proxy=127.0.0.1:\(proxy.port)"
        let error = await #expect(throws: PatchbayError.self) { _ = try await exchange([[1]], over: url, registry) }
        #expect(error?.message.contains("the proxy") == true)
    }

    @Test("without a proxy that answers, the error names it", arguments: ProxyKind.allCases)
    func noProxy(kind: ProxyKind) async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.proxy)
        let nobody = try ProxyServer.freePort()
        let url = "\(kind.rawValue)://127.0.0.1:7000?proxy=127.0.0.1:\(nobody)"
        let error = await #expect(throws: PatchbayError.self) { _ = try await exchange([[1]], over: url, registry) }
        #expect(error?.code == .connectionRefused)
        #expect(error?.message.contains("\(nobody)") == true)
    }
}
