import NIOCore
import PatchbayCore
import PatchbayIO
import PatchbayTesting
import Testing

/// Each question finds what it asks for: layers with one mistake each fail there, and say what it is.
@Suite struct BrokenLayerTests {
    private func failure(of name: String, _ layer: Layer) async throws -> String {
        let test = try #require(Conformance.tests(of: layer).first { $0.name == name })
        guard case .failed(let message) = await test.run(ConformanceSettings(hostileInputs: 400, patience: .seconds(1))) else {
            return "it passed"
        }
        return message
    }

    @Test func `a codec that loses the sign is found`() async throws {
        let layer = Layer(name: "broken", summary: "", maker: .codec { _ in BrokenCodec(mistake: .losesSign) })
        #expect(try await failure(of: "broken/values", layer).contains("wrote -1 and read 1"))
    }

    @Test func `a codec that clears the buffer is found`() async throws {
        let layer = Layer(name: "broken", summary: "", maker: .codec { _ in BrokenCodec(mistake: .clearsBuffer) })
        #expect(try await failure(of: "broken/buffer", layer).contains("stood in the buffer before"))
    }

    @Test func `a codec that throws errors of its own is found`() async throws {
        let layer = Layer(name: "broken", summary: "", maker: .codec { _ in BrokenCodec(mistake: .throwsOwnErrors) })
        #expect(try await failure(of: "broken/hostile", layer).contains("PatchbayError alone"))
    }

    @Test func `a processor that drops the last byte is found`() async throws {
        let layer = Layer(
            name: "broken",
            summary: "",
            maker: .processor(positions: [.message]) { _ in BrokenProcessor(mistake: .dropsByte) }
        )
        #expect(try await failure(of: "broken/messages", layer).contains("came back as"))
    }

    @Test func `a processor that keeps bytes back at a sync is found`() async throws {
        let layer = Layer(
            name: "broken",
            summary: "",
            maker: .processor(positions: [.stream]) { _ in BrokenProcessor(mistake: .ignoresSync) }
        )
        #expect(try await failure(of: "broken/sync", layer).contains("after a sync 0 of"))
    }

    @Test func `an authenticator that admits everybody is found`() async throws {
        let layer = Layer(
            name: "broken",
            summary: "",
            options: [OptionSpecification("key", .text, isSecret: true, summary: "")],
            maker: .authenticator(AuthenticatorTraits(medium: .greeting)) { _ in GullibleAuthenticator() }
        )
        #expect(try await failure(of: "broken/wrong", layer).contains("admitted a dialer with another secret"))
        #expect(try await failure(of: "broken/replay", layer).contains("repeats what it heard"))
        #expect(try await failure(of: "broken/hostile", layer).contains("random bytes"))
    }

    @Test func `a transport that connects to itself is found`() async throws {
        let layer = Layer(
            name: "broken",
            summary: "",
            maker: .transport(TransportTraits(target: .hostAndPort, crossesNetwork: true, cost: 1), SelfTransport())
        )
        #expect(try await failure(of: "broken/nobody", layer).contains("connected where nobody listens"))
        #expect(try await failure(of: "broken/exchange", layer).contains("accept gave nil"))
    }
}

/// Integers in decimal, with one mistake.
private struct BrokenCodec: Codec {
    enum Mistake { case losesSign, clearsBuffer, throwsOwnErrors }
    struct OwnError: Error {}

    var mistake: Mistake

    func encode<T: Encodable>(_ value: T, into buffer: inout ByteBuffer) throws {
        throw PatchbayError(.encodingFailed, "values alone", stage: .encode)
    }

    func decode<T: Decodable>(_ type: T.Type, from message: ByteBuffer) throws -> T {
        throw PatchbayError(.decodingFailed, "values alone", stage: .decode)
    }

    func encode(_ value: Value, into buffer: inout ByteBuffer) throws {
        guard case .int(let integer) = value else { throw PatchbayError(.encodingFailed, "integers alone", stage: .encode) }
        if mistake == .clearsBuffer { buffer.clear() }
        buffer.writeString(mistake == .losesSign && integer != .min ? "\(integer.magnitude)" : "\(integer)")
    }

    func decodeValue(from message: ByteBuffer) throws -> Value {
        guard let integer = Int64(String(buffer: message)) else {
            if mistake == .throwsOwnErrors { throw OwnError() }
            throw PatchbayError(.decodingFailed, "no integer", stage: .decode)
        }
        return .int(integer)
    }
}

/// Bytes as they are, with one mistake.
private struct BrokenProcessor: Processor {
    enum Mistake { case dropsByte, ignoresSync }

    struct Step: ProcessorStep {
        var mistake: Mistake
        var kept = ByteBuffer()

        mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
            kept.writeImmutableBuffer(input)
            if mistake == .ignoresSync, flush != .finish { return }
            if mistake == .dropsByte, kept.readableBytes > 1 { kept.moveWriterIndex(to: kept.writerIndex - 1) }
            try sink.emit(kept)
            kept = ByteBuffer()
        }
    }

    var mistake: Mistake
    func makeEncoder() throws -> any ProcessorStep { Step(mistake: mistake) }
    func makeDecoder() throws -> any ProcessorStep { Step(mistake: mistake) }
}

/// Any message will do.
private struct GullibleAuthenticator: Authenticator {
    struct End: Handshake {
        var role: Role

        mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
            guard case .start = input else { return HandshakeStep(next: .done(HandshakeResult())) }
            if role == .dialer {
                return HandshakeStep(output: [ByteBuffer(string: "let me in")], next: .done(HandshakeResult()))
            }
            return HandshakeStep(next: .receive)
        }
    }

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake { End(role: context.role) }
}

/// Listens nowhere, and connects to itself.
private struct SelfTransport: Transport {
    final class Nothing: StreamListener {
        var boundTarget: String { "nowhere:1" }
        var address: Address? { nil }
        func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? { nil }
        func close() {}
    }

    func connect(_ context: TransportContext) async throws -> any ByteStream { MemoryStream.pair(context.reactor, context.reactor).0 }
    func listen(_ context: TransportContext) async throws -> any StreamListener { Nothing() }
}
