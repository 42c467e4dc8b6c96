import CPatchbayIO
import Glibc
import NIOCore
import Patchbay
import Testing

@Suite("The end of a connection", .timeLimit(.minutes(1)))
struct EndingTests {
    @Test("either direction ends by itself, and the other goes on", arguments: Medium.allCases)
    func halfClose(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            #expect(dialed.state == .open)
            try await dialed.send(text: "last")
            try await dialed.finishSending()
            try await dialed.finishSending()
            #expect(dialed.state == .finishing)
            #expect(await thrown { try await dialed.send(text: "late") } == .closed)
            #expect(try await accepted.receiveText() == "last")
            for _ in 0..<3 { #expect(try await accepted.receiveText() == nil) }
            for text in ["still", "here"] { try await accepted.send(text: text) }
            #expect(try await dialed.receiveText() == "still")
            try await accepted.finishSending()
            #expect(try await dialed.receiveText() == "here")
            #expect(try await dialed.receiveText() == nil)
        }
    }

    @Test(
        "behind a greeting either direction ends by itself whatever the framing, which may have no control frames",
        arguments: ["length", "length32", "length64", "varint", "textual-length", "lines", "separated"],
        ["", "noise+"]
    )
    func framings(framing: String, securing: String) async throws {
        var wiring = Wiring(layers: "\(framing)+\(securing)")
        if !securing.isEmpty { wiring.user = ":0123456789abcdef0123456789abcdef" }
        if !securing.isEmpty { wiring.listener = "key=0123456789abcdef0123456789abcdef" }
        try await withPair(.unix, wiring) { dialed, accepted in
            try await dialed.send(text: "last")
            try await dialed.finishSending()
            #expect(try await accepted.receiveText() == "last")
            #expect(try await accepted.receiveText() == nil)
            try await accepted.send(text: "still here")
            try await accepted.finishSending()
            #expect(try await dialed.receiveText() == "still here")
            #expect(try await dialed.receiveText() == nil)
        }
    }

    @Test("closing while another task waits to receive returns the end there", arguments: Medium.allCases)
    func closeWhileReceiving(medium: Medium) async throws {
        for _ in 0..<20 {
            try await withPair(medium) { dialed, _ in
                let receiving = Task { try await dialed.receiveBytes() }
                await Task.detached { await dialed.close() }.value
                let received = try await receiving.value
                #expect(received == nil)
                #expect(dialed.state == .closed)
                #expect(try await dialed.receiveBytes() == nil)
                #expect(await thrown { try await dialed.send(text: "late") } == .closed)
            }
        }
    }

