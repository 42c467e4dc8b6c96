internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import Testing

@Suite("A stack explains itself")
struct StackTests {
    @Test("each line says what a layer is and why")
    func description() throws {
        let text = try resolve("json+hmac+tcp://me:k@h:7000?timeout=3s&data.room=blue").description
        let lines = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ") }
        #expect(lines[0] == "json+hmac+tcp://me:***@h:7000?timeout=3s&data.room=blue (dialer)")
        for line in [
            "codec json written; plugin values 1.2.3", "framing length default; plugin framings 1.2.3",
            "authenticator hmac written; plugin authenticators 1.2.3", "key = *** password",
            "transport tcp to h:7000 written; plugin transports 1.2.3",
            "nodelay = true default", "connection cost 100 route cost", "timeout = 3s url", "max-message = 16777216 default",
            "user me presented to the peer", "data room=blue handshake data", "greeting json+length+hmac both ends must have this",
        ] { #expect(lines.contains(line), "\(line) is not in\n\(text)") }
    }

    @Test("the explanation for programs has the same facts")
    func explanation() throws {
        guard case .map(let map) = try resolve("python+unix://:k@/a").explanation else {
            Issue.record("not a map")
            return
        }
        let keys = map.pairs.map(\.key)
        #expect(keys == ["url", "role", "bare", "wire", "target", "user", "data", "cost", "connection", "layers"].map { .string($0) })
        #expect(map.pairs[0].value == .string("python+unix://:***@/a"))
        #expect(map.pairs[2].value == .bool(true) && map.pairs[3].value == .null)
        guard case .array(let layers) = map.pairs[9].value, case .map(let first) = layers.first else {
            Issue.record("no layers")
            return
        }
        #expect(first.pairs.contains(.init(.string("alias"), .string("python"))))
    }

    @Test("interpolated values are hidden in every part of a stack")
    func interpolated() throws {
        let marker = "sesame"
        let url: ConnectionURL = "tcp://\(marker)@\(marker):7?data.\(marker)=x&data.y=\(marker)&relay.via=\(marker)"
        #expect(failure { _ = try Registry.fake().resolve(url, for: .dialer) }?.description.contains(marker) == false)
        let good: ConnectionURL = "relay://\(marker)@\(marker):7/\(marker)?data.\(marker)=x&data.y=\(marker)&via=\(marker)"
        let stack = try Registry.fake().resolve(good, for: .dialer)
        #expect(stack.target.host == marker && stack.user == marker && stack.data[1].value == marker)
        var dumped = ""
        dump(stack, to: &dumped)
        dump(good, to: &dumped)
        let printed = "\(stack) \(stack.explanation) \(stack.redactedURL) \(good) \(dumped) \(stack.data)"
        #expect(!printed.contains(marker))
        let wrong: ConnectionURL = "\(marker)+tcp://h:1"
        #expect(failure { _ = try Registry.fake().resolve(wrong, for: .dialer) }?.description.contains(marker) == false)
        let wrongTransport: ConnectionURL = "\(marker)://h:1"
        #expect(failure { _ = try Registry.fake().resolve(wrongTransport, for: .dialer) }?.description.contains(marker) == false)
    }

    @Test("no secret is ever printed, whatever is wrong around it")
    func secrets() throws {
        let registry = try Registry.fake()
        let marker = "Zx9Marker"
        for template in SampleURLs.withSecrets {
            let text = template.split(separator: "%%", omittingEmptySubsequences: false).joined(separator: marker)
            try expectSecret(text, marker, registry)
        }
        for template in SampleURLs.withMisplacedSecrets {
            let text = template.split(separator: "%%", omittingEmptySubsequences: false).joined(separator: marker)
            let error = failure { _ = try registry.resolve(ConnectionURL(stringLiteral: text), for: .dialer, environment: .fake()) }
            #expect(error.map { "\($0)".contains(marker) } == false, "\(text): \(String(describing: error))")
        }
    }

    @Test("no secret is printed after 20,000 mutations around it, and resolution survives")
    func fuzz() throws {
        var random = FuzzSource.forTest()
        let registry = try Registry.fake()
        let marker = "Zx9Marker"
        let names = [
            "json", "bytes", "gzip", "base64", "decompress", "lines", "none", "separated", "hmac", "noise", "password", "python", "bare",
            "python-hmac", "tasks", "ring", "nope", "tcp",
        ]
        let options = [
            "timeout=3s", "key=%%", "insecure", "level=3", "data.a=b", "hmac.key=%%", "byte=%0A", "auth=none", "x=1", "psk=%%", "cost=-1",
        ]
        for _ in 0..<20_000 {
            var text = (0..<Int.random(in: 0...4, using: &random)).compactMap { _ in names.randomElement(using: &random) }
                .map { $0 + "+" }.joined()
            text += ["tcp", "unix", "node", "relay", "ws"].randomElement(using: &random) ?? ""
            text += "://" + (["", ":%%@", "u:%%@", "u@", ":@"].randomElement(using: &random) ?? "")
            text += ["h:1", "/a", "worker", "h", "", "[::1]:1"].randomElement(using: &random) ?? ""
            let chosen = (0..<Int.random(in: 0...3, using: &random)).compactMap { _ in options.randomElement(using: &random) }
            if !chosen.isEmpty { text += "?" + chosen.joined(separator: "&") }
            text = text.split(separator: "%%", omittingEmptySubsequences: false).joined(separator: marker)
            try expectSecret(text, marker, registry)
        }
    }

    /// Neither the URL nor its stack nor its error has the marker in any print.
    private func expectSecret(_ text: String, _ marker: String, _ registry: Registry) throws {
        let url = ConnectionURL(stringLiteral: text)
        var printed = "\(url) \(String(reflecting: url))"
        do {
            let environment = ResolutionEnvironment.fake(["HOLDER": marker])
            let stack = try registry.resolve(url, for: .dialer, environment: environment)
            printed += " \(stack) \(stack.explanation) \(stack.redactedURL) \(stack.wireText)"
        } catch let error as PatchbayError {
            printed += " \(error) \(error.layer ?? "")"
            let column = error.column ?? 0
            #expect(column >= 0 && column <= text.utf8.count, "\(text)")
        }
        #expect(!printed.contains(marker), "\(text) is printed as \(printed)")
    }
}
