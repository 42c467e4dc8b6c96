import Foundation
import NIOCore
import Patchbay
import Testing

@testable import PatchbayRelayServer

@Suite("A relay's status page", .timeLimit(.minutes(2)))
struct StatusPageTests {
    private static let hostile = "<script>alert('1')</script>&\"\u{202E}\u{7}"

    private static func status(names: [RelayStatus.Name] = [], nameCount: Int? = nil) -> RelayStatus {
        RelayStatus(
            realm: hostile,
            uptime: .seconds(93_784),
            isDraining: false,
            loads: [RelayLoad(name: "calls", used: 85, limit: 100), RelayLoad(name: "undecided", used: 3000, limit: 1000)],
            names: names,
            nameCount: nameCount ?? names.count,
            registrations: 12_345,
            openCalls: 84,
            waitingCalls: 1,
            calls: 1_234_567,
            bytesToListeners: 1536,
            bytesToDialers: 5 << 40,
            refusals: [RelayStatus.Counted(code: hostile, count: 2)],
            dials: []
        )
    }

    // MARK: - What it shows

    @Test("names and ids from outside are text, whatever they hold")
    func escaping() throws {
        let page = Self.status(names: [RelayStatus.Name(name: Self.hostile, key: Self.hostile, listeners: 1, calls: 2, waiting: 0)]).html()
        #expect(!page.contains("<script") && !page.contains("alert('1')") && !page.contains("\u{202E}") && !page.contains("\u{7}"))
        let shown = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\u{FFFD}\u{FFFD}"
        // The title, the heading, the name, the key, the refusal.
        #expect(page.components(separatedBy: shown).count == 6)
    }

