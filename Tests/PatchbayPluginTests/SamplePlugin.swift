import NIOCore
import PatchbayIO
import PatchbayJSON

@testable import PatchbayCore

/// A plugin with a layer of each kind and each peculiarity: one for all tests, since a shared object exports one.
struct SamplePlugin: Plugin {
    let name = "sample"
    let version = "1.2.3"
    let summary = "what the tests export"

    static let transport = InProcessTransport()

    func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "sample-json",
                summary: "JSON under another name",
                options: [OptionSpecification("depth", .integer(1...512), default: "128", summary: "how deep")],
                examples: ["sample-json+tcp://127.0.0.1:7000"],
                maker: .codec { JSONCodec(limits: DecodingLimits(depth: $0.integer("depth") ?? 1)) }
            )
        )
        registrar.add(Layer(name: "sample-bytes", summary: "a codec that knows no tokens", maker: .codec { _ in BytesCodec() }))
        registrar.add(
            Layer(name: "sample-options", summary: "says its options", options: Self.options, maker: .codec { OptionsCodec(options: $0) })
        )
        registrar.add(
            Layer(
                name: "sample-lines",
                summary: "a message for each line",
                maker: .processor(positions: [.message]) { _ in LineSplitter() }
            )
        )
        registrar.add(
            Layer(
                name: "sample-word",
                summary: "a word, with work to check it",
                options: [OptionSpecification("word", .text, isSecret: true, isRequired: true, summary: "the word")],
                maker: .authenticator(AuthenticatorTraits(medium: .greeting, revealsSecret: true, passwordOption: "word")) { options in
                    WordAuthenticator(word: options.secret("word") ?? ByteBuffer())
                }
            )
        )
        registrar.add(
            Layer(
                name: "sample-memory",
                summary: "streams without a descriptor",
                maker: .transport(TransportTraits(target: .name, crossesNetwork: false, cost: 1), Self.transport)
            )
        )
        registrar.add(Alias(name: "sample-alias", summary: "two layers", expansion: ["sample-json", "sample-lines"]))
    }

    static let options = [
        OptionSpecification("flag", .flag, default: "false", summary: "a flag"),
        OptionSpecification("pause", .duration(.milliseconds(250)...(.seconds(60)), orNone: true), default: "none", summary: "a duration"),
        OptionSpecification("word", .choice(["one", "two"]), default: "one", changesWire: true, summary: "a choice"),
        OptionSpecification("name", .text, isList: true, summary: "a list"),
        OptionSpecification("most", .size(1...4096), summary: "a size"),
        OptionSpecification("key", .text, isSecret: true, summary: "a secret"),
    ]
}

/// Says the options that it was made with, whatever it is given.
struct OptionsCodec: Codec {
    let options: Options

    private var text: String {
        let pause = options.duration("pause").map { "\($0)" } ?? "none"
        return "\(options.flag("flag")) \(pause) \(options.text("word") ?? "-") \(options.list("name")) \(options.integer("most") ?? 0) "
            + "\(options.secret("key")?.readableBytes ?? -1)"
    }

    func encode<T: Encodable>(_ value: T, into buffer: inout ByteBuffer) throws { buffer.writeString(text) }
    func decode<T: Decodable>(_ type: T.Type, from message: ByteBuffer) throws -> T { throw CancellationError() }
    func encode(_ value: Value, into buffer: inout ByteBuffer) throws { buffer.writeString(text) }
    func decodeValue(from message: ByteBuffer) throws -> Value { throw Unspeakable(secret: "the password") }
}

/// An error whose description holds a secret.
struct Unspeakable: Error {
    var secret: String
}

struct LineSplitter: Processor {
    struct Step: ProcessorStep {
        mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
            for line in String(buffer: input).split(separator: "\n") { try sink.emit(ByteBuffer(string: String(line))) }
        }
    }

    func makeEncoder() -> any ProcessorStep { Step() }
    func makeDecoder() -> any ProcessorStep { Step() }
}

struct WordAuthenticator: Authenticator {
    let word: ByteBuffer

    struct HandshakeState: Handshake {
        let role: Role
        let word: ByteBuffer

        var parting: ByteBuffer? { ByteBuffer(string: "go away") }

        mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
            switch (role, input) {
            case (.dialer, .start):
                return HandshakeStep(
                    output: [word],
                    next: .done(HandshakeResult(exportedMAC: { _ in ByteBuffer(repeating: 7, count: 32) }))
                )
            case (.listener, .start): return HandshakeStep(next: .receive)
            case (.listener, .message(let message)):
                return HandshakeStep(
                    next: .perform { [word] in
                        await Task.yield()
                        return message == word
                    }
                )
            case (.listener, .verdict(true)): return HandshakeStep(next: .done(HandshakeResult(identity: "worker")))
            default: throw PatchbayError(.authenticationFailed, "another word", stage: .authenticate)
            }
        }
    }

    func makeHandshake(_ context: HandshakeContext) -> any Handshake { HandshakeState(role: context.role, word: word) }
}
