import Glibc
import NIOCore
import Patchbay
import PatchbayTesting
import Testing

/// Within one process; Tests/InteropTests has two.
@Suite("Connections handed over", .timeLimit(.minutes(1)))
struct HandOverTests {
    private static let carrier = Wiring(dialer: "descriptors=true", listener: "descriptors=true")

    /// Hands `connection` through a fresh carrier.
    private func handOver(_ connection: Connection) async throws -> Connection {
        try await withPair(.unix, Self.carrier) { here, there in
            async let taken = Connection.takeOver(from: there)
            try await connection.handOver(to: here)
            return try #require(try await taken)
        }
    }

    @Test("both directions go on, again and again, over sockets of each kind", arguments: Medium.sockets)
    func goesOn(medium: Medium) async throws {
        try await withPair(medium, Wiring(layers: "json+", user: "ada")) { dialed, accepted in
            var accepted = accepted
            for round in 0..<3 {
                try await dialed.send(text: "\(round)")
                try await accepted.send(text: "here \(round)")
                let next = try await handOver(accepted)
                #expect(await thrown { try await accepted.send(text: "x") } == .closed)
                #expect(await thrown { _ = try await accepted.receiveBytes() } == .closed)
                #expect(await thrown { try await accepted.handOver(to: accepted) } == .invalidArgument)
                await accepted.close()
                accepted = next
                #expect(try await accepted.receiveText() == "\(round)")
                #expect(try await dialed.receiveText() == "here \(round)")
                #expect(accepted.peer.user == "ada")
                #expect(accepted.peer.credentials?.processID == (medium == .unix ? getpid() : nil))
            }
            await dialed.close()
            #expect(try await accepted.receiveText() == nil)
            await accepted.close()
        }
    }

    @Test("whoever waits is told, and the peer's limits go along")
    func waiting() async throws {
        try await withPair(.unix, Wiring(dialer: "max-message=100")) { dialed, accepted in
            let waiting = Task { await thrown { _ = try await accepted.receiveBytes() } }
            let next = try await handOver(accepted)
            #expect(await waiting.value == .closed)
            #expect(await thrown { try await next.send(bytes: pattern(101)) } == .messageTooLarge)
            try await next.send(bytes: pattern(100))
            #expect(try await dialed.receiveBytes() == pattern(100))
            await next.close()
        }
    }