    @Test("numbers are for people, limits have bars that end at their end, and what is left out is counted")
    func figures() {
        let away = RelayStatus.Name(name: "db", key: nil, listeners: 0, calls: 0, waiting: 0, forgottenIn: .seconds(12))
        let page = Self.status(names: [away], nameCount: 1001).html()
        #expect(page.contains("up 1\u{A0}d 2\u{A0}h") && page.contains("12\u{202F}345") && page.contains("1\u{202F}234\u{202F}567"))
        #expect(page.contains("1.5\u{A0}KiB") && page.contains("5.0\u{A0}TiB"))
        #expect(
            page.contains("width:85%") && page.contains("<em>near</em>") && page.contains("width:100%") && page.contains("<em>full</em>")
        )
        #expect(page.contains("away, forgotten in 12 s") && page.contains("and 1000 more names"))
        #expect(
            RelayStatus.time(.seconds(59)) == "59\u{A0}s" && RelayStatus.time(.zero) == "0\u{A0}s"
                && RelayStatus.time(.seconds(3600)) == "1\u{A0}h 0\u{A0}min"
        )
        #expect(RelayStatus.grouped(9999) == "9999" && RelayStatus.bytes(0) == "0\u{A0}B" && RelayStatus.bytes(.max).hasSuffix("TiB"))
    }

    @Test("the JSON is what Foundation reads, with the names as they are")
    func json() throws {
        let text = try Self.status(names: [RelayStatus.Name(name: Self.hostile, key: "ops", listeners: 1, calls: 2, waiting: 3)]).json()
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let name = try #require((object["names"] as? [[String: Any]])?.first)
        #expect(name["name"] as? String == Self.hostile && name["key"] as? String == "ops" && name["waiting"] as? Int == 3)
        #expect(object["state"] as? String == "serving" && object["uptime-seconds"] as? Int == 93_784)
        #expect((object["calls"] as? [String: Int])?["since-start"] == 1_234_567)
        #expect((object["limits"] as? [[String: Any]])?.first?["used"] as? Int == 85)
    }

    // MARK: - Requests

    private func refusal(_ head: String) -> PageRefusal? {
        do throws(PageRefusal) {
            _ = try PageRequest(head: Array(head.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test("a request's head is read as RFC 9112 has it, and refused where it is none")
    func requests() throws {
        let request = try PageRequest(head: Array("HEAD /a?b HTTP/1.1\r\nAccept: */*\r\nhOst: \tRelay.example:80\r\n\r\n".utf8))
        #expect(request.path == "/a" && request.isHead && request.host == "relay.example")
        #expect(try PageRequest(head: Array("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n".utf8)).host == "[::1]")
        #expect(refusal("GET / HTTP/1.0\r\n\r\n") == nil)
        #expect(refusal("GET / HTTP/1.1\r\n\r\n") == .badRequest)
        #expect(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == .badRequest)
        #expect(refusal("GET / HTTP/1.1\r\nHost : a\r\n\r\n") == .badRequest)
        #expect(refusal("GET / HTTP/1.1\r\nHost: a\u{0}\r\n\r\n") == .badRequest)
        #expect(refusal("GET  / HTTP/1.1\r\nHost: a\r\n\r\n") == .badRequest)
        #expect(refusal("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n") == .badRequest)
        #expect(refusal("POST / HTTP/1.1\r\nHost: a\r\n\r\n") == .methodNotAllowed)
        #expect(refusal("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == .versionNotSupported)
        for junk in ["", "\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}", "GET / \r\n\r\n"] { #expect(refusal(junk) == .badRequest) }
        #expect(PageRequest.end(of: Array("a\r\n\r\r\n\r\nb".utf8)) == 8 && PageRequest.end(of: Array("a\r\n\r".utf8)) == nil)
    }

    @Test(
        "whoever is led here under a name of a stranger's does not see the page",
        arguments: [
            ("localhost", true), ("127.0.0.1", true), ("127.1.2.3", true), ("[::1]", true),
            ("evil.example", false), ("127.0.0.1.evil.example", false), ("127.evil.0.1", false), ("", false), ("localhost.evil", false),
        ]
    )
    func hosts(host: String, means: Bool) throws {
        #expect(try PageRequest(head: Array("GET / HTTP/1.1\r\nHost: \(host):9\r\n\r\n".utf8)).meansThisMachine == means)
    }

    // MARK: - The server

    private func withPages(
        patience: Duration = .seconds(60),
        _ body: (RelayStatusServer, Relay) async throws -> Void
    ) async throws {
        let metrics = PrometheusMetrics(help: Relay.metricsHelp)
        let relay = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: nil, metrics: metrics)
        let server = try await RelayStatusServer.bind(
            "tcp://127.0.0.1:0",
            for: relay,
            metrics: metrics,
            registry: .standard,
            patience: patience
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            group.addTask { await server.run() }
            try await body(server, relay)
            group.cancelAll()
        }
    }

    private func ask(_ server: RelayStatusServer, _ request: String) async throws -> String {
        let url = "none+bare+tcp://\(server.boundTarget)"
        return try await withConnection(to: ConnectionURL(url)) { connection in
            try await connection.send(bytes: ByteBuffer(string: request))
            var answer = ByteBuffer()
            while let part = try await connection.receiveBytes(timeout: .seconds(20)) { answer.writeImmutableBuffer(part) }
            return String(buffer: answer)
        }
    }

    @Test("each page is there, and nothing else")
    func pages() async throws {
        try await withPages { server, relay in
            func get(_ path: String, host: String = "localhost") async throws -> String {
                try await ask(server, "GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            }
            let page = try await get("/")
            #expect(page.hasPrefix("HTTP/1.1 200 OK\r\n") && page.contains("default-src 'none'") && page.contains(relay.realm))
            let json = try await get("/status.json")
            let content = try #require(json.range(of: "\r\n\r\n")).upperBound
            #expect(try JSONSerialization.jsonObject(with: Data(json[content...].utf8)) is [String: Any])
            #expect(json.contains("Content-Length: \(json[content...].utf8.count)\r\n"))
            let metrics = try await get("/metrics")
            #expect(metrics.contains("text/plain; version=0.0.4; charset=utf-8") && metrics.contains("\npatchbay_relay_registrations 0\n"))
            #expect(try await get("/other").hasPrefix("HTTP/1.1 404 "))
            #expect(try await get("/", host: "evil.example").hasPrefix("HTTP/1.1 421 "))
            let head = try await ask(server, "HEAD / HTTP/1.0\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.hasSuffix("\r\n\r\n"))
            #expect(
                try await ask(server, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}").contains("Allow: GET, HEAD\r\n")
            )
        }
    }

    @Test("a head without end, and one connection more than there may be, are turned away while the others are served")
    func bounds() async throws {
        try await withPages { server, _ in
            let long = try await ask(server, "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "a", count: 9000))
            #expect(long.hasPrefix("HTTP/1.1 431 "))
            let url = "none+bare+tcp://\(server.boundTarget)"
            var silent: [Connection] = []
            for _ in 0..<32 { silent.append(try await Connection.connect(to: ConnectionURL(url))) }
            // Accepted in the order they came, so that this is one too many.
            let late = try await Connection.connect(to: ConnectionURL(url))
            let answer = try await late.receiveBytes(timeout: .seconds(20))
            #expect(answer.map { String(buffer: $0) }?.hasPrefix("HTTP/1.1 503 ") == true)
            await late.close()
            // Also where it has asked, and is not read.
            #expect(try await ask(server, "GET / HTTP/1.0\r\n\r\n").hasPrefix("HTTP/1.1 503 "))
            // One of them that says something is answered.
            try await silent[7].send(bytes: ByteBuffer(string: "GET / HTTP/1.0\r\n\r\n"))
            let page = try await silent[7].receiveBytes(timeout: .seconds(20))
            #expect(page.map { String(buffer: $0) }?.hasPrefix("HTTP/1.1 200 ") == true)
            for connection in silent { await connection.close() }
        }
    }

    @Test("whoever says nothing is told that its time is over")
    func patience() async throws {
        try await withPages(patience: .milliseconds(100)) { server, _ in
            let url = "none+bare+tcp://" + server.boundTarget
            let silent = try await Connection.connect(to: ConnectionURL(url))
            let answer = try await silent.receiveBytes(timeout: .seconds(20))
            #expect(answer.map { String(buffer: $0) }?.hasPrefix("HTTP/1.1 408 ") == true)
            await silent.close()
        }
    }

    @Test("other machines see it only where that is said")
    func loopback() async throws {
        let relay = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: nil)
        defer { relay.drain() }
        func bind(isPublic: Bool) async throws -> String {
            try await RelayStatusServer.bind("tcp://0.0.0.0:0", for: relay, metrics: nil, registry: .standard, isPublic: isPublic)
                .boundTarget
        }
        await #expect { _ = try await bind(isPublic: false) } throws: { ($0 as? PatchbayError)?.code == .insecure }
        #expect(try await bind(isPublic: true).hasPrefix("0.0.0.0:"))
        await #expect {
            _ = try await Relay.bind("tcp://0.0.0.0:0", registry: .standard, access: nil)
        } throws: { ($0 as? PatchbayError)?.code == .insecure }
    }
}
