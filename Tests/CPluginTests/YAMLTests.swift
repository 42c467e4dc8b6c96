import Foundation
import NIOCore
import Patchbay
import PatchbayCore
import PluginTestSupport
import PythonSupport
import Testing

@Suite("The codec yaml", .timeLimit(.minutes(2)))
struct YAMLTests {
    struct Order: Codable, Equatable {
        var name: String
        var numbers: [Int]
        var price: Double
        var paid: Bool
        var notes: [String: String]
        var blob: [UInt8]?
    }

    private static let order = Order(
        name: "größe: 1",
        numbers: [1, -2, 1 << 40],
        price: 1e21,
        paid: true,
        notes: ["yes": "no", "1": "0x10", "": " ", "multi": "a\nb\n", "date": "2001-12-14", "~": "null"]
    )

    @Test("Codable values and dynamic ones come through", arguments: ["block", "flow"])
    func values(style: String) async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.yaml)
        let listener = try await Listener.bind(ConnectionURL("yaml+length32+bare+tcp://127.0.0.1:0?style=\(style)"), registry: registry)
        defer { listener.close() }
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: ConnectionURL("\(listener.url)?style=\(style)"), registry: registry)
        let accepted = try await accepting
        try await dialed.send(Self.order)
        #expect(try await accepted.receive(as: Order.self) == Self.order)
        let value: Value = ["bytes": .bytes(ByteBuffer(bytes: [0, 255])), "list": [1, nil, 2.5, [:]], "set": "x"]
        try await dialed.send(value)
        #expect(try await accepted.receive(as: Value.self) == value)
        await dialed.close()
        await accepted.close()
    }

    private static let python: String? = Interpreter.all.last { interpreter in
        (try? Script(path: interpreter.path, "import yaml; print(1)").run("")) == "1\n"
    }?.path

    @Test("PyYAML reads what is written, and what it writes is read", .enabled(if: python != nil, "no Python with PyYAML: scripts/test installs it"))
    func againstPyYAML() async throws {
        let python = try #require(Self.python)
        let registry = try await BuiltPlugin.registry(BuiltPlugin.yaml)
        let listener = try await Listener.bind(ConnectionURL("yaml+length32+bare+tcp://127.0.0.1:0"), registry: registry)
        defer { listener.close() }
        let port = try #require("\(listener.url)".split(separator: "?").first?.split(separator: ":").last)
        async let accepting = listener.accept()
        async let answer = Tool.blocking {
            try Script(
                path: python,
                """
                import datetime, json, socket, struct, sys, yaml
                peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
                def receive():
                    size, = struct.unpack(">I", peer.recv(4, socket.MSG_WAITALL))
                    return yaml.safe_load(peer.recv(size, socket.MSG_WAITALL))
                order = receive()
                print(json.dumps(order, sort_keys=True))
                order["extra"] = [2**70, -2**70, b"\\x00\\xff", {"k": float("inf")}, "x" * 200, "on", "1e3", ""]
                for flow in (False, True):
                    text = yaml.safe_dump(order, allow_unicode=True, default_flow_style=flow).encode()
                    peer.sendall(struct.pack(">I", len(text)) + text)
                """,
                arguments: [String(port)]
            ).run("")
        }
        let accepted = try await accepting
        try await accepted.send(Self.order)
        let twoTo70: [UInt8] = [0x40, 0, 0, 0, 0, 0, 0, 0, 0]
        let extra: Value = [
            .bigInteger(BigInteger(isNegative: false, magnitude: twoTo70)), .bigInteger(BigInteger(isNegative: true, magnitude: twoTo70)),
            .bytes(ByteBuffer(bytes: [0, 255])),
            ["k": .double(.infinity)], .string(String(repeating: "x", count: 200)), "on", "1e3", "",
        ]
        for _ in 0..<2 {
            let value = try #require(try await accepted.receive(as: Value.self))
            #expect(value["extra"] == extra)
            #expect(value["notes"]?["yes"] == "no")
            #expect(value["price"] == .double(1e21))
        }
        let expected = try JSONSerialization.jsonObject(with: JSONEncoder().encode(Self.order)) as? NSDictionary
        #expect(try JSONSerialization.jsonObject(with: Data(try await answer.utf8)) as? NSDictionary == expected)
        await accepted.close()
    }

    @Test("a billion laughs is an error at the receiver, within the limits")
    func laughs() async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.yaml)
        let listener = try await Listener.bind(ConnectionURL("yaml+length32+bare+tcp://127.0.0.1:0"), registry: registry)
        defer { listener.close() }
        let target = "\(listener.url)".replacingOccurrences(of: "yaml+", with: "")
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: ConnectionURL(target), registry: registry)
        let accepted = try await accepting
        var text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1..<10 { text += "a\(level): &a\(level) [" + String(repeating: "*a\(level - 1),", count: 10) + "]\n" }
        try await dialed.send(bytes: ByteBuffer(string: text))
        let error = await #expect(throws: PatchbayError.self) { _ = try await accepted.receive(as: Value.self) }
        #expect(error?.code == .limitExceeded)
        await dialed.close()
        await accepted.close()
    }
}
