import NIOCore
import Patchbay
import Testing

@Suite("Waiting, timeouts and cancellation", .timeLimit(.minutes(1)))
struct WaitingTests {
    // The meaning of poll in CPython's multiprocessing.connection, and of its tests test_poll and test_empty_string.
    @Test("polling consumes nothing, an empty message polls true again and again, and so does the end", arguments: Medium.allCases)
    func poll(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            #expect(try await !accepted.poll())
            #expect(try await !accepted.poll(timeout: .milliseconds(-5)))
            #expect(try await !accepted.poll(timeout: .milliseconds(10)))
            for text in ["", "", "x"] { try await dialed.send(text: text) }
            for _ in 0..<5 { #expect(try await accepted.poll(timeout: nil)) }
            #expect(try await accepted.receiveText() == "")
            for _ in 0..<5 { #expect(try await accepted.poll(timeout: .seconds(20))) }
            #expect(try await accepted.receiveText() == "")
            #expect(try await accepted.poll(timeout: .seconds(20)))
            #expect(try await accepted.receiveText() == "x")
            #expect(try await !accepted.poll())
            try await dialed.finishSending()
            for _ in 0..<3 { #expect(try await accepted.poll(timeout: nil)) }
            #expect(try await accepted.poll(timeout: .milliseconds(-1)))
            #expect(try await accepted.receiveText() == nil)
            #expect(try await accepted.poll())
        }
    }

    @Test("an error that a receive would throw counts as readable", arguments: Medium.named)
    func pollOfAnError(medium: Medium) async throws {
        let wiring = Wiring(layers: "bare+", listener: "max-message=10")
        try await withPair(medium, wiring) { dialed, accepted in
            try await dialed.send(bytes: pattern(11))
            for _ in 0..<3 { #expect(try await accepted.poll(timeout: .seconds(20))) }
            #expect(await thrown { _ = try await accepted.receiveBytes() } == .messageTooLarge)
        }
    }

    @Test("a receive that times out or is cancelled loses nothing, and the connection goes on", arguments: Medium.allCases)
    func receive(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            for round in 0..<20 {
                let start = ContinuousClock.now
                #expect(await thrown { _ = try await accepted.receiveBytes(timeout: .milliseconds(3)) } == .timedOut)
                #expect(ContinuousClock.now - start >= .milliseconds(3))
                let receiving = Task { try await accepted.receiveBytes() }
                receiving.cancel()
                await #expect(throws: CancellationError.self) { try await receiving.value }
                try await dialed.send(text: "\(round)")
                #expect(try await accepted.receiveText() == "\(round)")
            }
            #expect(await thrown { _ = try await accepted.receiveBytes(timeout: .zero) } == .timedOut)
        }
    }

    @Test("a receive cancelled in the middle of a frame keeps its beginning", arguments: Medium.named)
    func middleOfFrame(medium: Medium) async throws {
        let listener = try await Listener.bind(medium.url(Wiring(layers: "bare+")))
        defer { listener.close() }
        async let accepting = listener.accept()
        let raw = try await Connection.connect(to: listener.plain())
        let accepted = try await accepting
        let message = pattern(300_000)
        var frame = ByteBuffer(integer: UInt32(300_000))
        frame.writeImmutableBuffer(message)
        while let piece = frame.readSlice(length: min(frame.readableBytes, 30_001)), piece.readableBytes > 0 {
            try await raw.send(bytes: piece)
            guard frame.readableBytes > 0 else { break }
            #expect(await thrown { _ = try await accepted.receiveBytes(timeout: .milliseconds(2)) } == .timedOut)
            let receiving = Task { try await accepted.receiveBytes() }
            receiving.cancel()
            await #expect(throws: CancellationError.self) { try await receiving.value }
        }
        #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == message)
    }

    @Test("the URL's receive-timeout holds for every receive without its own", arguments: Medium.named)
    func receiveTimeout(medium: Medium) async throws {
        try await withPair(medium, Wiring(listener: "receive-timeout=20ms")) { dialed, accepted in
            #expect(await thrown { _ = try await accepted.receiveBytes() } == .timedOut)
            async let received = accepted.receiveBytes(timeout: .seconds(20))
            #expect(await thrown { _ = try await accepted.receiveBytes() } == .timedOut)
            try await dialed.send(text: "late")
            #expect(try await received.map { String(buffer: $0) } == "late")
        }
    }

    /// Sends until the peer's slowness makes a send wait, and gives the number that were taken.
    private func fill(_ connection: Connection, _ message: ByteBuffer) async throws -> Int {
        for count in 0..<100_000 {
            do {
                try await connection.send(bytes: message)
            } catch let error as PatchbayError where error.code == .timedOut {
                return count
            }
        }
        return 0
    }

    @Test("a send to a peer that does not read times out, has sent nothing, and the connection goes on", arguments: Medium.named)
    func sendTimeout(medium: Medium) async throws {
        try await withPair(medium, Wiring(dialer: "send-timeout=30ms")) { dialed, accepted in
            for size in [1000, 100_000] {
                let taken = try await fill(dialed, pattern(size))
                #expect(taken > 0)
                for _ in 0..<taken { #expect(try await accepted.receiveBytes(timeout: .seconds(20))?.readableBytes == size) }
                #expect(try await !accepted.poll())
            }
            try await dialed.send(text: "goes on")
            #expect(try await accepted.receiveText() == "goes on")
        }
    }

    @Test("a send that waits at the high-water mark is cancelled without a trace", arguments: Medium.named)
    func sendCancelled(medium: Medium) async throws {
        try await withPair(medium, Wiring(dialer: "send-timeout=200ms")) { dialed, accepted in
            let taken = try await fill(dialed, pattern(50_000))
            let sending = Task { try await dialed.send(text: "never") }
            sending.cancel()
            await #expect(throws: CancellationError.self) { try await sending.value }
            for _ in 0..<taken { #expect(try await accepted.receiveBytes(timeout: .seconds(20))?.readableBytes == 50_000) }
            try await dialed.send(text: "goes on")
            #expect(try await accepted.receiveText() == "goes on")
        }
    }

    @Test("what waits for a slow peer stays below a bound", arguments: Medium.named)
    func backPressure(medium: Medium) async throws {
        try await withPair(medium, Wiring(dialer: "send-timeout=30ms&high-water=64KiB")) { dialed, accepted in
            let taken = try await fill(dialed, pattern(1000))
            // The high-water mark, the medium's own buffers (at most 8 MiB for a TCP socket pair here), and one message.
            #expect(taken * 1004 < (64 << 10) + (medium == .tcp ? 16 << 20 : 1 << 20))
            for _ in 0..<taken { _ = try await accepted.receiveBytes(timeout: .seconds(20)) }
        }
    }

    @Test("many senders, some of them cancelled: nothing is torn, and nothing that was taken is lost", arguments: Medium.allCases)
    func tornFrames(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            let sizes = [0, 1, 100, 16_380, 16_384, 16_385, 65_536, 131_072, 300_000]
            let sent = Counter()
            async let received: (count: Int, whole: Int) = {
                var (count, whole) = (0, 0)
                while let message = try await accepted.receiveBytes(timeout: .seconds(30)) {
                    count += 1
                    let number = message.getInteger(at: message.readerIndex, as: UInt32.self).map(Int.init) ?? -1
                    let size = number < 0 ? -1 : sizes[number % sizes.count]
                    if size >= 0,
                        message.getSlice(at: message.readerIndex + 4, length: message.readableBytes - 4) == pattern(size, seed: number)
                    {
                        whole += 1
                    }
                }
                return (count, whole)
            }()
            await withTaskGroup { group in
                for sender in 0..<16 {
                    group.addTask {
                        for round in 0..<40 {
                            let number = sender * 40 + round
                            var message = ByteBuffer(integer: UInt32(number))
                            message.writeImmutableBuffer(pattern(sizes[number % sizes.count], seed: number))
                            let whole = message
                            let sending = Task { try await dialed.send(bytes: whole) }
                            if number % 3 == 0 { sending.cancel() }
                            if case .success = await sending.result { sent.add() }
                        }
                    }
                }
            }
            try await dialed.finishSending()
            let result = try await received
            #expect(result.count == sent.value)
            #expect(result.whole == sent.value)
            #expect(sent.value >= 16 * 40 * 2 / 3)
        }
    }

    @Test("receives at the same time each get a message of their own", arguments: Medium.allCases)
    func receivers(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            let numbers = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var mine: [Int] = []
                        while let text = try await accepted.receiveText() { mine.append(Int(text) ?? -1) }
                        return mine
                    }
                }
                for number in 0..<2000 { try await dialed.send(text: "\(number)") }
                try await dialed.finishSending()
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(numbers.sorted() == Array(0..<2000))
        }
    }

