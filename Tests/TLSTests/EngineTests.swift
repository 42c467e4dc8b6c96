import FuzzSupport
import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayTLS

@Suite("TLS without a stream", .enabled(if: Certificates.isThere, Certificates.absence), .timeLimit(.minutes(5)))
struct EngineTests {
    let certificates: Certificates

    init() throws { certificates = try #require(Certificates.shared) }

    @Test("both ends agree, whatever pieces their bytes come in", arguments: [1, 7, 500, Int.max])
    func agree(chunk: Int) throws {
        var pair = try TLSMemory.pair(certificates)
        pair.run(chunk: chunk)
        #expect(pair.dialer.error == nil && pair.listener.error == nil)
        #expect(pair.dialer.result?.identity == "tls:localhost")
        #expect(try #require(pair.listener.result).identity == nil)
        // What came of the handshake's end, tickets for example, is no data.
        #expect(try pair.dialer.open(pair.toDialer).bytes.readableBytes == 0)
        #expect(try pair.listener.open(pair.dialer.seal("ask")).bytes == ByteBuffer(string: "ask"))
        #expect(try pair.dialer.open(pair.listener.seal("answer")).bytes == ByteBuffer(string: "answer"))
    }

    @Test("what comes with the handshake's last bytes is not lost")
    func early() throws {
        var pair = try TLSMemory.pair(certificates)
        let hello = pair.dialer.step(.start)
        _ = pair.listener.step(.start)
        var flight = pair.dialer.step(.message(pair.listener.step(.message(hello))))
        flight.writeImmutableBuffer(try pair.dialer.seal("at once"))
        flight.writeImmutableBuffer(try pair.dialer.sealEnd())
        _ = pair.listener.step(.message(flight))
        let opened = try pair.listener.open(ByteBuffer())
        #expect(opened.bytes == ByteBuffer(string: "at once") && opened.isEnd)
    }

    @Test("each direction ends on its own")
    func halfClose() throws {
        var pair = try TLSMemory.pair(certificates)
        pair.run()
        _ = try pair.dialer.open(pair.toDialer)
        #expect(try pair.listener.open(pair.dialer.sealEnd()).isEnd)
        #expect(try pair.dialer.open(pair.listener.seal("still here")).bytes == ByteBuffer(string: "still here"))
        #expect(try pair.dialer.open(pair.listener.sealEnd()).isEnd)
        #expect(throws: PatchbayError.self) { try pair.dialer.seal("too late") }
    }

    @Test("4 MiB pass in both directions at once, a few bytes at a time")
    func large() throws {
        var pair = try TLSMemory.pair(certificates)
        pair.run()
        _ = try pair.dialer.open(pair.toDialer)
        let bytes = ByteBuffer(bytes: (0..<4 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) })
        for (sealing, opening) in [(\TLSMemory.dialer, \TLSMemory.listener), (\.listener, \.dialer)] {
            var wire = try pair[keyPath: sealing].seal(bytes)
            var plain = ByteBuffer()
            while let piece = wire.readSlice(length: min(wire.readableBytes, 10_007)), piece.readableBytes > 0 {
                plain.writeImmutableBuffer(try pair[keyPath: opening].open(piece).bytes)
            }
            #expect(plain == bytes)
        }
    }

    @Test("a dialer's certificate is taken where it is demanded, and names it", arguments: ["client", "named"])
    func mutual(name: String) throws {
        var pair = try TLSMemory.pair(certificates, listener: { $0.demandsClient = true }, dialerName: name)
        pair.run()
        #expect(pair.listener.error == nil)
        #expect(pair.listener.result?.identity == (name == "client" ? "tls:client" : "tls:ada.example"))
    }

    @Test("a dialer with a wrong certificate, or none, is refused, and told", arguments: [nil, "stranger", "expired"])
    func mutualRefused(name: String?) throws {
        var pair = try TLSMemory.pair(certificates, listener: { $0.demandsClient = true }, dialerName: name)
        pair.run()
        #expect(pair.listener.error?.code == .authenticationFailed)
        #expect(pair.listener.result == nil)
        // The dialer was done when it had spoken: the alert comes behind.
        let wire = pair.toDialer
        #expect(throws: PatchbayError.self) { try pair.dialer.open(wire) }
        let told = #expect(throws: PatchbayError.self) { try pair.dialer.open(ByteBuffer()) }
        #expect(told?.code == .authenticationFailed)
        #expect(told?.message.contains("refuses this end's certificate") == true)
    }

