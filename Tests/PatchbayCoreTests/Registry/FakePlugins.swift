internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO

struct FakeFailure: Error {}

struct FakeCodec: Codec {
    func encode<T: Encodable>(_ value: T, into buffer: inout ByteBuffer) throws { throw FakeFailure() }
    func decode<T: Decodable>(_ type: T.Type, from message: ByteBuffer) throws -> T { throw FakeFailure() }
    func encode(_ value: Value, into buffer: inout ByteBuffer) throws { throw FakeFailure() }
    func decodeValue(from message: ByteBuffer) throws -> Value { throw FakeFailure() }
}

struct FakeProcessor: Processor {
    var name: String
    func makeEncoder() throws -> any ProcessorStep { throw FakeFailure() }
    func makeDecoder() throws -> any ProcessorStep { throw FakeFailure() }
}

struct FakeFraming: Framing {
    struct Decoder: FrameDecoder {
        mutating func scan(_ bytes: UnsafeRawBufferPointer, atEnd: Bool, maximum: Int) throws(PatchbayError) -> FrameScan { .end }
    }

    var name: String
    func makeDecoder() -> any FrameDecoder { Decoder() }
    func writeHeader(bodyBytes: Int, into buffer: inout ByteBuffer) throws {}
}

struct InertAuthenticator: Authenticator {
    var options: Options
    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake { throw FakeFailure() }
}

struct FakeTransport: Transport {
    func connect(_ context: TransportContext) async throws -> any ByteStream { throw FakeFailure() }
    func listen(_ context: TransportContext) async throws -> any StreamListener { throw FakeFailure() }
}

struct FakePlugin: Plugin {
    var name: String
    var version = "1.2.3"
    var summary = "for tests"
    var layers: [Layer] = []
    var aliases: [Alias] = []

    func register(into registrar: inout Registrar) {
        for layer in layers { registrar.add(layer) }
        for alias in aliases { registrar.add(alias) }
    }
}

extension Layer {
    static func codec(_ name: String) -> Layer { Layer(name: name, summary: "", maker: .codec { _ in FakeCodec() }) }

    static func framing(_ name: String, _ options: [OptionSpecification] = []) -> Layer {
        Layer(name: name, summary: "", options: options, maker: .framing { _ in FakeFraming(name: name) })
    }

    static func processor(_ name: String, _ positions: Set<ProcessorPosition>, _ options: [OptionSpecification] = []) -> Layer {
        Layer(name: name, summary: "", options: options, maker: .processor(positions: positions) { _ in FakeProcessor(name: name) })
    }

    static func authenticator(_ name: String, _ traits: AuthenticatorTraits, _ options: [OptionSpecification] = []) -> Layer {
        Layer(name: name, summary: "", options: options, maker: .authenticator(traits) { InertAuthenticator(options: $0) })
    }

    static func transport(_ name: String, _ traits: TransportTraits, _ options: [OptionSpecification] = []) -> Layer {
        Layer(name: name, summary: "", options: options, maker: .transport(traits, FakeTransport()))
    }
}