    @Test("accept and connect are cancelled at once, and the listener goes on")
    func acceptAndConnect() async throws {
        let listener = try await Listener.bind(Medium.tcp.url())
        defer { listener.close() }
        for _ in 0..<20 {
            let accepting = Task { try await listener.accept() }
            accepting.cancel()
            await #expect(throws: CancellationError.self) { try await accepting.value }
        }
        let url = try listener.dialable()
        for _ in 0..<20 {
            let connecting = Task { try await Connection.connect(to: url) }
            connecting.cancel()
            if case .failure(let error) = await connecting.result { #expect(error is CancellationError) }
        }
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: url)
        try await dialed.send(text: "fine")
        // Connections that were cancelled late may have been accepted before.
        var text = try await accepting.receiveText()
        while text == nil { text = try await listener.accept().receiveText() }
        #expect(text == "fine")
    }

    @Test("a peer that says nothing in the handshake ends it with a timeout, and cancelling it is prompt", arguments: Medium.named)
    func handshake(medium: Medium) async throws {
        // It accepts, and speaks plain bytes: no greeting.
        let silent = try await Listener.bind(medium.url(Wiring(layers: "none+bare+")))
        defer { silent.close() }
        async let first = silent.accept()
        let url = silent.url.drop { $0 != "+" }.dropFirst().drop { $0 != "+" }.dropFirst()
        let timed = try ConnectionURL(String(url) + "?handshake-timeout=30ms")
        let error = await #expect(throws: PatchbayError.self) { _ = try await Connection.connect(to: timed) }
        #expect(error?.code == .timedOut)
        #expect(error?.stage == .handshake)
        let patient = try ConnectionURL(String(url))
        let connecting = Task { try await Connection.connect(to: patient) }
        let accepted = try await [first, silent.accept()]
        connecting.cancel()
        await #expect(throws: CancellationError.self) { try await connecting.value }
        withExtendedLifetime(accepted) {}
    }