    @Test("a listener that is not to be trusted is refused, and told", arguments: ["stranger", "expired", "client"])
    func wrongListener(name: String) throws {
        var pair = try TLSMemory.pair(certificates, listenerName: name)
        pair.run()
        let error = try #require(pair.dialer.error)
        #expect(error.code == .authenticationFailed)
        #expect(error.message.contains(name == "expired" ? "expired" : name == "client" ? "another name" : "not to be trusted"), "\(error)")
        #expect(pair.listener.result == nil)
        // Of a wrong name the handler tells nothing.
        if name != "client" { #expect(pair.listener.error?.code == .authenticationFailed) }
    }

    @Test(
        "a name is compared with the certificate's",
        arguments: ["localhost", "second.example", "127.0.0.1", "third.example", "127.0.0.2", "::1"]
    )
    func names(host: String) throws {
        var pair = try TLSMemory.pair(certificates, host: host)
        pair.run()
        let isRight = ["localhost", "second.example", "127.0.0.1"].contains(host)
        #expect((pair.dialer.result != nil) == isRight)
        #expect(pair.dialer.error?.code == (isRight ? nil : .authenticationFailed))
        var named = try TLSMemory.pair(certificates, dialer: { $0.serverName = "localhost" }, host: host)
        named.run()
        #expect(named.dialer.result != nil)
    }

    @Test("verify=none takes any listener, and names none")
    func unverified() throws {
        var options = try TLSMemory.options(certificates, .dialer)
        options.verifies = false
        let dialer = try TLSMemory.End(options, .dialer, host: "third.example", insecure: true)
        var pair = TLSMemory(dialer, try .init(TLSMemory.options(certificates, .listener, as: "stranger"), .listener))
        pair.run()
        #expect(try #require(pair.dialer.result).identity == nil)
    }

    @Test(
        "both ends must name the same protocol inside",
        arguments: [("patchbay", "imap"), ("patchbay", nil), (nil, "patchbay"), (nil, nil), ("imap", "imap")]
    )
    func applicationProtocol(dialer: String?, listener: String?) throws {
        var pair = try TLSMemory.pair(
            certificates,
            dialer: { $0.applicationProtocol = dialer },
            listener: { $0.applicationProtocol = listener }
        )
        pair.run()
        if dialer == listener {
            #expect(pair.dialer.result != nil && pair.listener.result != nil)
        } else if dialer != nil {
            #expect(pair.dialer.error?.code == .protocolViolation)
            #expect(pair.listener.result == nil || listener == nil)
        } else {
            #expect(pair.listener.error?.code == .protocolViolation)
        }
    }

    @Test("a record that is changed, dropped, repeated or swapped ends the connection, and an alert says so")
    func records() throws {
        for change in 0..<4 {
            var pair = try TLSMemory.pair(certificates)
            pair.run()
            _ = try pair.dialer.open(pair.toDialer)
            let records = try ["one", "two", "three"].map { try pair.listener.seal($0) }
            var wire = ByteBuffer()
            switch change {
            case 0:
                var changed = Array(records[0].readableBytesView)
                changed[changed.count - 1] ^= 1
                wire.writeBytes(changed)
            case 1: for index in [1, 2] { wire.writeImmutableBuffer(records[index]) }
            case 2: for index in [0, 0] { wire.writeImmutableBuffer(records[index]) }
            default: for index in [1, 0] { wire.writeImmutableBuffer(records[index]) }
            }
            var plain = ByteBuffer()
            var failure: PatchbayError?
            do {
                while case .bytes? = try pair.dialer.opener?.open(&wire, into: &plain, upTo: 4096) {}
            } catch {
                failure = error
            }
            #expect(failure?.code == .authenticationFailed)
            #expect(plain == ByteBuffer(string: change == 2 ? "one" : ""))
            let alert = try pair.dialer.seal("never sent")
            #expect(alert.readableBytes > 0)
            #expect(throws: PatchbayError.self) { try pair.dialer.seal("never sent") }
            let told = #expect(throws: PatchbayError.self) { try pair.listener.open(alert) }
            #expect(told?.code == .authenticationFailed)
        }
    }

    /// How far an engine's life came.
    enum Life: CaseIterable {
        case made, started, failed, up, closing, closed
    }

    @Test("an engine that is let go leaves nothing behind", arguments: Life.allCases)
    func released(life: Life) throws {
        weak var channel: AnyObject?
        weak var handler: AnyObject?
        do {
            let engine = try TLSEngine(
                TLSSettings(TLSMemory.options(certificates, .dialer), for: AuthenticatorEnd(role: .dialer, host: "localhost"))
            )
            let peer = try TLSEngine(TLSSettings(TLSMemory.options(certificates, .listener), for: AuthenticatorEnd(role: .listener)))
            channel = Mirror(reflecting: engine).descendant("channel") as AnyObject
            handler = Mirror(reflecting: engine).descendant("handler") as AnyObject
            if life != .made { engine.start() }
            if life == .failed { engine.receive(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n")) }
            if life == .up || life == .closing || life == .closed {
                peer.start()
                for _ in 0..<3 {
                    peer.receive(engine.takeOutput())
                    engine.receive(peer.takeOutput())
                }
                #expect(engine.isUp && peer.isUp)
                var wire = ByteBuffer()
                if life != .up { engine.sealEnd(into: &wire) }
                if life == .closed {
                    peer.receive(wire)
                    wire.clear()
                    peer.sealEnd(into: &wire)
                    engine.receive(wire)
                }
            }
            #expect((engine.failure != nil) == (life == .failed))
            #expect(channel != nil && handler != nil)
        }
        #expect(channel == nil && handler == nil)
    }

    @Test("a cut anywhere in the handshake leaves both waiting, for the connection to end", arguments: [Role.dialer, .listener])
    func cut(role: Role) async throws {
        var whole = try TLSMemory.pair(certificates)
        whole.run()
        let count = (role == .dialer ? whole.dialer : whole.listener).sent.readableBytes
        #expect(count > 100)
        for cut in stride(from: 0, to: count, by: role == .dialer ? 1 : 3) {
            var pair = try TLSMemory.pair(certificates)
            pair.run { $0 == role && $1 >= cut ? nil : $2 }
            await Task.yield()
            #expect(pair.dialer.result == nil && pair.listener.result == nil, "cut at \(cut)")
            #expect(pair.dialer.error == nil && pair.listener.error == nil, "cut at \(cut)")
        }
    }

    @Test("a changed byte of the handshake is a typed error", arguments: [Role.dialer, .listener])
    func flipped(role: Role) async throws {
        var whole = try TLSMemory.pair(certificates)
        whole.run()
        let sent = Array((role == .dialer ? whole.dialer : whole.listener).sent.readableBytesView)
        // The version of a record that is not encrypted is to be ignored: RFC 8446, section 5.1. Those are the first hello of each end,
        // and the listener's change_cipher_spec behind it.
        let second = 5 + Int(sent[3]) << 8 + Int(sent[4])
        let ignored = role == .dialer ? [2] : [2, second + 2]
        if role == .listener { #expect(sent[second] == 20) }
        for index in sent.indices where !ignored.contains(index) {
            var pair = try TLSMemory.pair(certificates)
            pair.run { $0 == role && $1 == index ? $2 ^ 0x10 : $2 }
            await Task.yield()
            // Signatures differ in length: this handshake may be shorter, and the byte one of what follows it.
            guard index < (role == .dialer ? pair.dialer : pair.listener).sent.readableBytes else { continue }
            let isAgreed = pair.dialer.result != nil && pair.listener.result != nil
            #expect(!isAgreed, "byte \(index) of the \(role), whose second record is at \(second)")
            for error in [pair.dialer.error, pair.listener.error].compactMap({ $0 }) {
                #expect([.authenticationFailed, .protocolViolation].contains(error.code))
                #expect(error.layer == "tls")
            }
        }
    }

    @Test("10,000 forged inputs are refused or waited on, never taken, never a trap")
    func forged() async throws {
        var random = FuzzSource.forTest()
        var sample = try TLSMemory.pair(certificates)
        sample.run()
        let hello = Array(sample.dialer.sent.readableBytesView)
        let answer = Array(sample.listener.sent.readableBytesView)
        for number in 0..<9_500 {
            let role: Role = number % 4 == 0 ? .dialer : .listener
            var end = try TLSMemory.End(TLSMemory.options(certificates, role), role)
            _ = end.step(.start)
            await Task.yield()
            let forged = random.input(from: role == .dialer ? answer : hello, longest: 600)
            for piece in [forged.prefix(forged.count / 2), forged.suffix(forged.count - forged.count / 2)]
            where !end.isOver && !piece.isEmpty {
                _ = end.step(.message(ByteBuffer(bytes: piece)))
            }
            #expect(end.result == nil)
        }
        for _ in 0..<500 {
            var pair = try TLSMemory.pair(certificates)
            pair.run()
            _ = try pair.dialer.open(pair.toDialer)
            await Task.yield()
            let record = Array(try pair.listener.seal("the real one").readableBytesView)
            let forged = random.input(from: record, longest: 100)
            guard forged != record else { continue }
            if let opened = try? pair.dialer.open(ByteBuffer(bytes: forged)) {
                #expect(opened.bytes.readableBytes == 0 || opened.bytes == ByteBuffer(string: "the real one"))
            }
        }
    }
}