extension Registry {
    /// One of everything, with the traits that the real ones will have.
    static func fake() throws -> Registry {
        let key = OptionSpecification("key", .text, isSecret: true, summary: "the shared key")
        let requiredKey = OptionSpecification("key", .text, isSecret: true, isRequired: true, summary: "the shared key")
        let level = OptionSpecification("level", .integer(1...9), default: "6", summary: "effort")
        var registry = Registry()
        try registry.register(
            FakePlugin(
                name: "values",
                layers: [.codec("bytes"), .codec("json"), .codec("pickle"), .codec("string")]
            )
        )
        try registry.register(
            FakePlugin(
                name: "framings",
                layers: [
                    .framing("length"), .framing("lines"), .framing("none"), .framing("python-frames"),
                    .framing("separated", [.init("byte", .byte, default: "0x0a", changesWire: true, summary: "the separator")]),
                ]
            )
        )
        try registry.register(
            FakePlugin(
                name: "processors",
                layers: [
                    .processor("gzip", [.message, .stream], [level]), .processor("zstd", [.message, .stream], [level]),
                    .processor("base64", [.message]), .processor("decompress", [.stream]),
                    .processor(
                        "tagger",
                        [.message],
                        [.init("tag", .text, isList: true, changesWire: true, summary: "a tag"), .init("timeout", .text, summary: "")]
                    ),
                ]
            )
        )
        try registry.register(
            FakePlugin(
                name: "authenticators",
                layers: [
                    .authenticator("hmac", .init(medium: .greeting, secures: true, passwordOption: "key"), [requiredKey]),
                    .authenticator(
                        "python-hmac",
                        .init(medium: .framing, leavesStreamOpen: true, passwordOption: "key"),
                        [key, .init("digest", .choice(["md5", "sha256"]), default: "sha256", summary: "")]
                    ),
                    .authenticator(
                        "password",
                        .init(medium: .greeting, revealsSecret: true, passwordOption: "password"),
                        [.init("password", .text, isSecret: true, isRequired: true, summary: "")]
                    ),
                    .authenticator("peercred", .init(medium: .none, transports: ["unix", "node"])),
                    .authenticator(
                        "noise",
                        .init(medium: .greeting, passwordOption: "psk", encrypts: true),
                        [.init("psk", .text, isSecret: true, summary: "")]
                    ),
                ],
                aliases: [
                    Alias(name: "python", summary: "", expansion: ["pickle", "python-frames", "python-hmac", "bare"]),
                    Alias(name: "tasks", summary: "", expansion: ["json", "lines", "bare"], admitsAnyData: true),
                    Alias(name: "broken", summary: "", expansion: ["json", "missing"]),
                    Alias(name: "ring", summary: "", expansion: ["rung"]), Alias(name: "rung", summary: "", expansion: ["ring"]),
                ]
            )
        )
        let nodelay = OptionSpecification("nodelay", .flag, default: "true", summary: "")
        let mode = OptionSpecification("mode", .mode, default: "600", summary: "of the socket's file")
        try registry.register(
            FakePlugin(
                name: "transports",
                layers: [
                    .transport("tcp", .init(target: .hostAndPort, crossesNetwork: true, cost: 100), [nodelay]),
                    .transport("unix", .init(target: .path, crossesNetwork: false, cost: 50), [mode]),
                    .transport("node", .init(target: .name, crossesNetwork: false, cost: 25), [mode]),
                    .transport("abstract", .init(target: .name, crossesNetwork: false, cost: 50)),
                    .transport(
                        "relay",
                        .init(target: .hostPortAndPath, crossesNetwork: true, cost: 300),
                        [.init("via", .text, summary: "the carrier, a whole URL")]
                    ),
                    .transport("stdio", .init(target: .none, crossesNetwork: false, cost: 10, listens: false)),
                    .transport(
                        "exec",
                        .init(target: .program, crossesNetwork: false, cost: 10),
                        [.init("arg", .text, isList: true, summary: "")]
                    ),
                ]
            )
        )
        return registry
    }
}

extension ResolutionEnvironment {
    static func fake(_ variables: [String: String] = [:], host: String = "Box.example") -> ResolutionEnvironment {
        ResolutionEnvironment(variable: { variables[$0] }, hostName: { host })
    }
}

/// Resolves a text with the fakes.
func resolve(
    _ text: String,
    _ role: Role = .dialer,
    _ variables: [String: String] = [:],
    defaultKey: ByteBuffer? = nil
) throws -> Stack {
    try Registry.fake().resolve(try ConnectionURL(text), for: role, environment: .fake(variables), defaultKey: defaultKey)
}

/// The error of a body that throws a ``PatchbayError``; nil if it does not.
func failure(_ body: () throws -> Void) -> PatchbayError? {
    do { try body() } catch { return error as? PatchbayError }
    return nil
}
