import Foundation
import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayTLS

/// Both ends of TLS in memory, without a stream.
struct TLSMemory {
    struct End {
        var handshake: any Handshake
        var result: HandshakeResult?
        var error: PatchbayError?
        var sealer: (any StreamSealer)?
        var opener: (any StreamOpener)?
        /// All bytes it sent before it was done.
        var sent = ByteBuffer()

        init(_ options: TLSOptions, _ role: Role, host: String = "localhost", insecure: Bool = false) throws {
            let end = try TLSAuthenticator(options: options).fitted(to: AuthenticatorEnd(role: role, host: host, isInsecure: insecure))
            handshake = try end.makeHandshake(HandshakeContext(role: role))
        }

        var isOver: Bool { result != nil || error != nil }

        /// Moves on; what it says, its last words too.
        mutating func step(_ input: HandshakeInput) -> ByteBuffer {
            var output = ByteBuffer()
            do {
                let step = try handshake.step(input)
                for bytes in step.output { output.writeImmutableBuffer(bytes) }
                if case .done(let result) = step.next {
                    self.result = result
                    sealer = result.transform?.makeSealer()
                    opener = result.transform?.makeOpener()
                } else {
                    sent.writeImmutableBuffer(output)
                }
            } catch {
                self.error = error as? PatchbayError
                #expect(self.error != nil, "\(error)")
                output = handshake.parting ?? ByteBuffer()
            }
            return output
        }

        mutating func seal(_ text: String) throws -> ByteBuffer { try seal(ByteBuffer(string: text)) }

        mutating func seal(_ bytes: ByteBuffer) throws -> ByteBuffer {
            var wire = ByteBuffer()
            try bytes.withUnsafeReadableBytes { try sealer?.seal($0, into: &wire) }
            return wire
        }

        mutating func sealEnd() throws -> ByteBuffer {
            var wire = ByteBuffer()
            try sealer?.sealEnd(into: &wire)
            return wire
        }

        /// All that can be opened now, and whether that was the end.
        mutating func open(_ wire: ByteBuffer, upTo maximum: Int = 4096) throws -> (bytes: ByteBuffer, isEnd: Bool) {
            var wire = wire
            var plain = ByteBuffer()
            while true {
                let before = plain.readableBytes
                switch try opener?.open(&wire, into: &plain, upTo: maximum) {
                case .bytes(let count):
                    #expect(plain.readableBytes == before + count && count <= maximum)
                case .need(let count):
                    #expect(count > wire.readableBytes)
                    return (plain, false)
                case .end, nil: return (plain, true)
                }
            }
        }
    }

    var dialer: End
    var listener: End
    /// Behind the handshake, such as session tickets, or an alert.
    var toDialer = ByteBuffer()
    var toListener = ByteBuffer()

    init(_ dialer: End, _ listener: End) {
        self.dialer = dialer
        self.listener = listener
    }

    /// Options that let a pair agree.
    static func options(_ certificates: Certificates, _ role: Role, as name: String? = nil) throws -> TLSOptions {
        var options = TLSOptions()
        options.authorities = certificates.pem("ca")
        if let name = name ?? (role == .listener ? "server" : nil) {
            options.certificate = certificates.pem(name)
            options.privateKey = ByteBuffer(bytes: try readFile(certificates.key(name)))
        }
        return options
    }

    static func pair(
        _ certificates: Certificates,
        dialer: (inout TLSOptions) throws -> Void = { _ in },
        listener: (inout TLSOptions) throws -> Void = { _ in },
        dialerName: String? = nil,
        listenerName: String = "server",
        host: String = "localhost"
    ) throws -> TLSMemory {
        var ours = try options(certificates, .dialer, as: dialerName)
        var theirs = try options(certificates, .listener, as: listenerName)
        try dialer(&ours)
        try listener(&theirs)
        return TLSMemory(try End(ours, .dialer, host: host), try End(theirs, .listener))
    }

    /// Runs both until nothing moves.
    /// - Parameters:
    ///   - chunk: the most bytes that arrive at once.
    ///   - change: each byte of the handshake on its way: from whom, its offset there, its value; nil drops it.
    mutating func run(chunk: Int = .max, change: (Role, Int, UInt8) -> UInt8? = { $2 }) {
        var counts = [Role.dialer: 0, .listener: 0]
        func pass(_ bytes: ByteBuffer, _ role: Role, to buffer: inout ByteBuffer) {
            for byte in bytes.readableBytesView {
                let offset = counts[role, default: 0]
                counts[role] = offset + 1
                if let changed = change(role, offset, byte) { buffer.writeInteger(changed) }
            }
        }
        pass(dialer.step(.start), .dialer, to: &toListener)
        pass(listener.step(.start), .listener, to: &toDialer)
        var moves = true
        while moves {
            moves = false
            if !listener.isOver, let bytes = toListener.readSlice(length: min(chunk, toListener.readableBytes)), bytes.readableBytes > 0 {
                pass(listener.step(.message(bytes)), .listener, to: &toDialer)
                moves = true
            }
            if !dialer.isOver, let bytes = toDialer.readSlice(length: min(chunk, toDialer.readableBytes)), bytes.readableBytes > 0 {
                pass(dialer.step(.message(bytes)), .dialer, to: &toListener)
                moves = true
            }
        }
    }
}

func readFile(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
