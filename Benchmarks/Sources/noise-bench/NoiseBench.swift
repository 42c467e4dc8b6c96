internal import BenchMeasurement
internal import Glibc
internal import NIOCore
internal import Patchbay

/// The sealed records of the layer `noise`, as a connection seals and opens them. Peers/aead and Benchmarks/noise.py hold the limit.
@main
enum NoiseBench {
    static let usage = """
        usage: noise-bench run MILLISECONDS [PREFIX …]      measure; a prefix is of 'patchbay cipher-bytes direction'
               noise-bench repeat COUNT PREFIX …            do the work so many times, for a profiler
        """

    static let sizes = [64, 1024, 16 * 1024]
    /// So much is opened in a row, as Peers/aead does.
    static let openedBytes = 128 * 1024
    static let mostRecords = 64

    struct Usage: Error {}
    /// A transform that does not open what it sealed would be fast for no reason.
    struct WrongWork: Error {}

    static func main() {
        do {
            var arguments = CommandLine.arguments.dropFirst()
            switch (arguments.popFirst(), arguments.popFirst()) {
            case ("run", let time?):
                guard let milliseconds = UInt64(time) else { throw Usage() }
                try run(Measurement(nanoseconds: milliseconds * 1_000_000, filters: Array(arguments)))
            case ("repeat", let count?):
                guard let count = Int(count) else { throw Usage() }
                try run(Measurement(fixedCount: count, filters: Array(arguments)))
            default: throw Usage()
            }
        } catch {
            print(error is Usage ? usage : "noise-bench: \(error)")
            exit(1)
        }
    }

    static func run(_ measurement: Measurement) throws {
        for cipher in ["chachapoly", "aesgcm"] {
            let (sealing, opening) = try transforms(cipher)
            for bytes in sizes {
                let plain = ByteBuffer(repeating: UInt8(ascii: "x"), count: bytes)
                try seal(plain, with: sealing, "\(cipher)-\(bytes)", measurement)
                try open(plain, sealedBy: sealing, with: opening, "\(cipher)-\(bytes)", measurement)
            }
        }
    }

    /// A message leaves alone: one call, one record.
    static func seal(_ plain: ByteBuffer, with transform: any StreamTransform, _ shape: String, _ measurement: Measurement) throws {
        var sealer = transform.makeSealer()
        var wire = ByteBuffer()
        wire.reserveCapacity(plain.readableBytes + 1024)
        try measurement.measure("patchbay", shape, "seal", bytes: plain.readableBytes) {
            wire.clear()
            try plain.withUnsafeReadableBytes { try sealer.seal($0, into: &wire) }
        }
    }

    /// The same records again and again, each time by a new opener, one record by each call.
    static func open(
        _ plain: ByteBuffer,
        sealedBy sealing: any StreamTransform,
        with opening: any StreamTransform,
        _ shape: String,
        _ measurement: Measurement
    ) throws {
        let bytes = plain.readableBytes
        let records = min(mostRecords, openedBytes / bytes)
        var sealer = sealing.makeSealer()
        var sealed = ByteBuffer()
        for _ in 0..<records { try plain.withUnsafeReadableBytes { try sealer.seal($0, into: &sealed) } }
        var opened = ByteBuffer()
        opened.reserveCapacity(bytes + 1024)
        func openAll() throws {
            var opener = opening.makeOpener()
            var wire = sealed
            for _ in 0..<records {
                opened.clear()
                guard try opener.open(&wire, into: &opened, upTo: bytes) == .bytes(bytes) else { throw WrongWork() }
            }
        }
        try openAll()
        guard opened == plain else { throw WrongWork() }
        try measurement.measure("patchbay", shape, "open", bytes: bytes, times: records, openAll)
    }

    /// Those that a dialer and a listener with one key have after their handshake.
    static func transforms(_ cipher: String) throws -> (dialer: any StreamTransform, listener: any StreamTransform) {
        guard let layer = Registry.standard.layer(named: "noise")?.layer, case .authenticator(_, let make) = layer.maker else {
            throw Usage()
        }
        // No secret: it guards nothing.
        let authenticator = try make(try Options(["key": "benchmark-key-0123456789", "cipher": cipher], for: layer.options))
        // As long as a greeting with its two nonces.
        let transcript = ByteBuffer(repeating: 0, count: 256)
        var dialer = try authenticator.makeHandshake(HandshakeContext(role: .dialer, transcript: transcript))
        var listener = try authenticator.makeHandshake(HandshakeContext(role: .listener, transcript: transcript))
        _ = try listener.step(.start)
        guard let first = try dialer.step(.start).output.first else { throw WrongWork() }
        let answer = try listener.step(.message(first))
        guard let second = answer.output.first else { throw WrongWork() }
        let end = try dialer.step(.message(second))
        guard case .done(let dialed) = end.next, case .done(let listened) = answer.next, let dialing = dialed.transform,
            let listening = listened.transform
        else { throw WrongWork() }
        return (dialing, listening)
    }
}
