internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import Testing

/// Unlike a literal in its place, this throws.
func parse(_ text: String) throws -> ConnectionURL { try ConnectionURL(text) }

@Suite("The text of a connection URL")
struct ConnectionURLTests {
    @Test("every part is found and decoded")
    func parts() throws {
        let text = "json+hmac+tcp://us%65r:p%3A%ff:w@h.example:7000/a%20b/c?timeout=3s&data.x=a+b=c?d/&insecure"
        let parts = try ConnectionURL(text).parts
        #expect(parts.layers.map(\.text) == ["json", "hmac"])
        #expect(parts.layers.map(\.column) == [0, 5])
        #expect(parts.transport.text == "tcp" && parts.transport.column == 10)
        #expect(parts.user?.text == "user")
        #expect(parts.password?.text == [0x70, 0x3A, 0xFF, 0x3A, 0x77])
        #expect(parts.host?.text == "h.example")
        #expect(parts.port?.text == 7000)
        #expect(parts.path.text == "/a b/c")
        #expect(parts.options.map(\.name.text) == ["timeout", "data.x", "insecure"])
        #expect(parts.options.map { $0.value.map { String(decoding: $0.text, as: UTF8.self) } } == ["3s", "a+b=c?d/", nil])
    }

    @Test("an empty password is a password, and none is none")
    func emptyPassword() throws {
        #expect(try parse("tcp://:@h:1").parts.password?.text == [])
        #expect(try parse("tcp://u@h:1").parts.password == nil)
        #expect(try parse("tcp://h:1").parts.user == nil)
    }

    @Test(
        "hosts are names, IPv4 addresses and IPv6 literals with their zone",
        arguments: [
            ("tcp://[fe80::1%25eth0]:7000", "fe80::1%eth0"), ("tcp://[::1]:1", "::1"), ("tcp://[::ffff:1.2.3.4]:1", "::ffff:1.2.3.4"),
            ("tcp://10.0.0.7:1", "10.0.0.7"), ("tcp://h-1.example:1", "h-1.example"), ("[::1]:6000", "::1"), ("tcp://a%62c:1", "abc"),
            ("tcp://[fe80::1%25a%2Fb]:1", "fe80::1%a/b"),
        ]
    )
    func hosts(text: String, host: String) throws {
        #expect(try ConnectionURL(text).parts.host?.text == host)
    }

    @Test(
        "the short forms stand for a transport",
        arguments: [
            ("localhost:6000", "tcp", "localhost", 6000, ""), ("/run/a.sock", "unix", nil, nil, "/run/a.sock"),
            ("/run/a%20b?mode=600", "unix", nil, nil, "/run/a b"), ("worker", "node", "worker", nil, ""),
            ("node-7?timeout=1s", "node", "node-7", nil, ""), (":6000", "tcp", nil, 6000, ""),
        ] as [(String, String, String?, Int?, String)]
    )
    func shortForms(text: String, transport: String, host: String?, port: Int?, path: String) throws {
        let parts = try ConnectionURL(text).parts
        #expect(parts.transport.text == transport && parts.host?.text == host && parts.port?.text == port && parts.path.text == path)
        #expect(parts.shortForm != nil)
    }

