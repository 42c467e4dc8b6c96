internal import NIOCore
public import PatchbayCore

/// Peers that use nothing but Python's standard library: `multiprocessing.connection`.
///
/// Registers the codec `pickle`, the framing `python-frames`, the authenticator `python-hmac`, and the alias `python` for all three,
/// `bare`. The framing is not called `python` because the alias is, and one name has one meaning.
public struct PythonPlugin: Plugin {
    static let aliasName = "python"
    static let codecName = "pickle"
    static let framingName = "python-frames"
    static let authenticatorName = "python-hmac"

    public init() {}

    public var name: String { Self.aliasName }
    public var version: String { "0.1.0" }
    public var summary: String { "CPython's multiprocessing.connection: pickle, its framing and its authentication" }

    public func register(into registrar: inout Registrar) {
        registrar.add(codec)
        registrar.add(framing)
        registrar.add(authenticator)
        registrar.add(
            Alias(
                name: Self.aliasName,
                summary: "a peer that uses Python's multiprocessing.connection",
                expansion: [Self.codecName, Self.framingName, Self.authenticatorName, "bare"],
                examples: ["python+tcp://127.0.0.1:6000?key-file=worker.key", "python+unix:///run/worker.sock?auth=none"]
            )
        )
    }

    private var codec: Layer {
        Layer(
            name: Self.codecName,
            summary: "Python's pickle, data only: nothing in a message is ever called",
            options: [
                OptionSpecification(
                    "protocol",
                    .integer(2...5),
                    default: "4",
                    summary: "the pickle protocol to write; 2 to 5 are read"
                ),
                OptionSpecification(
                    "globals",
                    .choice(["refuse", "inert"]),
                    default: "refuse",
                    summary: "what to do with the name of a class or function: refuse it, or give it as an inert name"
                ),
            ],
            examples: ["pickle+tcp://127.0.0.1:7000"],
            maker: .codec { options in
                PickleCodec(
                    protocol: options.integer("protocol") ?? PickleCodec.defaultProtocol,
                    globals: options.text("globals").flatMap(PickleCodec.Globals.init) ?? .refuse
                )
            }
        )
    }

    private var framing: Layer {
        Layer(
            name: Self.framingName,
            summary: "a signed 32-bit length before each message, as multiprocessing.connection frames them",
            examples: ["pickle+python-frames+bare+tcp://127.0.0.1:7000"],
            maker: .framing { _ in PythonFraming() }
        )
    }

    private var authenticator: Layer {
        Layer(
            name: Self.authenticatorName,
            summary: "multiprocessing.connection's mutual challenge with an authkey",
            options: [
                OptionSpecification("key", .text, isSecret: true, isRequired: true, summary: "the authkey; it may be empty"),
                OptionSpecification(
                    "digest",
                    .choice(["sha256", "sha384", "sha3_256", "sha3_384", "md5"]),
                    default: "sha256",
                    summary: "the digest to challenge with; md5 also admits CPython 3.11 and older, which know nothing else"
                ),
            ],
            examples: ["python+tcp://:secret@127.0.0.1:6000"],
            maker: .authenticator(AuthenticatorTraits(medium: .framing, leavesStreamOpen: true, passwordOption: "key")) { options in
                guard let key = options.secret("key") else {
                    throw PatchbayError(
                        .missingOption,
                        "python-hmac needs the peer's authkey; give key-file=…, key-env=… or a password (`:@` is the empty key), "
                            + "or say auth=none if the peer has none",
                        stage: .resolve,
                        layer: Self.authenticatorName
                    )
                }
                return PythonAuthenticator(
                    key: Array(key.readableBytesView),
                    digest: options.text("digest").flatMap(PythonDigest.init) ?? .sha256
                )
            }
        )
    }
}
