internal import NIOCore
internal import PatchbayCore
internal import Testing

@Suite("Resolving a URL to a stack")
struct ResolutionTests {
    @Test("what the URL leaves out has defaults")
    func defaults() throws {
        let stack = try resolve("tcp://h:7000")
        #expect(stack.layers.map(\.name) == ["bytes", "length", "tcp"])
        #expect(stack.layers.map(\.origin) == [.default, .default, .written])
        #expect(stack.wireText == "bytes+length" && !stack.isBare && stack.authenticators.isEmpty)
        #expect(stack.target == .init(host: "h", port: 7000, path: ""))
    }

    @Test(
        "layers stand from the application to the wire",
        arguments: [
            ("json+hmac+tcp://:k@h:1", "json+length+hmac"), ("json+gzip+tcp://h:1", "json+gzip+length"),
            ("json+lines+gzip+bare+unix:///a", "json+lines+gzip"),
            ("string+separated+decompress+bare+unix:///a", "string+separated(byte=0x0a)+decompress"),
            ("json+base64+gzip+length+zstd+password+noise+tcp://h:1?password=p", "json+base64+gzip+length+zstd+password+noise"),
            ("decompress+tcp://h:1", "bytes+length+decompress"), ("bare+json+unix:///a", "json+length"),
            ("json+bare+lines+unix:///a", "json+lines"),
            ("separated+tcp://h:1?byte=%3B", "bytes+separated(byte=0x3b)"),
            ("tagger+tcp://h:1?tag=b,c&tag=%2B", "bytes+tagger(tag=b%2Cc,tag=%2B)+length"),
            ("peercred+unix:///a", "bytes+length+peercred"), ("python+unix://:k@/a", "pickle+python-frames+python-hmac"),
            ("noise+tcp://h:1", "bytes+length+noise"), ("hmac+noise+tcp://h:1?hmac.key=k", "bytes+length+hmac+noise"),
        ]
    )
    func order(text: String, wire: String) throws {
        #expect(try resolve(text).wireText == wire)
    }

    @Test("a processor works on messages above the framing, on the stream below it")
    func positions() throws {
        let stack = try resolve("json+gzip+lines+gzip+bare+unix:///a")
        #expect(stack.layers.map(\.position) == [nil, .message, nil, .stream, nil])
        #expect(stack.messageProcessors.count == 1 && stack.streamProcessors.count == 1)
    }

