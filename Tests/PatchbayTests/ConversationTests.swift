import NIOCore
import Patchbay
import Testing

@Suite("A conversation", .timeLimit(.minutes(1)))
struct ConversationTests {
    @Test("boundaries are kept, of empty messages too", arguments: Medium.allCases)
    func boundaries(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            let texts = ["", "one", "", "", String(repeating: "long ", count: 5000), "x", ""]
            for text in texts { try await dialed.send(text: text) }
            for text in texts { #expect(try await accepted.receiveText() == text) }
            try await accepted.send(text: "")
            #expect(try await dialed.receiveText() == "")
        }
    }

    private static let messageSizes: [Int] = {
        var sizes: [Int] = [1 << 20, 5 << 20, (16 << 20) - 1, 16 << 20]
        for limit in [16_384, 65_536, 131_072] {
            for difference in [-5, -4, -3, -1, 0, 1, 4] { sizes.append(limit + difference) }
        }
        return sizes
    }()

    @Test("messages around every internal limit arrive whole, both ways", arguments: Medium.allCases)
    func sizes(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            async let echoing: Void = {
                while let message = try await accepted.receiveBytes() { try await accepted.send(bytes: message) }
            }()
            for size in Self.messageSizes {
                let message = pattern(size, seed: size)
                try await dialed.send(bytes: message)
                let echo = try #require(try await dialed.receiveBytes(timeout: .seconds(30)))
                #expect(echo == message, "\(size) bytes")
            }
            try await dialed.finishSending()
            try await echoing
        }
    }

    @Test("a message of 40 MiB passes where max-message allows it", arguments: Medium.named)
    func huge(medium: Medium) async throws {
        try await withPair(medium, Wiring(dialer: "max-message=40MiB", listener: "max-message=40MiB")) { dialed, accepted in
            let message = pattern(40 << 20)
            async let received = accepted.receiveBytes(timeout: .seconds(30))
            try await dialed.send(bytes: message)
            #expect(try await received == message)
        }
    }

    @Test("a message above the sender's limit is refused before anything is sent", arguments: Medium.named)
    func tooLargeToSend(medium: Medium) async throws {
        try await withPair(medium, Wiring(dialer: "max-message=100KiB", listener: "max-message=100KiB")) { dialed, accepted in
            let error = await #expect(throws: PatchbayError.self) { try await dialed.send(bytes: pattern(102_401)) }
            #expect(error?.code == .messageTooLarge)
            #expect(error?.message.contains("102400") == true)
            try await dialed.send(bytes: pattern(102_400))
            #expect(try await accepted.receiveBytes(timeout: .seconds(20))?.readableBytes == 102_400)
        }
    }

    @Test("a message above the receiver's limit ends the connection with an error that names the limit", arguments: Medium.named)
    func tooLargeToReceive(medium: Medium) async throws {
        // Without the greeting, in which the peers tell each other their limits.
        let wiring = Wiring(layers: "bare+", dialer: "max-message=1MiB", listener: "max-message=1000")
        try await withPair(medium, wiring) { dialed, accepted in
            try await dialed.send(bytes: pattern(1000))
            try await dialed.send(bytes: pattern(1001))
            #expect(try await accepted.receiveBytes(timeout: .seconds(20))?.readableBytes == 1000)
            for _ in 0..<2 {
                let error = await #expect(throws: PatchbayError.self) { _ = try await accepted.receiveBytes(timeout: .seconds(20)) }
                #expect(error?.code == .messageTooLarge)
                #expect(error?.message.contains("1000") == true)
            }
        }
    }

    private struct Point: Codable, Equatable {
        var x: Int
        var label: String
    }

    @Test("bytes, dynamic values and Codable values may be mixed on one connection", arguments: Medium.named)
    func mixed(medium: Medium) async throws {
        try await withPair(medium, Wiring(layers: "json+")) { dialed, accepted in
            try await dialed.send(Point(x: 1, label: "a"))
            try await dialed.send(["x": 2, "label": "b"] as Value)
            try await dialed.send(text: #"{"x":3,"label":"c"}"#)
            try await dialed.send(Point(x: 4, label: "d"))
            #expect(try await accepted.receive(as: Point.self) == Point(x: 1, label: "a"))
            #expect(try await accepted.receive(as: Point.self) == Point(x: 2, label: "b"))
            #expect(try await accepted.receive(as: Value.self) == ["x": 3, "label": "c"])
            #expect(try await accepted.receiveText() == #"{"x":4,"label":"d"}"#)
        }
    }

    @Test("a message that does not decode is consumed, and the iteration can go on", arguments: Medium.named)
    func undecodable(medium: Medium) async throws {
        try await withPair(medium, Wiring(layers: "json+")) { dialed, accepted in
            for text in [#"{"x":1,"label":"a"}"#, "{", #"{"x":2,"label":"b"}"#] { try await dialed.send(text: text) }
            try await dialed.finishSending()
            let points = accepted.messages(of: Point.self)
            var seen: [Int] = []
            var failures: [PatchbayError.Code] = []
            for _ in 0..<2 {
                do {
                    for try await point in points { seen.append(point.x) }
                } catch let error as PatchbayError { failures.append(error.code) }
            }
            #expect(seen == [1, 2])
            #expect(failures == [.decodingFailed])
        }
    }

    @Test("a value that does not encode sends nothing", arguments: Medium.named)
    func unencodable(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            #expect(await thrown { try await dialed.send(Point(x: 1, label: "no codec")) } == .encodingFailed)
            try await dialed.send(text: "next")
            #expect(try await accepted.receiveText() == "next")
        }
    }

    @Test("a batch holds what is there, no more than its limit, and ends with the peer", arguments: Medium.allCases)
    func batches(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            for number in 0..<1000 { try await dialed.send(text: "\(number)") }
            // Beside the reading: a thousand small writes may fill a Unix socket.
            async let finishing: Void = dialed.finishSending()
            var all: [String] = []
            for try await batch in accepted.batches(limit: 7) {
                #expect((1...7).contains(batch.count))
                all += batch.map { String(buffer: $0) }
            }
            #expect(all == (0..<1000).map(String.init))
            #expect(try await accepted.receiveBatch() == nil)
            try await finishing
        }
    }

    @Test("what is complete can be taken without waiting, up to a limit", arguments: Medium.allCases)
    func available(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            for number in 0..<10 { try await dialed.send(text: "\(number)") }
            dialed.flush()
            #expect(try await accepted.receiveText() == "0")
            var taken: [String] = []
            while taken.count < 9 {
                let count = try accepted.receiveAvailable(limit: 4) { taken.append(String(buffer: $0)) }
                #expect(count <= 4)
                if count == 0, let text = try await accepted.receiveText() { taken.append(text) }
            }
            #expect(taken == (1...9).map(String.init))
            #expect(try accepted.receiveAvailable { _ in } == 0)
        }
    }

    // The ranges of CPython's test suite, test_sendbytes: a message of 26 bytes.
    @Test("a range of a buffer is sent, and one that is not in it is refused before anything is sent", arguments: Medium.allCases)
    func ranges(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            let message = ByteBuffer(string: "abcdefghijklmnopqrstuvwxyz")
            for (offset, count, expected) in [
                (5, nil, "fghijklmnopqrstuvwxyz"), (7, 8, "hijklmno"), (26, nil, ""), (26, 0, ""), (0, 26, "abcdefghijklmnopqrstuvwxyz"),
            ] as [(Int, Int?, String)] {
                try await dialed.send(bytes: message, offset: offset, count: count)
                #expect(try await accepted.receiveText() == expected)
            }
            for (offset, count) in [(27, nil), (22, 5), (26, 1), (-1, nil), (4, -1), (Int.max, Int.max), (1, Int.max), (Int.min, nil)]
                as [(Int, Int?)]
            {
                #expect(await thrown { try await dialed.send(bytes: message, offset: offset, count: count) } == .invalidArgument)
            }
            try await dialed.send(text: "still whole")
            #expect(try await accepted.receiveText() == "still whole")
        }
    }

    @Test(
        "a message is received into memory, at an offset; where it does not fit it is in the error, and the next one comes",
        arguments: Medium.allCases
    )
    func intoMemory(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            for text in ["abc", "de", "fghij", "k", ""] { try await dialed.send(text: text) }
            var bytes = [UInt8](repeating: 0, count: 5)
            #expect(try await accepted.receive(into: &bytes) == 3)
            #expect(bytes == [97, 98, 99, 0, 0])
            #expect(try await accepted.receive(into: &bytes, at: 3) == 2)
            #expect(bytes == [97, 98, 99, 100, 101])
            for offset in [-1, 6, Int.max, Int.min] {
                #expect(await thrown { _ = try await accepted.receive(into: &bytes, at: offset) } == .invalidArgument)
            }
            do {
                _ = try await accepted.receive(into: &bytes, at: 1)
                Issue.record("it cannot fit")
            } catch let error as PatchbayError {
                #expect(error.code == .bufferTooSmall)
                #expect(error.payload == ByteBuffer(string: "fghij"))
            }
            #expect(bytes == [97, 98, 99, 100, 101])
            var numbers: [UInt32] = [0, .max]
            #expect(try await accepted.receive(into: &numbers, at: 4) == 1)
            #expect(numbers == [0, 0xffff_ff6b])
            #expect(try await accepted.receive(into: &bytes, at: 5) == 0)
            try await dialed.finishSending()
            #expect(try await accepted.receive(into: &bytes) == nil)
        }
    }

    @Test("exactly so many bytes are taken of a plain stream, whatever pieces they came in", arguments: Medium.named)
    func exactly(medium: Medium) async throws {
        try await withPair(medium, Wiring(layers: "none+bare+")) { dialed, accepted in
            for text in ["abc", "defgh", "ij"] { try await dialed.send(text: text) }
            #expect(try await accepted.receive(exactly: 0)?.readableBytes == 0)
            #expect(try await accepted.receive(exactly: 5, timeout: .seconds(20)).map { String(buffer: $0) } == "abcde")
            #expect(await thrown { _ = try await accepted.receive(exactly: -1) } == .invalidArgument)
            #expect(await thrown { _ = try await accepted.receive(exactly: 17 << 20) } == .messageTooLarge)
            #expect(await thrown { _ = try await accepted.receive(exactly: 6, timeout: .milliseconds(10)) } == .timedOut)
            #expect(try await accepted.receive(exactly: 1).map { String(buffer: $0) } == "f")
            #expect(try await accepted.poll())
            #expect(try await accepted.receive(exactly: 2).map { String(buffer: $0) } == "gh")
            try await dialed.finishSending()
            do {
                _ = try await accepted.receive(exactly: 3, timeout: .seconds(20))
                Issue.record("there are two bytes")
            } catch let error as PatchbayError {
                #expect(error.code == .truncated)
                #expect(error.payload == ByteBuffer(string: "ij"))
            }
            #expect(try await accepted.receive(exactly: 3) == nil)
            let large = pattern(3 << 20)
            async let received = dialed.receive(exactly: 3 << 20, timeout: .seconds(20))
            try await accepted.send(bytes: large)
            #expect(try await received == large)
        }
    }

    @Test("exactly so many bytes cannot be taken where messages have boundaries", arguments: Medium.allCases)
    func exactlyWithBoundaries(medium: Medium) async throws {
        try await withPair(medium) { _, accepted in
            #expect(await thrown { _ = try await accepted.receive(exactly: 3) } == .unsupported)
        }
    }

    @Test("a one-way pipe refuses its other direction, and its first end receives")
    func oneWay() async throws {
        let (reader, writer) = try Connection.pipe(duplex: false)
        try await writer.send(text: "down")
        #expect(try await reader.receiveText() == "down")
        #expect(await thrown { try await reader.send(text: "up") } == .wrongDirection)
        #expect(await thrown { _ = try await writer.receiveBytes() } == .wrongDirection)
        await writer.close()
        #expect(try await reader.receiveBytes() == nil)
        await reader.close()
    }

    @Test("a message that is longer than the maximum of one call stays for the next", arguments: Medium.allCases)
    func maximum(medium: Medium) async throws {
        try await withPair(medium) { dialed, accepted in
            try await dialed.send(text: "twelve bytes")
            try await dialed.send(text: "next")
            for maximum in [0, 4, 11] {
                #expect(await thrown { _ = try await accepted.receiveBytes(maximum: maximum, timeout: .seconds(20)) } == .messageTooLarge)
            }
            #expect(try await accepted.poll())
            #expect(try await accepted.receiveBytes(maximum: 12).map { String(buffer: $0) } == "twelve bytes")
            #expect(try await accepted.receiveText() == "next")
        }
    }
}
