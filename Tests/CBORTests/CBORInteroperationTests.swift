internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCBOR
internal import PatchbayCore
internal import Testing

/// The peer is cbor2 of PyPI.
@Suite struct CBORInteroperationTests {
    static let python = PythonPeer(module: "cbor2")

    static let values: [(Value, String)] = [
        (.null, "None"), (.bool(true), "True"), (.simple(23), "cbor2.undefined"), (.simple(99), "cbor2.CBORSimpleValue(99)"),
        (.int(0), "0"), (.int(-1), "-1"), (.int(.min), "-2**63"), (.int(.max), "2**63 - 1"),
        (CBORAppendixATests.big([UInt8](repeating: 0xFF, count: 8)), "2**64 - 1"),
        (CBORAppendixATests.big(CBORAppendixATests.twoTo64, isNegative: true), "-2**64"),
        (CBORAppendixATests.big([1] + [UInt8](repeating: 0, count: 40)), "2**320"),
        (CBORAppendixATests.big([1] + [UInt8](repeating: 0, count: 40), isNegative: true), "-2**320"),
        (.double(0.1), "0.1"), (.double(1e300), "1e300"),
        (.string("水 and \u{0}"), "'水 and \\0'"), (.string(String(repeating: "ü", count: 40_000)), "'ü' * 40000"),
        (.hex("00ff"), "b'\\0\\xff'"),
        (.array([]), "[]"), (.array([Value](repeating: .int(7), count: 70_000)), "[7] * 70000"), (.set([.int(5)]), "{5}"),
        (.pairs((.string("b"), .int(1)), (.int(2), .array([.null])), (.hex("01"), .pairs())), "{'b': 1, 2: [None], b'\\1': {}}"),
        (.tagged(.number(4000), .string("x")), "cbor2.CBORTag(4000, 'x')"),
    ]

    @Test(
        "Python reads what is written, and its own messages are read, byte for byte the same",
        .enabled(if: python.isInstalled, "needs python3 with the package cbor2; PATCHBAY_PYTHON can name one")
    )
    func exchange() throws {
        let codec = CBORCodec()
        let sent = try Self.values.map { (try codec.message(of: $0.0), expression: $0.1) }
        let received = try Self.python.exchange(
            sent,
            preamble: "import cbor2",
            unpack: "cbor2.loads(data)",
            pack: "cbor2.dumps(value)"
        )
        #expect(received.count == sent.count)
        for (index, message) in received.enumerated() {
            #expect(try codec.decodeValue(from: message) == Self.values[index].0, "\(Self.values[index].1.prefix(60))")
            #expect(message == sent[index].0, "\(Self.values[index].1.prefix(60))")
        }
    }

    @Test(
        "Python's canonical floats are those of floats=shortest",
        .enabled(if: python.isInstalled, "needs python3 with the package cbor2; PATCHBAY_PYTHON can name one")
    )
    func canonicalFloats() throws {
        let codec = CBORCodec(floats: .shortest)
        let floats: [(Double, String)] = [
            (0, "0.0"), (-0.0, "-0.0"), (1.5, "1.5"), (65_504, "65504.0"), (65_505, "65505.0"), (0.1, "0.1"), (1e300, "1e300"),
            (0x1p-24, "2.0**-24"), (0x1p-25, "2.0**-25"), (0x1p-149, "2.0**-149"), (0x1p-150, "2.0**-150"),
            (.infinity, "float('inf')"), (.nan, "float('nan')"), (16_777_217, "16777217.0"), (16_777_216, "16777216.0"),
        ]
        let sent = try floats.map { (try codec.message(of: .double($0.0)), expression: $0.1) }
        let received = try Self.python.exchange(
            sent,
            preamble: "import cbor2",
            unpack: "cbor2.loads(data)",
            pack: "cbor2.dumps(value, canonical=True)"
        )
        for (index, message) in received.enumerated() { #expect(message == sent[index].0, "\(floats[index].1)") }
    }
}
