import Foundation
import NIOCore
import Patchbay
import PatchbayCore
import PluginTestSupport
import PythonSupport
import Testing

@Suite("The processors deflate and rot13", .timeLimit(.minutes(2)))
struct ProcessorTests {
    @Test(
        "messages and streams come through, in every wrapping",
        arguments: ["deflate+", "lines+deflate+bare+", "deflate+length32+bare+"],
        ["zlib", "gzip", "none"]
    )
    func deflateBothEnds(layers: String, wrapping: String) async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.deflate)
        // No line ends, for `lines`.
        let messages = sampleMessages.map { $0.map { $0 == 10 ? 11 : $0 } }
        let options = "deflate.wrapping=\(wrapping)"
        try await withEcho("\(layers)tcp://127.0.0.1:0?\(options)", registry) { listener in
            let echoed = try await exchange(messages, over: "\(listener.url)?\(options)", registry)
            #expect(echoed == messages)
        }
    }

    @Test("Python's zlib reads what a stream sends, as it comes, and the other way round", .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence))
    func deflateAgainstPython() async throws {
        let interpreter = try #require(Interpreter.all.last)
        let registry = try await BuiltPlugin.registry(BuiltPlugin.deflate)
        try await withEcho("lines+deflate+bare+tcp://127.0.0.1:0", registry) { listener in
            let port = try #require("\(listener.url)".split(separator: "?").first?.split(separator: ":").last)
            let answer = try await Tool.blocking {
                try Script(
                    path: interpreter.path,
                    """
                    import socket, sys, zlib
                    peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
                    pack, unpack = zlib.compressobj(9), zlib.decompressobj()
                    for text in (b"one", b"two" * 10000, b"three"):
                        # Each is answered before the next is sent: it must be readable at once.
                        peer.sendall(pack.compress(text + b"\\n") + pack.flush(zlib.Z_SYNC_FLUSH))
                        answer = b""
                        while not answer.endswith(b"\\n"): answer += unpack.decompress(peer.recv(65536))
                        assert answer == text + b"\\n", answer[:100]
                    peer.sendall(pack.flush(zlib.Z_FINISH))
                    peer.shutdown(socket.SHUT_WR)
                    while piece := peer.recv(65536): unpack.decompress(piece)
                    print(unpack.eof)
                    """,
                    arguments: [String(port)]
                ).run("")
            }
            #expect(answer == "True\n")
        }
    }

    @Test("a bomb ends at the limit, with an error that says so", .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence))
    func deflateBomb() async throws {
        let interpreter = try #require(Interpreter.all.last)
        let bomb = try await Tool.blocking {
            try Script(path: interpreter.path, "import zlib, sys; print(zlib.compress(bytes(50 << 20)).hex())").run("")
        }
        let packed = stride(from: 0, to: bomb.count - 1, by: 2).map { index in
            let start = bomb.index(bomb.startIndex, offsetBy: index)
            return UInt8(bomb[start..<bomb.index(start, offsetBy: 2)], radix: 16) ?? 0
        }
        let registry = try await BuiltPlugin.registry(BuiltPlugin.deflate)
        let listener = try await Listener.bind(ConnectionURL("deflate+length32+bare+tcp://127.0.0.1:0?max-message=1MiB"), registry: registry)
        defer { listener.close() }
        async let accepting = listener.accept()
        let target = try #require("\(listener.url)".split(separator: "?").first).replacingOccurrences(of: "deflate+", with: "")
        let dialed = try await Connection.connect(to: ConnectionURL(target), registry: registry)
        let accepted = try await accepting
        try await dialed.send(bytes: ByteBuffer(bytes: packed))
        let error = await #expect(throws: PatchbayError.self) { _ = try await accepted.receiveBytes() }
        #expect(error?.code == .messageTooLarge || error?.code == .limitExceeded)
        await dialed.close()
        await accepted.close()
    }

    @Test("the walk-through's plugin turns letters, in messages and in streams", arguments: ["text+rot13+", "text+lines+rot13+bare+"])
    func rot13(layers: String) async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.rot13)
        try await withEcho("\(layers)tcp://127.0.0.1:0?by=3", registry) { listener in
            let text = "Why did the chicken cross the road?"
            let echoed = try await exchange([Array(text.utf8)], over: "\(listener.url)?by=3", registry)
            #expect(echoed == [Array(text.utf8)])
        }
    }
}