    @Test(
        "what is wrong is an error at its column",
        arguments: [
            ("", 0), (#"\\server\pipe\x"#, 0), ("tcp://h:65536", 8), ("tcp://h:99999", 8), ("tcp://h:-1", 8), ("tcp://h:", 8),
            ("tcp://h:1 ", 9), ("tcp://h:1/a b", 11), ("tcp://h:1/%00", 10), ("tcp://%00:1", 6), ("tcp://:%00@h:1", 7),
            ("unix:///a?x=%00", 12), ("tcp://h:1#f", 9), ("tcp://h:1?a=b#f", 13), ("tcp://h%2:1", 7), ("tcp://h%zz:1", 7),
            ("TCP://h:1", 0), ("json++tcp://h:1", 5), ("+tcp://h:1", 0), ("json+://h:1", 5), ("1json+tcp://h:1", 0), ("js_on+tcp://h", 2),
            ("tcp://[::1:1", 6), ("tcp://[::1]x:1", 11), ("tcp://[:::1]:1", 7), ("tcp://[fe80::1%eth0]:1", 14), ("tcp://[::1%25]:1", 13),
            ("tcp://1.2.3.256:1", 6), ("tcp://01.2.3.4:1", 6), ("tcp://a@b@c:1", 7), ("tcp://fe80::1:1", 11), ("unix:///run/ä.sock", 12),
            ("tcp://h:1?", 10), ("tcp://h:1?&a=1", 10), ("tcp://h:1?a=1&", 14), ("tcp://h:1?=1", 10), ("tcp://h:1?a@b=1", 11),
            ("json+hmac", 4), ("Worker", 0), ("work.er", 4), ("a/b.sock", 1), ("./a.sock", 0), ("//h:1", 0), ("tcp:/h", 3),
            ("@name", 0), ("localhost:port", 10), ("tcp://u:12/34@h:1", 13), ("unix:///%ff", 7), ("tcp://\u{0}:1", 6),
        ]
    )
    func errors(text: String, column: Int) {
        let error = failure { _ = try ConnectionURL(text) }
        #expect(error?.code == .invalidURL && error?.stage == .resolve)
        #expect(error?.column == column, "\(text): \(String(describing: error))")
    }

    @Test("a node's name has 1 to 48 characters")
    func nodeNames() {
        #expect(failure { _ = try ConnectionURL(String(repeating: "a", count: 48)) } == nil)
        #expect(failure { _ = try ConnectionURL(String(repeating: "a", count: 49)) }?.column == 48)
    }

    @Test("a text over 64 KiB is not looked at")
    func longest() {
        #expect(failure { _ = try ConnectionURL("unix:///" + String(repeating: "a", count: 65_536)) }?.code == .invalidURL)
    }

    @Test("a literal that is no URL throws when it is used")
    func literals() throws {
        let url: ConnectionURL = "tcp://h:99999"
        #expect(url.transport == nil)
        #expect(failure { try url.check() }?.column == 8)
        #expect(failure { _ = try Registry.fake().resolve(url, for: .dialer) }?.column == 8)
    }

    @Test("an interpolated value cannot become another part of the URL")
    func interpolation() throws {
        let key = "p@ss/?#:&%+ ä"
        let url: ConnectionURL = "json+hmac+tcp://:\(key)@10.0.0.7:7000?data.x=\(key)"
        let parts = try url.parts
        #expect(parts.password?.text == Array(key.utf8))
        #expect(parts.options[0].value?.text == Array(key.utf8))
        #expect(parts.host?.text == "10.0.0.7")
        #expect(url.description == "json+hmac+tcp://:***@10.0.0.7:7000?data.x=***")
        #expect("\(url)" == url.description && String(reflecting: url) == url.description)
        let bytes: ConnectionURL = "tcp://:\([0xFF, 0x41] as [UInt8])@h:\(7000)"
        #expect(try bytes.parts.password?.text == [0xFF, 0x41])
        #expect(try bytes.parts.port?.text == 7000)
        #expect(bytes.description == "tcp://:***@h:***")
        let buffer: ConnectionURL = "tcp://:\(ByteBuffer(string: "é"))@h:1"
        #expect(try buffer.parts.password?.text == Array("é".utf8))
    }

    @Test("a host, a port and a path can be interpolated to be seen")
    func namedInterpolation() throws {
        let url: ConnectionURL = "tcp://\(host: "fe80::1%eth0"):\(port: 7000)"
        #expect(url.description == "tcp://[fe80::1%25eth0]:7000")
        let path: ConnectionURL = "unix://\(path: "/run/a b?.sock")"
        #expect(path.description == "unix:///run/a%20b%3F.sock")
        #expect(try path.parts.path.text == "/run/a b?.sock")
        let carried: ConnectionURL = "relay:///name?via=\(url)"
        #expect(try carried.parts.options[0].value?.text == Array("tcp://[fe80::1%25eth0]:7000".utf8))
    }

    @Test("a URL is built from its parts")
    func building() throws {
        #expect(try ConnectionURL(host: "::1", port: 6000).text == "tcp://[::1]:6000")
        let url = try ConnectionURL(
            layers: ["json", "hmac"],
            transport: "tcp",
            user: "u@",
            password: "p:/",
            host: "h",
            port: 1,
            path: "/a b",
            options: [("timeout", "3s"), ("data.x", "a&b")]
        )
        #expect(url.text == "json+hmac+tcp://u%40:p%3A%2F@h:1/a%20b?timeout=3s&data.x=a%26b")
        #expect(url.description == "json+hmac+tcp://u%40:***@h:1/a%20b?timeout=3s&data.x=a%26b")
        #expect(failure { _ = try ConnectionURL(host: "h", port: 70000) }?.code == .invalidURL)
    }

    @Test(
        "what sounds secret is redacted before anyone knows the layers",
        arguments: [
            ("tcp://u:p@h:1", "tcp://u:***@h:1"), ("tcp://:@h:1", "tcp://:***@h:1"),
            ("tcp://h:1?key=a&timeout=3s", "tcp://h:1?key=***&timeout=3s"),
            ("tcp://h:1?hmac.key-file=a", "tcp://h:1?hmac.key-file=a"),
            ("tcp://h:1?data.Session-Token=a", "tcp://h:1?data.Session-Token=***"),
            ("tcp://h:1?k%65y=a", "tcp://h:1?k%65y=***"), ("relay:///n?via=tcp://:p@h:1", "relay:///n?via=***"),
            ("relay:///n?via=tcp://h:1", "relay:///n?via=tcp://h:1"),
        ]
    )
    func redaction(text: String, description: String) throws {
        #expect(try ConnectionURL(text).description == description)
    }

    @Test("URLs inside each other thousands of levels deep are hidden without a look at each")
    func nested() throws {
        let text = String(repeating: "relay:///n?via=", count: 4_000) + "tcp://:secret@h:1"
        #expect(try ConnectionURL(text).description == "relay:///n?via=***")
    }

    @Test("of a text that is no URL only the names are shown")
    func redactedInvalid() {
        #expect(ConnectionURL(stringLiteral: "json+tcp://:pa/ss@h").description == "json+tcp://…")
        #expect(ConnectionURL(stringLiteral: "Secret").description == "…")
    }

    @Test("a column can be found again in the description")
    func columns() throws {
        let url = try parse("tcp://u:secret@host:1?a=b")
        #expect(url.description == "tcp://u:***@host:1?a=b")
        #expect(url.columnInDescription(4) == 4)
        #expect(url.columnInDescription(15) == 12)
        let short = try parse("tcp://:@host:1")
        #expect(short.columnInDescription(8) == 11)
    }

    @Test("the parser survives 20,000 random and mutated texts, and what it takes reads the same once more")
    func fuzz() throws {
        var random = FuzzSource.forTest()
        let alphabet = Array("abz019-._~%25:/?#[]@!$&'()*+,;= \\\u{7f}é\u{0}".utf8)
        for round in 0..<20_000 {
            var bytes: [UInt8]
            if round.isMultiple(of: 2) {
                bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
                if Bool.random(using: &random) { bytes = Array("tcp://".utf8) + bytes }
            } else {
                bytes = Array((SampleURLs.valid.randomElement(using: &random) ?? "").utf8)
                for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                    let index = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0: bytes[index] = alphabet.randomElement(using: &random) ?? 0
                    case 1: bytes.remove(at: index)
                    default: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: index)
                    }
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let url = ConnectionURL(stringLiteral: text)
            _ = url.description
            switch url.parsed {
            case .failure(let error):
                let column = try #require(error.column)
                #expect(column >= 0 && column <= text.utf8.count, "\(text)")
                #expect(error.code == .invalidURL)
            case .success(let parts):
                #expect(!text.contains("#") && !text.contains("%00"))
                #expect((parts.port?.text ?? 0) <= 65535)
                for column in [0, text.utf8.count / 2, text.utf8.count] {
                    #expect(url.columnInDescription(column) <= url.description.utf8.count)
                }
                if parts.password.map({ String(validating: $0.text, as: UTF8.self) != nil }) ?? true {
                    let again = try ConnectionURL(
                        layers: parts.layers.map(\.text),
                        transport: parts.transport.text,
                        user: parts.user?.text,
                        password: parts.password.map { String(decoding: $0.text, as: UTF8.self) },
                        host: parts.host?.text,
                        port: parts.port?.text,
                        path: parts.path.text
                    )
                    #expect(try again.parts.host?.text == parts.host?.text, "\(text)")
                    #expect(try again.parts.path.text == parts.path.text, "\(text)")
                    #expect(try again.parts.password?.text == parts.password?.text, "\(text)")
                }
            }
        }
    }
}
