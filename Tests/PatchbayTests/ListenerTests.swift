import NIOCore
import Patchbay
import Testing

@Suite("A listener", .timeLimit(.minutes(1)))
struct ListenerTests {
    @Test("the URL that peers dial has the bound port and no secret")
    func boundURL() async throws {
        let key = "a-secret-of-24-characters"
        let listener = try await Listener.bind(ConnectionURL("json+hmac+tcp://:" + key + "@127.0.0.1"))
        defer { listener.close() }
        let port = try #require(listener.address?.port)
        #expect(port > 0)
        #expect(listener.url == "json+hmac+tcp://127.0.0.1:\(port)")
    }

    @Test("a second listener on a live address is refused", arguments: Medium.named)
    func secondBind(medium: Medium) async throws {
        let listener = try await Listener.bind(medium.url())
        defer { listener.close() }
        let url = try listener.dialable()
        #expect(await thrown { _ = try await Listener.bind(url) } == .addressInUse)
        listener.close()
        let next = try await Listener.bind(url)
        next.close()
    }

    @Test("connections are accepted one by one, and after closing that is an error of its own", arguments: Medium.named)
    func accept(medium: Medium) async throws {
        let listener = try await Listener.bind(medium.url())
        let url = try listener.dialable()
        for number in 0..<5 {
            async let accepting = listener.accept()
            let dialed = try await Connection.connect(to: url)
            try await dialed.send(text: "\(number)")
            #expect(try await accepting.receiveText() == "\(number)")
        }
        #expect((listener.lastAccepted?.host == "127.0.0.1") == (medium == .tcp))
        if medium == .unix { #expect(listener.lastAccepted == .unnamed) }
        let accepting = Task { try await listener.accept() }
        listener.close()
        #expect(await thrown { _ = try await accepting.value } == .closed)
        #expect(await thrown { _ = try await listener.accept() } == .closed)
        #expect(await thrown { try await listener.run { _ in } } == .closed)
        #expect([.connectionRefused, .noSuchSocket].contains(await thrown { _ = try await Connection.connect(to: url) }))
    }

    @Test("a connection that nobody took before the listener closed is closed", arguments: Medium.named)
    func untaken(medium: Medium) async throws {
        let listener = try await Listener.bind(medium.url())
        let url = try listener.dialable()
        async let accepting = listener.accept()
        let taken = try await Connection.connect(to: url)
        let first = try await accepting
        // Past its handshake, so it waits to be taken or is about to.
        let untaken = try await Connection.connect(to: url)
        listener.close()
        // It may have been on its way through the handshake; in either case it is over.
        let code = await thrown {
            let end = try await untaken.receiveBytes(timeout: .seconds(20))
            #expect(end == nil)
        }
        #expect(code == nil || code == .reset)
        try await first.send(text: "goes on")
        #expect(try await taken.receiveText() == "goes on")
    }

    @Test("what the dialer says of itself is seen when it is admitted and in the connection's peer", arguments: Medium.named)
    func handshakeData(medium: Medium) async throws {
        let listener = try await Listener.bind(medium.url())
        let offers = AsyncStream.makeStream(of: PeerOffer.self)
        let peers = AsyncStream.makeStream(of: Peer.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run(admit: { offer in
                    offers.continuation.yield(offer)
                    return offer.data["room"] == "blue" ? .admit : .refuse(reason: "this room is blue")
                }) { connection in
                    peers.continuation.yield(connection.peer)
                    _ = try await connection.receiveBytes()
                }
            }
            let blue = try listener.dialable(Wiring(dialer: "data.room=blue&data.seat=7", user: "ann"))
            try await withConnection(to: blue) { connection in #expect(connection.peer.number > 0) }
            let offer = try #require(await offers.stream.first { _ in true })
            #expect(offer.user == "ann")
            #expect(offer.data["room"] == "blue")
            #expect(offer.data.all("seat") == ["7"])
            let peer = try #require(await peers.stream.first { _ in true })
            #expect(peer.user == "ann" && peer.data == offer.data && peer.identity == nil)
            #expect((peer.credentials != nil) == (medium != .tcp))

            let red = try listener.dialable(Wiring(dialer: "data.room=red"))
            for _ in 0..<20 {
                let error = await #expect(throws: PatchbayError.self) { _ = try await Connection.connect(to: red) }
                #expect(error?.code == .refused)
                #expect(error?.message.contains("this room is blue") == true)
            }
            listener.stop(drain: .seconds(5))
            try await group.waitForAll()
        }
    }

    @Test("peers with another stack are refused, and both ends name both stacks", arguments: Medium.named)
    func wrongStack(medium: Medium) async throws {
        let listener = try await Listener.bind(medium.url(Wiring(layers: "json+")))
        let events = AsyncStream.makeStream(of: String.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run(onEvent: { event in
                    if case .handshakeFailed(_, let error as PatchbayError) = event, error.code == .stackMismatch {
                        events.continuation.yield(error.message)
                    }
                }) { _ in }
            }
            let other = try ConnectionURL(listener.url.replacing("json+", with: "msgpack+"))
            let error = await #expect(throws: PatchbayError.self) { _ = try await Connection.connect(to: other) }
            #expect(error?.code == .stackMismatch)
            let there = await events.stream.first { _ in true }
            for message in [error?.message ?? "", there ?? ""] { #expect(message.contains("json") && message.contains("msgpack")) }
            listener.stop(drain: .seconds(5))
            try await group.waitForAll()
        }
    }

    @Test("a throw of a connection's closure becomes an event, and the next connection is served", arguments: Medium.named)
    func bodyThrows(medium: Medium) async throws {
        struct Failure: Error {}
        let listener = try await Listener.bind(medium.url())
        let failures = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run(onEvent: { if case .connectionFailed(_, is Failure) = $0 { failures.add() } }) { connection in
                    guard try await connection.receiveText() == "fine" else { throw Failure() }
                    try await connection.send(text: "served")
                }
            }
            for _ in 0..<3 {
                let bad = try await Connection.connect(to: listener.dialable())
                try await bad.send(text: "bad")
                _ = try? await bad.receiveBytes(timeout: .seconds(20))
            }
            let good = try await Connection.connect(to: listener.dialable())
            try await good.send(text: "fine")
            #expect(try await good.receiveText() == "served")
            try await eventually { failures.value == 3 }
            listener.stop(drain: .seconds(5))
            try await group.waitForAll()
        }
    }

    @Test("stopping lets open conversations finish, and cancels those that outlast the drain", arguments: [true, false])
    func drain(finishes: Bool) async throws {
        let listener = try await Listener.bind(Medium.unix.url())
        let outcome = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run { connection in
                    do {
                        while let text = try await connection.receiveText(timeout: nil) { try await connection.send(text: text) }
                        outcome.add(1)
                    } catch is CancellationError { outcome.add(100) }
                }
            }
            let dialed = try await Connection.connect(to: listener.dialable())
            try await dialed.send(text: "before")
            #expect(try await dialed.receiveText() == "before")
            listener.stop(drain: finishes ? .seconds(20) : .milliseconds(30))
            if finishes {
                try await dialed.send(text: "after")
                #expect(try await dialed.receiveText() == "after")
                await dialed.close()
            }
            try await group.waitForAll()
            #expect(outcome.value == (finishes ? 1 : 100))
        }
    }

    @Test("cancelling run ends its connections and frees the address", arguments: Medium.named)
    func cancelRun(medium: Medium) async throws {
        let listener = try await Listener.bind(medium.url())
        let cancelled = Counter()
        let running = Task {
            try await listener.run { connection in
                do { _ = try await connection.receiveBytes() } catch is CancellationError { cancelled.add() }
            }
        }
        let connections = try await withThrowingTaskGroup(of: Connection.self) { group in
            let url = try listener.dialable()
            for _ in 0..<10 { group.addTask { try await Connection.connect(to: url) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        running.cancel()
        try await running.value
        for connection in connections { _ = try? await connection.receiveBytes(timeout: .seconds(20)) }
        #expect(cancelled.value <= 10)
        #expect(await thrown { _ = try await Connection.connect(to: listener.dialable()) } != nil)
    }

    @Test("1,000 silent peers do not delay a good one, are bounded in number, and the oldest give way")
    func silentPeers() async throws {
        let listener = try await Listener.bind(Medium.tcp.url(Wiring(listener: "max-pending=64&handshake-timeout=30s")))
        let address = try #require(listener.address)
        let evicted = Counter()
        let reactor = ReactorGroup.shared.next()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run(onEvent: { event in
                    if case .handshakeFailed(_, let error as PatchbayError) = event, error.code == .limitExceeded { evicted.add() }
                }) { connection in
                    while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
                }
            }
            var silent: [SocketStream] = []
            for _ in 0..<1000 { silent.append(try await SocketStream.connect(to: address, settings: TCPSettings(), reactor: reactor)) }
            try await withConnection(to: listener.dialable()) { connection in
                try await connection.send(text: "good")
                #expect(try await connection.receiveText() == "good")
            }
            // One source has a quarter of the places: 16. All others gave way.
            try await eventually { evicted.value >= 1000 - 16 }
            #expect(evicted.value <= 1000)
            for stream in silent { stream.close(abort: true) }
            listener.stop(drain: .zero)
            try await group.waitForAll()
        }
    }

    @Test("10,000 peers that connect and close at once do not delay a good one")
    func storm() async throws {
        let listener = try await Listener.bind(Medium.tcp.url())
        let address = try #require(listener.address)
        let reactor = ReactorGroup.shared.next()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run { connection in
                    while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
                }
            }
            for number in 0..<10_000 {
                let stream = try await SocketStream.connect(to: address, settings: TCPSettings(), reactor: reactor)
                stream.close(abort: number % 2 == 0)
                guard number % 500 == 499 else { continue }
                try await withConnection(to: listener.dialable()) { connection in
                    try await connection.send(text: "good")
                    #expect(try await connection.receiveText() == "good")
                }
            }
            listener.stop(drain: .seconds(5))
            try await group.waitForAll()
        }
    }
}
