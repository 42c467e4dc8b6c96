internal import CPatchbayIO
internal import Foundation
internal import NIOCore
internal import Patchbay
internal import PythonSupport
internal import Testing

/// The program of Tests/HandOverPeer, and our end of the connection to it that others go through.
private struct Other {
    static let path: String? = {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let path = folder.appendingPathComponent("hand-over-peer").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    let process: ChildProcess
    let carrier: Connection

    static func run(_ carrierLayers: String, _ body: (Other) async throws -> Void) async throws {
        try await withFolder { folder in
            let address = "\(carrierLayers)unix://\(folder)/s?descriptors=true&timeout=60s&handshake-timeout=60s"
            let listener = try await Listener.bind(try ConnectionURL(address))
            let process = try ChildProcess(try #require(path), [address])
            let other = Other(process: process, carrier: try await listener.accept())
            listener.close()
            try await body(other)
            await other.carrier.close()
            #expect(try await process.line() == "over")
        }
    }

    /// Its lines up to the end of the connection that it has.
    func lines() async throws -> (messages: [String], end: String) {
        var messages: [String] = []
        while true {
            let line = try await process.line()
            if line.hasPrefix("end ") || line.hasPrefix("error ") { return (messages, line) }
            messages.append(line)
        }
    }
}

@Suite("Connections handed to another process", .serialized, .timeLimit(.minutes(3)), .enabled(if: Other.path != nil))
struct HandOverTests {
    private static let count = 4000

    /// Long enough that a read ends in the middle of one.
    private static func message(_ number: Int) -> ByteBuffer {
        ByteBuffer(string: "\(number) " + String(repeating: "x", count: number % 3 == 0 ? 3000 : number % 97))
    }

    @Test(
        "while the peer sends, each message arrives once and in order, and what is sent there reaches the peer",
        arguments: ["json+", "text+length32+bare+", "base64+"],
        ["", "text+length64+bare+"]
    )
    func whilePeerSends(layers: String, carrierLayers: String) async throws {
        try await Other.run(carrierLayers) { other in
            try await withFolder { folder in
                let isBare = layers.contains("bare")
                let listening = "\(layers)unix://\(folder)/s?max-message=1MiB"
                let listener = try await Listener.bind(try ConnectionURL(listening))
                async let accepting = listener.accept()
                let dialing = isBare ? listening : listening.replacing("://", with: "://ada@") + "&data.note=hello"
                let dialed = try await Connection.connect(to: try ConnectionURL(dialing))
                let accepted = try await accepting
                listener.close()
                async let sending: Void = {
                    for number in 0..<Self.count { try await dialed.send(bytes: Self.message(number)) }
                    try await dialed.finishSending()
                }()
                for number in 0..<100 {
                    #expect(try await accepted.receiveBytes() == Self.message(number))
                    try await accepted.send(bytes: ByteBuffer(string: "here \(number)"))
                }
                try await accepted.handOver(to: other.carrier)
                #expect(accepted.state == .closed)
                let error = await #expect(throws: PatchbayError.self) { _ = try await accepted.receiveBytes() }
                #expect(error?.code == .closed)
                var answers: [String] = []
                while let answer = try await dialed.receiveBytes(timeout: .seconds(60)) { answers.append(String(buffer: answer)) }
                try await sending
                let (messages, end) = try await other.lines()
                #expect(messages == (100..<Self.count).map(String.init))
                #expect(answers == (0..<100).map { "here \($0)" } + messages.map { "got \($0)" })
                let cost = "connection.max-message=***&connection.cost=***"
                #expect(end == "end - \(isBare ? "- -" : "ada hello") \(Self.stack(layers))handed-over://?\(cost)")
                await dialed.close()
            }
        }
    }

    /// Defaults written out.
    private static func stack(_ layers: String) -> String {
        switch layers {
        case "json+": "json+length+"
        case "base64+": "bytes+base64+length+"
        default: layers
        }
    }

    @Test("a message that came in part goes on, and one that was only looked at is there", arguments: ["bare+", "python+"])
    func partOfAMessage(layers: String) async throws {
        try await Other.run("") { other in
            try await withFolder { folder in
                let listening = "\(layers)unix://\(folder)/s" + (layers == "python+" ? "?auth=none" : "")
                let listener = try await Listener.bind(try ConnectionURL(listening))
                async let accepting = listener.accept()
                let dialing = "none+bare+unix://\(folder)/s"
                let raw = try await Connection.connect(to: try ConnectionURL(dialing))
                let accepted = try await accepting
                listener.close()
                // "0", "1", "2", and the beginning of "345".
                let first: [UInt8] = [0, 0, 0, 1, 0x30, 0, 0, 0, 1, 0x31, 0, 0, 0, 1, 0x32, 0, 0, 0, 3, 0x33]
                try await raw.send(bytes: ByteBuffer(bytes: first))
                raw.flush()
                #expect(try await accepted.receiveBytes() == ByteBuffer(string: "0"))
                #expect(try await accepted.poll())
                try await accepted.handOver(to: other.carrier)
                try await raw.send(bytes: ByteBuffer(bytes: [0x34, 0x35]))
                try await raw.finishSending()
                let (messages, end) = try await other.lines()
                #expect(messages == ["1", "2", "345"])
                #expect(end.hasPrefix("end - - - "))
                await raw.close()
            }
        }
    }

    @Test(
        "a connection to CPython, over TCP and Unix sockets, goes on in the other process",
        .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence),
        arguments: Meeting.few
    )
    func python(meeting: Meeting) async throws {
        try await Other.run("") { other in
            try await withPython(meeting) { connection, python in
                try python.start("[conn.send_bytes(b'%d' % i) for i in range(3000)].count(None), receive(conn, 2990)")
                for number in 0..<10 { #expect(try await connection.receiveBytes() == ByteBuffer(string: "\(number)")) }
                try await connection.handOver(to: other.carrier)
                #expect(try await python.line() == "(3000, True)")
                python.endInput()
                let (messages, end) = try await other.lines()
                #expect(messages == (10..<3000).map(String.init))
                #expect(end.hasPrefix("end - - - pickle+python-frames+bare+handed-over://"))
            }
        }
    }
}