    @Test(
        "a wrong order is an error at its column that lists what would fit",
        arguments: [
            ("json+string+tcp://h:1", 5, "What fits here: base64"), ("lines+json+tcp://h:1", 6, "decompress, gzip"),
            ("json+lines+length+tcp://h:1", 11, "decompress"), ("lines+base64+tcp://h:1", 6, "above the framing"),
            ("hmac+lines+tcp://:k@h:1", 5, "cannot stand below 'hmac'"), ("decompress+base64+tcp://h:1", 11, "above the framing"),
            ("gzip+json+tcp://h:1", 5, "cannot stand below"), ("json+tcp+unix:///a", 5, "stands last"),
            ("noise+password+tcp://h:1", 6, "stands above 'noise'"), ("password+peercred+unix:///a", 9, "only tell who"),
            ("password+hmac+noise+tcp://h:1", 14, "third"), ("json+python+unix://:k@/a", 5, "from the alias 'python'"),
            ("bare+lines+bare+unix:///a", 11, "twice"),
            ("json://h:1", 0, "installed: abstract"), ("python://h:1", 0, "alias"), ("json+bare://h:1", 5, "word for layers"),
        ]
    )
    func wrongOrder(text: String, column: Int, hint: String) {
        let error = failure { _ = try resolve(text) }
        #expect(
            error?.code == .wrongOrder && error?.column == column && error?.message.contains(hint) == true,
            "\(text): \(String(describing: error))"
        )
    }

    @Test(
        "an unknown name is an error at its column",
        arguments: [
            ("jsno+tcp://h:1", 0, "did you mean 'json'"), ("json+hmca+tcp://h:1", 5, "'hmac'"),
            ("ws://h:1", 0, "installed: abstract, exec"),
            ("json+tpc://h:1", 5, "'tcp'"), ("broken+tcp://h:1", 0, "the alias 'broken' needs"), ("ring+tcp://h:1", 0, "itself"),
        ]
    )
    func unknown(text: String, column: Int, hint: String) {
        let error = failure { _ = try resolve(text) }
        #expect(
            error?.code == .unknownLayer && error?.column == column && error?.message.contains(hint) == true,
            "\(text): \(String(describing: error))"
        )
    }

    @Test("an alias says that its layers come from it")
    func alias() throws {
        let stack = try resolve("python+unix://:k@/run/worker.sock")
        #expect(stack.isBare)
        #expect(stack.layers.map(\.origin) == [.alias("python"), .alias("python"), .alias("python"), .written])
    }

    @Test("python without a key is an error unless the URL says auth=none")
    func pythonKey() throws {
        let error = failure { _ = try resolve("python+unix:///a") }
        #expect(error?.code == .missingOption && error?.message.contains("auth=none") == true)
        #expect(try resolve("python+unix:///a?auth=none").authenticators.isEmpty)
        #expect(try resolve("python+unix://:@/a").authenticators.count == 1)
        #expect(failure { _ = try resolve("hmac+tcp://h:1?auth=none") }?.code == .invalidOption)
        #expect(failure { _ = try resolve("python+unix://:k@/a?auth=none") }?.code == .unusedPassword)
        #expect(failure { _ = try resolve("python+unix://:k@/a?auth=some") }?.code == .invalidOption)
    }

    @Test("an authenticator gets the medium and the transport that it needs")
    func media() {
        #expect(failure { _ = try resolve("hmac+bare+tcp://:k@h:1") }?.message.contains("'bare'") == true)
        #expect(failure { _ = try resolve("python-hmac+tcp://:k@h:1") }?.message.contains("'bare'") == true)
        #expect(failure { _ = try resolve("peercred+tcp://h:1") }?.code == .unsupported)
        #expect(failure { _ = try resolve("none+tcp://h:1") }?.code == .wrongOrder)
        #expect(failure { _ = try resolve("none+bare+tcp://h:1") } == nil)
        #expect(failure { _ = try resolve("none+python-hmac+bare+unix://:k@/a") }?.code == .wrongOrder)
    }

    @Test(
        "what would travel in the clear needs insecure",
        arguments: [
            ("password+tcp://:p@h:1", true), ("password+tcp://:p@127.0.0.1:1", true), ("password+tcp://:p@h:1?insecure", false),
            ("password+unix://:p@/a", false), ("password+noise+tcp://h:1?password=p", false),
            ("password+hmac+tcp://h:1?password=p&key=k", true),
            ("python+tcp://:k@10.0.0.7:1", true), ("python+tcp://:k@localhost:1", false), ("python+tcp://:k@127.9.9.9:1", false),
            ("python+tcp://:k@[::1]:1", false), ("python+tcp://:k@[0:0::1]:1", false), ("python+tcp://:k@0.0.0.0:1", true),
            ("python+tcp://:k@h:1?insecure", false), ("python+tcp://:k@[::ffff:127.0.0.1]:1", false), ("hmac+tcp://:k@h:1", false),
            ("python+tcp://:k@h.localhost:1", false), ("python+tcp://:k@127.example:1", true), ("python+tcp://h:1?auth=none", false),
        ]
    )
    func insecure(text: String, isRefused: Bool) {
        let error = failure { _ = try resolve(text) }
        #expect((error?.code == .insecure) == isRefused && (error == nil) != isRefused, "\(text): \(String(describing: error))")
        if isRefused { #expect(error?.message.contains("insecure") == true) }
    }

    @Test("sessions need the greeting, and are not there yet")
    func sessions() {
        #expect(failure { _ = try resolve("lines+bare+tcp://h:1?resume=1m") }?.message.contains("a session needs the greeting") == true)
        #expect(failure { _ = try resolve("tcp://h:1?resume=1m") }?.code == .unsupported)
        #expect(failure { _ = try resolve("tcp://h:1?reconnect=forever") }?.code == .unsupported)
    }

    // MARK: Targets

    @Test(
        "to connect, what the transport needs must be there",
        arguments: [
            ("tcp://h", 7, "port"), ("tcp://h:0", 8, "port"), ("tcp://:7000", 7, "host"), ("tcp://h:1/a", 9, "path"),
            ("unix://run/a", 7, "three slashes"),
            ("unix:///", 7, "path"), ("unix://", 7, "path"), ("unix://:1/a", 8, "port"), ("node://", 7, "name"), ("node://Worker", 7, "48"),
            ("node://a/b", 8, "path"), ("abstract://a:1", 13, "port"), ("stdio://x", 8, "nothing"), ("tcp://a%20b:1", 6, "host"),
        ]
    )
    func targets(text: String, column: Int, hint: String) {
        let error = failure { _ = try resolve(text) }
        #expect(
            error?.code == .invalidURL && error?.column == column && error?.message.contains(hint) == true,
            "\(text): \(String(describing: error))"
        )
    }

    @Test("to listen, no host is loopback and no port is any")
    func listening() throws {
        #expect(try resolve("tcp://", .listener).target == .init(host: "127.0.0.1", port: 0, path: ""))
        #expect(try resolve("tcp://:7000", .listener).target == .init(host: "127.0.0.1", port: 7000, path: ""))
        #expect(try resolve("tcp://0.0.0.0", .listener).target == .init(host: "0.0.0.0", port: 0, path: ""))
        #expect(try resolve("python+tcp://:k@", .listener).authenticators.count == 1)
        #expect(failure { _ = try resolve("stdio://", .listener) }?.code == .unsupported)
    }

    @Test("targets reach the transport decoded")
    func context() throws {
        #expect(try resolve("tcp://[fe80::1%25eth0]:7000").target.host == "fe80::1%eth0")
        #expect(try resolve("unix:///run/a%20b.sock").target.path == "/run/a b.sock")
        #expect(try resolve("/run/a.sock").transportName == "unix")
        #expect(try resolve("localhost:6000").layers.last?.origin == .shortForm)
        #expect(try resolve("abstract://name").target.host == "name")
        let relay = try resolve("relay:///name?via=json%2Btcp%3A%2F%2Fh%3A1")
        #expect(relay.target.path == "/name" && relay.transportOptions.text("via") == "json+tcp://h:1")
        #expect(try resolve("relay://h:1/name").target == .init(host: "h", port: 1, path: "/name"))
        #expect(try resolve("json+node://worker").target.host == "worker")
        #expect(try resolve("tcp://user@h:1").user == "user")
    }

    @Test("a bare name is a node, unless a layer has that name")
    func nodes() throws {
        let stack = try resolve("worker")
        #expect(stack.transportName == "node" && stack.target.host == "worker" && stack.connection.cost == 25)
        for name in ["json", "python", "tcp", "bare"] {
            let error = failure { _ = try resolve(name) }
            #expect(error?.code == .invalidURL && error?.message.contains("node://\(name)") == true)
        }
        #expect(try resolve("node://json").target.host == "json")
        #expect(failure { _ = try resolve("json+worker") }?.message.contains("no transport") == true)
    }

    @Test("no URL at all is this node")
    func thisNode() throws {
        let registry = try Registry.fake()
        func host(_ environment: ResolutionEnvironment) throws -> String? {
            try registry.resolve(nil, for: .listener, environment: environment).target.host
        }
        #expect(try host(.fake(["PATCHBAY_NODE": "blue-7"])) == "blue-7")
        #expect(try host(.fake(host: "Box.example")) == "box")
        #expect(failure { _ = try host(.fake(["PATCHBAY_NODE": "Not/A/Node"])) }?.message.contains("PATCHBAY_NODE") == true)
        #expect(failure { _ = try host(.fake(host: "under_score")) }?.message.contains("PATCHBAY_NODE") == true)
        #expect(failure { _ = try resolve("") }?.code == .invalidURL)
    }

    @Test("the process's own environment answers")
    func process() {
        #expect(ResolutionEnvironment.process.variable("PATH") != nil)
        #expect(ResolutionEnvironment.process.variable("PATCHBAY_NO_SUCH_VARIABLE") == nil)
        #expect(!ResolutionEnvironment.process.hostName().isEmpty)
    }

    @Test("a user that nobody could see is an error")
    func unusedUser() throws {
        #expect(failure { _ = try resolve("lines+bare+unix://me@/a") }?.column == 18)
        #expect(try resolve("tasks+unix://me@/a").user == "me")
    }
}