    @Test("what the peer has not taken yet goes along, in order")
    func unsent() async throws {
        try await withPair(.unix) { dialed, accepted in
            for number in 0..<8 { try await accepted.send(bytes: pattern(1000, seed: number)) }
            // More than the socket holds: the rest waits.
            try await accepted.send(bytes: pattern(900_000, seed: 8))
            let next = try await handOver(accepted)
            try await next.send(text: "last")
            async let closing: Void = next.close()
            for number in 0..<8 { #expect(try await dialed.receiveBytes() == pattern(1000, seed: number)) }
            #expect(try await dialed.receiveBytes() == pattern(900_000, seed: 8))
            #expect(try await dialed.receiveText() == "last")
            #expect(try await dialed.receiveText() == nil)
            await closing
        }
    }

    @Test("fragments, a message that was looked at, descriptors and the peer's end go along", arguments: [false, true])
    func received(isLookedAt: Bool) async throws {
        let listener = try await Listener.bind(Medium.unix.url(Wiring(layers: "bare+", listener: "descriptors=true")))
        defer { listener.close() }
        async let accepting = listener.accept()
        let raw = try await Connection.connect(to: try ConnectionURL(listener.url + "?descriptors=true"))
        let accepted = try await accepting
        try await raw.send(text: "one")
        try await raw.send(pipeHolding: "first")
        try await raw.send(pipeHolding: "second")
        try await raw.send(text: "two")
        try await raw.finishSending()
        #expect(try await accepted.poll(timeout: .seconds(20)))
        if isLookedAt {
            #expect(try await accepted.receiveText() == "one")
            #expect(await thrown { _ = try await accepted.receiveText() } == .outOfTurn)
        }
        let next = try await handOver(accepted)
        if !isLookedAt { #expect(try await next.receiveText() == "one") }
        #expect(try await next.receivePipe() == "first")
        let last = try await handOver(next)
        #expect(try await last.receivePipe() == "second")
        #expect(try await last.receiveText() == "two")
        #expect(try await last.receiveText() == nil)
        let ended = try await handOver(last)
        #expect(try await ended.receiveText() == nil)
        try await ended.send(text: "still")
        await ended.close()
        #expect(try await raw.receiveText() == "still")
        await raw.close()
    }

    @Test("a message that came in fragments so far goes on")
    func fragments() async throws {
        let listener = try await Listener.bind(Medium.unix.url(Wiring(layers: "bare+")))
        defer { listener.close() }
        async let accepting = listener.accept()
        let raw = try await Connection.connect(to: listener.plain())
        let accepted = try await accepting
        try await raw.send(bytes: ByteBuffer(bytes: [0x40, 0, 0, 1, 104, 0x40, 0, 0, 1, 105, 0x80, 0, 0, 1, 7]))
        raw.flush()
        // The answer to the ping says that what stands before it was read.
        let looking = Task { try await accepted.receiveText() }
        #expect(try await raw.receive(exactly: 5, timeout: .seconds(20)) == ByteBuffer(bytes: [0x80, 0, 0, 1, 8]))
        looking.cancel()
        await #expect(throws: CancellationError.self) { try await looking.value }
        let next = try await handOver(accepted)
        try await raw.send(bytes: ByteBuffer(bytes: [0, 0, 0, 1, 33]))
        raw.flush()
        #expect(try await next.receiveText() == "hi!")
        await next.close()
        raw.abort()
    }

    @Test("an end that has finished sending stays finished")
    func finished() async throws {
        try await withPair(.unix) { dialed, accepted in
            try await accepted.finishSending()
            let next = try await handOver(accepted)
            #expect(next.state == .finishing)
            #expect(await thrown { try await next.send(text: "x") } == .closed)
            #expect(try await dialed.receiveText() == nil)
            try await dialed.send(text: "late")
            #expect(try await next.receiveText() == "late")
            await next.close()
        }
    }

    @Test("what cannot move says so, and goes on", arguments: ["hmac+", "noise+"])
    func sealed(layers: String) async throws {
        let key = "key=0123456789abcdef"
        try await withPair(.unix, Wiring(layers: layers, dialer: key, listener: key)) { dialed, accepted in
            try await withPair(.unix, Self.carrier) { here, _ in
                #expect(await thrown { try await accepted.handOver(to: here) } == .unsupported)
            }
            try await dialed.send(text: "still here")
            #expect(try await accepted.receiveText() == "still here")
        }
    }

    @Test("pipes, closed connections and carriers without descriptors are refused")
    func refused() async throws {
        try await withPair(.unix, Self.carrier) { here, there in
            for medium in [Medium.pipe, .inproc] {
                try await withPair(medium) { dialed, _ in
                    #expect(await thrown { try await dialed.handOver(to: here) } == .unsupported)
                }
            }
            try await withPair(.unix) { dialed, accepted in
                #expect(await thrown { try await accepted.handOver(to: dialed) } == .unsupported)
                #expect(await thrown { _ = try await Connection.takeOver(from: dialed) } == .unsupported)
                await accepted.close()
                #expect(await thrown { try await accepted.handOver(to: here) } == .closed)
            }
            try await here.finishSending()
            #expect(try await Connection.takeOver(from: there) == nil)
            try await withPair(.unix) { _, accepted in
                #expect(await thrown { try await accepted.handOver(to: here) } == .closed)
                try await accepted.send(text: "goes on")
            }
        }
    }

    @Test("what comes through a carrier and is no connection is refused")
    func hostile() async throws {
        func takeOver(_ send: (Connection) async throws -> Void) async throws -> PatchbayError.Code? {
            try await withPair(.unix, Self.carrier) { here, there in
                try await send(here)
                try await here.finishSending()
                return await thrown { _ = try await Connection.takeOver(from: there) }
            }
        }
        // As docs/decisions/0014 lays it out: no flags, no limit, no descriptor.
        func state(_ stack: String, count: UInt64? = nil) -> ByteBuffer {
            var body = ByteBuffer(bytes: [0])
            for number in [UInt64.max, .max, UInt64(stack.utf8.count)] { body.writeInteger(number) }
            body.writeString(stack)
            body.writeBytes([0, 0])
            for _ in 0..<4 { body.writeInteger(UInt64(0)) }
            var whole = ByteBuffer(string: "PBHO")
            whole.writeBytes([1])
            whole.writeInteger(count ?? UInt64(body.readableBytes))
            whole.writeImmutableBuffer(body)
            return whole
        }
        #expect(try await takeOver { try await $0.send(text: "not this way") } == .protocolViolation)
        #expect(try await takeOver { try await $0.send(bytes: state("", count: 1 << 40)) } == .limitExceeded)
        #expect(try await takeOver { try await $0.send(bytes: state("", count: 1000)) } == .truncated)
        #expect(try await takeOver { try await $0.send(bytes: state("json+length+handed-over://")) } == .truncated)
        for (stack, code) in [
            ("json+length+tcp://127.0.0.1:1", .protocolViolation), ("nothing+handed-over://", .unknownLayer), ("\u{0}", .invalidURL),
            ("hmac+handed-over://?key=0123456789abcdef", .protocolViolation), ("json+length+handed-over://", .notASocket),
        ] as [(String, PatchbayError.Code)] {
            let found = try await takeOver { carrier in
                try await carrier.send(bytes: state(stack))
                try await carrier.send(pipeHolding: "no socket")
            }
            #expect(found == code, "\(stack)")
        }
        // A socket that is there, but no connection.
        let found = try await takeOver { carrier in
            let packets = OwnedDescriptor(socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0))
            try await carrier.send(bytes: state("json+length+handed-over://"))
            try await carrier.sendDescriptor(packets.number)
        }
        #expect(found == .notASocket)
    }

    @Test("no descriptor is left open on any of these ways")
    func leaks() async {
        await #expect(processExitsWith: .success) {
            let test = HandOverTests()
            func all() async throws {
                try await test.goesOn(medium: .unix)
                try await test.received(isLookedAt: true)
                try await test.refused()
                try await test.hostile()
            }
            try await all()
            let files = openFiles().count
            for _ in 0..<3 { try await all() }
            try await eventually { openFiles().count <= files }
        }
    }
}
