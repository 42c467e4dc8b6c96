internal import Foundation
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbaySCRAM

/// The two ends of one handshake, run against each other in memory.
struct HandshakePair {
    static let transcript = ByteBuffer(bytes: 100..<180)
    static let iterations = 4096

    var dialer: any Handshake
    var listener: any Handshake

    /// Every message in order, as it was sent.
    private(set) var messages: [[UInt8]] = []
    private(set) var results: [Role: HandshakeResult] = [:]
    private(set) var failures: [Role: PatchbayError] = [:]

    init(
        _ dialing: any Authenticator,
        _ listening: any Authenticator,
        user: String = "ada",
        greetingUser: String? = nil,
        dialed: ByteBuffer = transcript,
        listened: ByteBuffer = transcript
    ) throws {
        dialer = try dialing.makeHandshake(HandshakeContext(role: .dialer, transcript: dialed, user: user))
        listener = try listening.makeHandshake(HandshakeContext(role: .listener, transcript: listened, user: greetingUser))
    }

    /// Runs until both ends are done, or one failed; `change` may alter each message on its way.
    mutating func run(change: (_ index: Int, _ bytes: [UInt8]) -> [UInt8] = { $1 }) async throws {
        var pending: [(to: Role, input: HandshakeInput)] = [(.listener, .start), (.dialer, .start)]
        while !pending.isEmpty {
            let (role, input) = pending.removeFirst()
            let step: HandshakeStep
            do {
                step = role == .dialer ? try dialer.step(input) : try listener.step(input)
            } catch let error as PatchbayError {
                failures[role] = error
                return
            }
            for output in step.output {
                let bytes = Array(output.readableBytesView)
                pending.append((role == .dialer ? .listener : .dialer, .message(ByteBuffer(bytes: change(messages.count, bytes)))))
                messages.append(bytes)
            }
            switch step.next {
            case .receive: break
            case .perform(let work): pending.append((role, .verdict(try await work())))
            case .done(let result): results[role] = result
            }
        }
    }

    /// Why it failed; nil where both ends are done.
    var code: PatchbayError.Code? { failures.values.first?.code ?? (results.count == 2 ? nil : PatchbayError.Code("stalled")) }
}

/// Makers of both ends that compute as little as RFC 7677 allows.
enum Ends {
    static func password(
        _ password: String,
        mostIterations: Int = 10_000
    ) throws(PatchbayError) -> SCRAMAuthenticator {
        try SCRAMAuthenticator(
            password: ByteBuffer(string: password),
            verifiers: nil,
            iterations: HandshakePair.iterations,
            mostIterations: mostIterations,
            gates: SCRAMAuthenticator.Gates()
        )
    }

    static func verifiers(_ path: String) throws(PatchbayError) -> SCRAMAuthenticator {
        try SCRAMAuthenticator(password: nil, verifiers: path, gates: SCRAMAuthenticator.Gates())
    }

    static func verifier(_ password: String, salt: [UInt8] = Array(0..<16)) throws(PatchbayError) -> SCRAMVerifier {
        try SCRAMVerifier.make(password: ByteBuffer(string: password), iterations: HandshakePair.iterations, salt: salt)
    }
}

/// A file of one test, in a folder of its own.
func withFile<Result>(_ text: String, _ body: (_ path: String) async throws -> Result) async throws -> Result {
    var template = Array("/tmp/patchbay-scram-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let path = "\(folder)/users"
    // A test may put a socket beside it.
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try write(text, to: path)
    return try await body(path)
}

func write(_ text: String, to path: String) throws {
    let file = try #require(fopen(path, "w"))
    fputs(text, file)
    fclose(file)
    chmod(path, 0o600)
}

/// The code of what `body` throws.
func code(_ body: () throws -> Void) -> PatchbayError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? PatchbayError)?.code
    }
}
