internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import Testing

@Suite("Options")
struct OptionTests {
    private func checked(_ kind: OptionSpecification.Kind, _ text: String) -> Options? {
        try? Options(["x": text], for: [OptionSpecification("x", kind, summary: "")])
    }

    @Test(
        "modes are octal or symbolic",
        arguments: [
            ("600", 0o600), ("0600", 0o600), ("=600", 0o600), ("u=rw,g=r", 0o640), ("u=rw,g=", 0o600), ("a=rw", 0o666), ("ug=rwx", 0o770),
            ("777", 0o777), ("0", 0), ("800", nil), ("1777", nil), ("u+rw", nil), ("", nil), ("=", nil), ("u=rw,", nil), ("00600", nil),
        ] as [(String, Int?)]
    )
    func modes(text: String, mode: Int?) { #expect(checked(.mode, text)?.integer("x") == mode) }

    @Test(
        "sizes count in 1024s",
        arguments: [
            ("4096", 4096), ("64KiB", 65536), ("16MiB", 16_777_216), ("1GiB", 1_073_741_824), ("16MB", nil), ("1.5MiB", nil), ("-1", nil),
            ("", nil), ("KiB", nil), ("99999999999GiB", nil), ("99999999999999999999", nil), ("4GiB", nil),
        ] as [(String, Int?)]
    )
    func sizes(text: String, size: Int?) { #expect(checked(.size(1...4_294_967_295), text)?.integer("x") == size) }

    @Test(
        "durations have a unit",
        arguments: [
            ("250ms", .milliseconds(250)), ("5s", .seconds(5)), ("2m", .seconds(120)), ("1h", .seconds(3600)), ("5", nil), ("1.5s", nil),
            ("-1s", nil), ("2h", nil), ("99999999999999999999s", nil), ("", nil), ("5S", nil),
        ] as [(String, Duration?)]
    )
    func durations(text: String, duration: Duration?) {
        #expect(checked(.duration(.zero ... .seconds(3600), orNone: false), text)?.duration("x") == duration)
    }

    @Test("a duration may be none where it says so")
    func none() {
        #expect(checked(.duration(.zero ... .seconds(1), orNone: true), "none") != nil)
        #expect(checked(.duration(.zero ... .seconds(1), orNone: false), "none") == nil)
    }

    @Test(
        "a byte is a character or hexadecimal",
        arguments: [("0x0a", 10), ("0xFF", 255), ("\n", 10), (";", 59), ("0", 48), ("0x1", nil), ("ab", nil), ("é", nil), ("", nil)]
            as [(String, Int?)]
    )
    func bytes(text: String, byte: Int?) { #expect(checked(.byte, text)?.integer("x") == byte) }

    @Test("integers, flags and choices are checked")
    func others() {
        #expect(checked(.integer(-5...5), "-5")?.integer("x") == -5)
        #expect(checked(.integer(-5...5), "6") == nil && checked(.integer(0...5), "+1") == nil && checked(.integer(0...5), "") == nil)
        #expect(checked(.integer(Int.min...Int.max), "-9223372036854775808")?.integer("x") == Int.min)
        #expect(checked(.integer(Int.min...Int.max), "9223372036854775808") == nil)
        #expect(checked(.flag, "true")?.flag("x") == true && checked(.flag, "false")?.flag("x") == false && checked(.flag, "1") == nil)
        #expect(checked(.choice(["a", "b"]), "b")?.text("x") == "b" && checked(.choice(["a", "b"]), "c") == nil)
    }

    @Test("values and their names print without secrets")
    func printing() throws {
        let options = try Options(["key": "marker"], for: [.init("key", .text, isSecret: true, summary: "")])
        var dumped = ""
        dump(options, to: &dumped)
        #expect(!"\(options) \(String(reflecting: options)) \(dumped)".contains("marker"))
        #expect(options.secret("key") == ByteBuffer(string: "marker"))
    }

    @Test("an unprefixed option goes to the one that declares it, a prefixed one to its layer")
    func routing() throws {
        let stack = try resolve("json+gzip+tcp://h:1?level=9&cost=7&tcp.nodelay=false&connection.timeout=3s")
        #expect(stack.connection.cost == 7 && stack.connection.timeout == .seconds(3))
        #expect(stack.layers.first { $0.name == "gzip" }?.options == [.init(name: "level", shown: "9", source: .url)])
        #expect(stack.layers.last?.options == [.init(name: "nodelay", shown: "false", source: .url)])
        #expect(
            try resolve("python+unix://:k@/a?python.digest=md5").layers.first { $0.name == "python-hmac" }?.options.first?.shown == "md5"
        )
    }

    @Test("an option that two declare is an error that names both forms")
    func ambiguous() throws {
        let layers = failure { _ = try resolve("gzip+zstd+tcp://h:1?level=9") }
        #expect(layers?.code == .ambiguousOption && layers?.column == 20)
        #expect(layers?.message.contains("gzip.level") == true && layers?.message.contains("zstd.level") == true)
        let connection = failure { _ = try resolve("tagger+tcp://h:1?timeout=9s") }
        #expect(connection?.message.contains("connection.timeout") == true && connection?.message.contains("tagger.timeout") == true)
        #expect(try resolve("tagger+tcp://h:1?tagger.timeout=x").connection.timeout == .seconds(10))
    }

    @Test(
        "what nobody declared is an error with the nearest name",
        arguments: [
            ("tcp://h:1?timout=3s", 10, "'timeout'"), ("tcp://h:1?tcp.nodely=true", 10, "'nodelay'"),
            ("tcp://h:1?tpc.nodelay=true", 10, "'tcp'"),
            ("hmac+tcp://:k@h:1?kye=1", 18, "'key'"), ("tcp://h:1?zzz=1", 10, "data.NAME"),
            ("tcp://h:1?hmac.key=1", 10, "this stack lacks"),
        ]
    )
    func undeclared(text: String, column: Int, hint: String) {
        let error = failure { _ = try resolve(text) }
        #expect(
            error?.code == .unknownOption && error?.column == column && error?.message.contains(hint) == true,
            "\(String(describing: error))"
        )
    }

    @Test("only a list may be repeated")
    func repeats() throws {
        #expect(failure { _ = try resolve("tcp://h:1?cost=1&cost=2") }?.code == .invalidOption)
        #expect(failure { _ = try resolve("tcp://h:1?nodelay=true&tcp.nodelay=true") }?.column == 23)
        #expect(failure { _ = try resolve("tcp://h:1?data.a=1&data.a=2") }?.code == .invalidOption)
        let stack = try resolve("exec:///bin/cat?arg=-a&arg=b+c")
        #expect(stack.transportOptions.list("arg") == ["-a", "b+c"])
    }

    @Test("a flag may stand alone, other options need a value")
    func alone() throws {
        #expect(try resolve("tcp://h:1?insecure").connection.insecure)
        #expect(try !resolve("tcp://h:1?insecure=false").connection.insecure)
        #expect(failure { _ = try resolve("tcp://h:1?timeout") }?.code == .invalidOption)
    }

    @Test("a wrong value is an error at the value")
    func wrongValue() {
        let error = failure { _ = try resolve("tcp://h:1?timeout=5x") }
        #expect(error?.code == .invalidOption && error?.column == 18)
        #expect(failure { _ = try resolve("tcp://h:1?max-message=4GiB") }?.code == .invalidOption)
        #expect(failure { _ = try resolve("unix:///a?mode=999") }?.layer == "unix")
        #expect(failure { _ = try resolve("tcp://h:1?data.a=%ff") }?.column == 17)
    }

    @Test("the connection has its defaults, and the transport's cost")
    func defaults() throws {
        let connection = try resolve("unix:///a").connection
        #expect(connection.cost == 50 && connection.timeout == .seconds(10) && connection.handshakeTimeout == .seconds(5))
        #expect(connection.receiveTimeout == nil && connection.sendTimeout == nil && connection.closeTimeout == .seconds(2))
        #expect(connection.maxMessage == 16_777_216 && connection.highWater == 262_144 && connection.maxPending == 512)
        #expect(!connection.insecure)
        #expect(try resolve("unix:///a?timeout=none").connection.timeout == nil)
        #expect(try resolve("unix:///a?max-message=4294967295").connection.maxMessage == 4_294_967_295)
    }

    @Test("handshake data keeps its order; only some aliases take other parameters for data")
    func data() throws {
        #expect(try resolve("tcp://h:1?data.b=1&data.a=x+y").data.map(\.description) == ["b=1", "a=x+y"])
        #expect(try resolve("tasks+unix:///a?room=blue&cost=3").data.map(\.name) == ["room"])
        #expect(failure { _ = try resolve("python+unix://:k@/a?room=blue") }?.code == .unknownOption)
        #expect(failure { _ = try resolve("lines+bare+unix:///a?data.x=1") }?.code == .invalidOption)
    }

    // MARK: Secrets

    private func withFile(_ content: [UInt8], _ body: (String) throws -> Void) throws {
        var template = Array("/tmp/patchbay-option-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        #expect(content.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == content.count)
        try body(path)
    }

    private func key(_ stack: Stack) -> [UInt8]? {
        (stack.authenticators.first?.authenticator as? InertAuthenticator)?.options.secret("key").map { Array($0.readableBytesView) }
    }

    @Test("a secret comes from the password, the option, a file or the environment")
    func sources() throws {
        #expect(try key(resolve("hmac+tcp://:a%ff@h:1")) == [0x61, 0xFF])
        #expect(try key(resolve("hmac+tcp://:@h:1")) == [])
        #expect(try key(resolve("hmac+tcp://h:1?key=b+c")) == Array("b+c".utf8))
        #expect(try key(resolve("hmac+tcp://h:1?hmac.key-env=K", .dialer, ["K": "env"])) == Array("env".utf8))
        try withFile(Array("two\n\n".utf8)) { path in
            let stack = try resolve("hmac+tcp://h:1?key-file=\(path)")
            #expect(key(stack) == Array("two\n".utf8))
            #expect(stack.layers.first { $0.name == "hmac" }?.options.first?.source == .file)
        }
        try withFile(Array(repeating: 0x61, count: 65_536) + [0x0A]) { path in
            let stack = try resolve("hmac+tcp://h:1?key-file=\(path)")
            #expect(key(stack)?.count == 65_536)
        }
    }

    @Test("a secret's file that cannot be used is an error without its content")
    func badFiles() throws {
        #expect(failure { _ = try resolve("hmac+tcp://h:1?key-file=/no/such/file") }?.code == .invalidOption)
        #expect(failure { _ = try resolve("hmac+tcp://h:1?key-file=/dev/zero") }?.message.contains("regular file") == true)
        #expect(failure { _ = try resolve("hmac+tcp://h:1?key-file=/") }?.message.contains("regular file") == true)
        #expect(failure { _ = try resolve("hmac+tcp://h:1?key-env=NOT_SET") }?.code == .invalidOption)
        for content in [[0x0A], [], Array(repeating: UInt8(0x61), count: 65_537)] {
            try withFile(content) { path in
                let error = failure { _ = try resolve("hmac+tcp://h:1?key-file=\(path)") }
                #expect(error?.code == .invalidOption && error?.column == 24 && error?.message.contains("aaaa") == false)
            }
        }
    }

    @Test("a secret given twice, or a password that no layer uses, is an error")
    func passwordUse() {
        #expect(failure { _ = try resolve("tcp://:p@h:1") }?.code == .unusedPassword)
        #expect(failure { _ = try resolve("tcp://:p@h:1") }?.column == 7)
        #expect(failure { _ = try resolve("hmac+tcp://:p@h:1?key=k") }?.code == .invalidOption)
        #expect(failure { _ = try resolve("hmac+tcp://h:1?key=k&key-env=K") }?.code == .invalidOption)
        #expect(failure { _ = try resolve("password+noise+tcp://:p@h:1") }?.code == .ambiguousOption)
        #expect(failure { _ = try resolve("password+noise+tcp://:p@h:1?psk=x") } == nil)
        #expect(failure { _ = try resolve("hmac+tcp://h:1") }?.code == .missingOption)
    }

    @Test("the default key stands in where a key is missing, but is never sent as it is")
    func defaultKey() throws {
        let given = ByteBuffer(string: "default")
        #expect(try key(resolve("hmac+tcp://h:1", defaultKey: given)) == Array("default".utf8))
        #expect(try key(resolve("hmac+tcp://:own@h:1", defaultKey: given)) == Array("own".utf8))
        #expect(failure { _ = try resolve("password+unix:///a", defaultKey: given) }?.code == .missingOption)
        try withFile(Array("from file\n".utf8)) { path in
            let stack = try resolve("python+unix:///a", .dialer, ["PATCHBAY_AUTHKEY_FILE": path])
            #expect(key(stack) == Array("from file".utf8))
            #expect(stack.authenticators.count == 1)
        }
        #expect(failure { _ = try resolve("hmac+tcp://h:1", .dialer, ["PATCHBAY_AUTHKEY_FILE": "/no/such"]) }?.code == .invalidOption)
    }
}
