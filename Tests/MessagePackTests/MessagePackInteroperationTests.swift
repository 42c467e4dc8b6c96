internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCore
internal import PatchbayMessagePack
internal import Testing

/// The peer is msgpack of PyPI.
@Suite struct MessagePackInteroperationTests {
    static let python = PythonPeer(module: "msgpack")

    static let values: [(Value, String)] = [
        (.null, "None"), (.bool(true), "True"), (.int(0), "0"), (.int(-32), "-32"), (.int(-33), "-33"), (.int(.min), "-2**63"),
        (.int(.max), "2**63 - 1"), (.int(70_000), "70000"), (.double(0.1), "0.1"), (.double(-.infinity), "-float('inf')"),
        (.bigInteger(BigInteger(isNegative: false, magnitude: [UInt8](repeating: 0xFF, count: 8))), "2**64 - 1"),
        (.string("水 and \u{0}"), "'水 and \\0'"), (.string(String(repeating: "ü", count: 40_000)), "'ü' * 40000"),
        (.hex("00ff"), "b'\\0\\xff'"), (.array([]), "[]"), (.array([Value](repeating: .int(7), count: 70_000)), "[7] * 70000"),
        (.pairs((.string("b"), .int(1)), (.int(2), .array([.null])), (.hex("01"), .pairs())), "{'b': 1, 2: [None], b'\\1': {}}"),
        (.extension(type: 5, ByteBuffer(hexadecimal: "010203")), "msgpack.ExtType(5, b'\\1\\2\\3')"),
        (.extension(type: 7, ByteBuffer(hexadecimal: "01020304")), "msgpack.ExtType(7, b'\\1\\2\\3\\4')"),
        (.extension(type: -1, ByteBuffer(hexadecimal: "5f5e1000")), "msgpack.Timestamp(0x5f5e1000)"),
    ]

    @Test(
        "Python reads what is written, and its own messages are read, byte for byte the same",
        .enabled(if: python.isInstalled, "needs python3 with the package msgpack; PATCHBAY_PYTHON can name one")
    )
    func exchange() throws {
        let codec = MessagePackCodec()
        let sent = try Self.values.map { (try codec.message(of: $0.0), expression: $0.1) }
        let received = try Self.python.exchange(
            sent,
            preamble: "import msgpack",
            unpack: "msgpack.unpackb(data, strict_map_key=False)",
            pack: "msgpack.packb(value)"
        )
        #expect(received.count == sent.count)
        for (index, message) in received.enumerated() {
            #expect(try codec.decodeValue(from: message) == Self.values[index].0, "\(Self.values[index].1.prefix(60))")
            #expect(message == sent[index].0, "\(Self.values[index].1.prefix(60))")
        }
    }
}