    @Test("a polite connection beside a flood on the same reactor has its 300 round trips", arguments: Medium.allCases)
    func fairness(medium: Medium) async throws {
        let reactors = try ReactorGroup()
        let wiring = Wiring(reactors: reactors)
        try await withPair(medium, wiring) { flooding, flooded in
            try await withPair(medium, wiring) { polite, echo in
                let drained = Counter()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask(executorPreference: flooding.reactor) {
                        let message = pattern(4096)
                        while !Task.isCancelled { try await flooding.send(bytes: message) }
                    }
                    group.addTask(executorPreference: flooded.reactor) {
                        while !Task.isCancelled, try await flooded.receiveBytes() != nil { drained.add() }
                    }
                    group.addTask(executorPreference: echo.reactor) {
                        while !Task.isCancelled, let message = try await echo.receiveBytes() { try await echo.send(bytes: message) }
                    }
                    try await eventually { drained.value > 0 }
                    let before = drained.value
                    for number in 0..<300 {
                        try await polite.send(text: "\(number)")
                        #expect(try await polite.receiveText() == "\(number)")
                    }
                    // A round trip takes a few turns of the reactor, and a turn of the flood has at most 16 reads of 128 KiB: 512 messages.
                    #expect(drained.value - before < 300 * 8 * 520)
                    group.cancelAll()
                    while await group.nextResult() != nil {}
                }
            }
        }
        reactors.stop()
    }
}
