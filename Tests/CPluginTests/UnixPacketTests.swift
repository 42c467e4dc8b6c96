import Foundation
import Glibc
import NIOCore
import Patchbay
import PatchbayCore
import PluginTestSupport
import PythonSupport
import Testing

@Suite("The transport unixpacket", .timeLimit(.minutes(2)))
struct UnixPacketTests {
    @Test("both ends converse, whatever the framing", arguments: ["", "none+bare+", "lines+bare+", "length32+bare+", "json+"])
    func bothEnds(layers: String) async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.unixPacket)
        let folder = try Folder()
        defer { folder.remove() }
        let url = "\(layers)unixpacket://\(folder.path)/a%20b.sock"
        // No line ends, for `lines`.
        let messages = sampleMessages.map { $0.map { $0 == 10 ? 11 : $0 } }
        try await withEcho(url, registry) { listener in
            var status = stat()
            #expect(stat("\(folder.path)/a b.sock", &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o600)
            #expect("\(listener.url)".contains("/a%20b.sock"))
            let echoed = try await exchange(messages, over: url, registry)
            #expect(echoed == messages)
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(left.isEmpty)
    }

    @Test("a peer in Python gets and gives one packet for each message", .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence))
    func python() async throws {
        let interpreter = try #require(Interpreter.all.last)
        let registry = try await BuiltPlugin.registry(BuiltPlugin.unixPacket)
        let folder = try Folder()
        defer { folder.remove() }
        let path = "\(folder.path)/python.sock"
        // Python listens, and answers each packet with its size and its bytes in reverse.
        let script = try Script(
            path: interpreter.path,
            """
            import socket, sys
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(sys.argv[1])
            listener.listen()
            print("ready", flush=True)
            peer, _ = listener.accept()
            while True:
                packet = peer.recv(1 << 20)
                if not packet: break
                peer.send(b"%d " % len(packet))
                peer.send(packet[::-1])
            """,
            arguments: [path]
        )
        var ready: [UInt8] = []
        while ready.last != UInt8(ascii: "\n") {
            let more = script.readSome()
            if more.isEmpty { break }
            ready += more
        }
        #expect(ready == Array("ready\n".utf8))
        try await withConnection(to: parsed("none+bare+unixpacket://\(path)"), registry: registry) { connection in
            for message in sampleMessages { try await connection.send(bytes: ByteBuffer(bytes: message)) }
            for message in sampleMessages {
                #expect(try await connection.receiveBytes() == ByteBuffer(string: "\(message.count) "))
                #expect(try await connection.receiveBytes() == ByteBuffer(bytes: message.reversed()))
            }
        }
        #expect(script.finish() == "")
    }

    @Test("a dialer in Python is served", .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence))
    func pythonDials() async throws {
        let interpreter = try #require(Interpreter.all.last)
        let registry = try await BuiltPlugin.registry(BuiltPlugin.unixPacket)
        let folder = try Folder()
        defer { folder.remove() }
        let path = "\(folder.path)/listener.sock"
        try await withEcho("none+bare+unixpacket://\(path)", registry) { _ in
            let answer = try await Tool.blocking {
                try Script(
                    path: interpreter.path,
                    """
                    import socket, sys
                    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                    peer.connect(sys.argv[1])
                    for size in (1, 70000, 3): peer.send(b"x" * size)
                    print([len(peer.recv(1 << 20)) for _ in range(3)])
                    """,
                    arguments: [path]
                ).run("")
            }
            #expect(answer == "[1, 70000, 3]\n")
        }
    }

    @Test("two listeners cannot have one path, and a stale socket is replaced")
    func claims() async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.unixPacket)
        let folder = try Folder()
        defer { folder.remove() }
        let url = try parsed("unixpacket://\(folder.path)/one.sock")
        let first = try await Listener.bind(url, registry: registry)
        let error = await #expect(throws: PatchbayError.self) { _ = try await Listener.bind(url, registry: registry) }
        #expect(error?.code == .addressInUse)
        first.close()
        try await Listener.bind(url, registry: registry).close()
    }
}