    @Test("closing while output waits for a slow peer ends a receive at once", arguments: Medium.allCases)
    func closeWithPendingOutput(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            let receiving = Task { try await dialed.receiveBytes() }
            let message = moreThanFits(medium)
            let sending = Task { try await dialed.send(bytes: message) }
            try await sending.value
            let closing = Task { await dialed.close() }
            #expect(try await receiving.value == nil)
            #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == message)
            #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == nil)
            await closing.value
        }
    }

    @Test("two tasks that close at once both wait, and nothing that was sent is lost", arguments: Medium.allCases)
    func closeTwice(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            let message = moreThanFits(medium)
            try await dialed.send(bytes: message)
            async let first: Void = dialed.close()
            async let second: Void = dialed.close()
            #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == message)
            #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == nil)
            await first
            await second
        }
    }

    @Test("finishing that was cancelled can be asked for again", arguments: Medium.allCases)
    func finishTwice(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            let message = moreThanFits(medium)
            try await dialed.send(bytes: message)
            let finishing = Task { try await dialed.finishSending() }
            finishing.cancel()
            await #expect(throws: CancellationError.self) { try await finishing.value }
            async let again: Void = dialed.finishSending()
            #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == message)
            #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == nil)
            try await again
        }
    }

    @Test("aborting ends waiting calls with an error and closes at once", arguments: Medium.allCases)
    func abort(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            try Task.checkCancellation()
            let receiving = Task { try await dialed.receiveBytes() }
            dialed.abort()
            #expect(await thrown { _ = try await receiving.value } == .closed)
            #expect(await thrown { try await dialed.send(text: "late") } == .closed)
            #expect(dialed.state == .closed)
            // A Unix socket cannot reset where nothing was unread: there the end looks orderly.
            let seen = await thrown {
                let end = try await accepted.receiveBytes(timeout: .seconds(20))
                #expect(end == nil)
            }
            #expect(medium == .unix ? seen == nil : seen == .reset)
        }
    }

    @Test("when the last reference goes, the peer sees what was sent, then the end; the objects are gone", arguments: Medium.allCases)
    func lastReference(medium: Medium) async throws {
        weak var weakConnection: Connection?
        try await withPair(medium) { first, accepted in
            let (dialed, peer) = try await Self.secondPair(medium)
            weakConnection = dialed
            try await dialed.send(text: "last words")
            // A receive that timed out must not keep it alive.
            #expect(await thrown { _ = try await dialed.receiveBytes(timeout: .milliseconds(1)) } == .timedOut)
            _ = consume dialed
            #expect(try await peer.receiveText() == "last words")
            #expect(try await peer.receiveText() == nil)
            _ = (first, accepted)
        }
        try await eventually { weakConnection == nil }
    }

    private static func secondPair(_ medium: Medium) async throws -> (Connection, Connection) {
        if medium == .pipe { return try Connection.pipe() }
        let listener = try await Listener.bind(medium.url())
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: listener.dialable())
        return (dialed, try await accepting)
    }

    @Test("closing waits for a peer that reads slowly, and it gets everything", arguments: Medium.allCases)
    func slowReader(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            // What waits stays below the high-water mark, so that only closing has to wait for the reader.
            let waiting = 10
            for number in 0..<100 {
                try await dialed.send(bytes: pattern(20_000, seed: number))
                guard number >= waiting else { continue }
                #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == pattern(20_000, seed: number - waiting))
            }
            async let closing: Void = dialed.close()
            for number in 100 - waiting..<100 {
                try await ReactorGroup.shared.next().sleep(for: .milliseconds(3))
                #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == pattern(20_000, seed: number))
            }
            #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == nil)
            await closing
        }
    }

    @Test("a peer that goes on sending after this end closed still reads all that was sent to it", arguments: Medium.allCases)
    func lingering(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            // Unread input would turn a plain close into a reset.
            try await accepted.send(bytes: pattern(100_000))
            try await dialed.send(bytes: pattern(150_000, seed: 1))
            await dialed.close()
            for _ in 0..<10 { try await accepted.send(bytes: pattern(10_000)) }
            accepted.flush()
            #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == pattern(150_000, seed: 1))
            #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == nil)
        }
    }

    @Test("a peer that never ends is cut off after close-timeout", arguments: Medium.named)
    func closeTimeout(medium: Medium) async throws {
        try await withPair(medium, Wiring(dialer: "close-timeout=50ms")) { dialed, accepted in
            await dialed.close()
            let end = try await accepted.receiveBytes(timeout: .seconds(20))
            #expect(end == nil)
            // This end stays open: the other must let go of the stream all the same, so that sending fails in the end.
            let code = await thrown { while true { try await accepted.send(bytes: pattern(1000)) } }
            #expect(code == .reset)
        }
    }

    @Test("closing gives up on a peer that reads nothing after close-timeout", arguments: Medium.named)
    func closeWithoutReader(medium: Medium) async throws {
        try await withPair(medium, Wiring(dialer: "close-timeout=100ms")) { dialed, accepted in
            try await dialed.send(bytes: moreThanFits(medium))
            let start = ContinuousClock.now
            await dialed.close()
            #expect(ContinuousClock.now - start >= .milliseconds(100))
            #expect(ContinuousClock.now - start < .seconds(10))
            _ = accepted
        }
    }

    @Test("a stream that ends inside a frame is truncated, at every cut", arguments: Medium.sockets)
    func truncated(medium: Medium) async throws {
        let frame: [UInt8] = [0, 0, 0, 3, 97, 98, 99]
        let listener = try await Listener.bind(medium.url(Wiring(layers: "bare+")))
        defer { listener.close() }
        for cut in 0...frame.count {
            async let accepting = listener.accept()
            let raw = try await Connection.connect(to: listener.plain())
            let accepted = try await accepting
            try await raw.send(bytes: ByteBuffer(bytes: frame + frame[..<cut]))
            await raw.close()
            #expect(try await accepted.receiveText() == "abc")
            if cut == 0 {
                #expect(try await accepted.receiveText() == nil)
            } else if cut == frame.count {
                #expect(try await accepted.receiveText() == "abc")
                #expect(try await accepted.receiveText() == nil)
            } else {
                for _ in 0..<2 { #expect(await thrown { _ = try await accepted.receiveText() } == .truncated) }
                #expect(try await accepted.poll())
            }
        }
    }

    @Test("a reset is an error of its own, whether this end waits or not")
    func reset() async throws {
        for waits in [true, false] {
            try await withPair(.tcp) { dialed, accepted in
                try await accepted.send(text: "unread")
                if waits {
                    let unread = try await dialed.receiveBytes()
                    #expect(unread?.readableBytes == 6)
                    let receiving = Task { try await accepted.receiveBytes() }
                    dialed.abort()
                    let code = await thrown { _ = try await receiving.value }
                    #expect(code == .reset)
                } else {
                    dialed.abort()
                    #expect(await thrown { _ = try await accepted.receiveBytes(timeout: .seconds(20)) } == .reset)
                }
                #expect(await thrown { for _ in 0..<100 { try await accepted.send(text: "x") } } == .reset)
            }
        }
    }

    @Test("a closure that returns closes in order, and one that throws aborts", arguments: [true, false])
    func scope(throwing: Bool) async throws {
        struct Failure: Error {}
        let listener = try await Listener.bind(Medium.tcp.url())
        defer { listener.close() }
        async let accepting = listener.accept()
        do {
            try await withConnection(to: listener.dialable()) { connection in
                try await connection.send(text: "sent")
                if throwing {
                    connection.flush()
                    throw Failure()
                }
            }
        } catch is Failure {
            #expect(throwing)
        }
        let accepted = try await accepting
        let code = await thrown {
            let (text, end) = (try await accepted.receiveText(), try await accepted.receiveText())
            #expect(text == "sent")
            #expect(end == nil)
        }
        #expect(code == (throwing ? .reset : nil))
    }
}

/// More than the medium and the connection hold: closing has to wait for the peer.
private func moreThanFits(_ medium: Medium) -> ByteBuffer { pattern(medium == .tcp ? 12 << 20 : 1 << 20) }

extension Listener {
    /// The same address for a peer that sends plain bytes, where the listener speaks `bare`.
    func plain() throws -> ConnectionURL { try ConnectionURL("none+bare+" + url.drop { $0 != "+" }.dropFirst()) }
}
