import CPatchbay
import NIOCore
import PatchbayCore
import PatchbayJSON
import Testing

@Suite struct CodecTableTests {
    /// Makes a codec, runs the body with its handle, and destroys it.
    private func with(
        _ host: TestHost,
        _ body: (UnsafePointer<patchbay_codec>, UnsafeMutableRawPointer?) throws -> Void
    ) throws {
        let codec = try #require(TestHost.table(PATCHBAY_CODEC, patchbay_codec.self))
        var instance: UnsafeMutableRawPointer?
        var error = TestHost.error()
        try #require(codec.pointee.create(host.settings, &instance, &error) == 0, "\(error.text)")
        defer { codec.pointee.destroy(instance) }
        try body(codec, instance)
    }

    @Test(arguments: [
        "null", "[]", "{}", "[1,-2,3.5,true,false]", #"{"text":"nägel","escaped":"a\nb","deep":[[{"k":[]}]]}"#, "18446744073709551615",
        "123456789012345678901234567890", "1e400",
    ])
    func `A message crosses as tokens, and comes back as it was`(text: String) throws {
        let host = TestHost(layer: "sample-json", options: [("depth", 16, "16")])
        try with(host) { codec, instance in
            let message = ByteBuffer(string: text)
            let tape = TestTape()
            var error = TestHost.error()
            let status = message.withUnsafeReadableBytes { codec.pointee.decode(instance, $0.baseAddress, $0.count, tape.tape, &error) }
            #expect(status == 0, "\(error.text)")
            #expect(tape.tokens.allSatisfy { $0.reserved == 0 })
            let value = try tape.value(message)
            let expected = try JSONCodec().decodeValue(from: message)
            #expect(value == expected)
            tape.moveToArena(message)
            let written = host.sink { codec.pointee.encode(instance, tape.tape, $0, &error) }
            #expect(written.status == 0)
            #expect(written.rest == text)
        }
    }

    @Test func `Options, lists and secrets arrive`() throws {
        let options: [(String, Int64, String)] = [
            ("flag", 1, "true"), ("pause", 1_500_000_000, "1500ms"), ("word", 0, "two"), ("name", 0, "a"), ("name", 0, "b"),
            ("most", 64, "64"),
        ]
        let host = TestHost(layer: "sample-options", options: options, secrets: ["key": "12345"])
        try with(host) { codec, instance in
            let tape = TestTape()
            _ = tape.tape.pointee.grow_tokens(tape.tape, 1)
            tape.tape.pointee.tokens[0] = patchbay_token()
            tape.tape.pointee.token_count = 1
            var error = TestHost.error()
            let written = host.sink { codec.pointee.encode(instance, tape.tape, $0, &error) }
            #expect(written.rest == #"true 1.5 seconds two ["a", "b"] 64 5"#)
        }
    }

    @Test func `A codec that knows no tokens goes through a value`() throws {
        let host = TestHost(layer: "sample-bytes")
        try with(host) { codec, instance in
            let tape = TestTape()
            var error = TestHost.error()
            #expect(codec.pointee.decode(instance, "hello", 5, tape.tape, &error) == 0)
            let value = try tape.value(ByteBuffer(string: "hello"))
            #expect(value == .bytes(ByteBuffer(string: "hello")))
            tape.moveToArena(ByteBuffer(string: "hello"))
            #expect(host.sink { codec.pointee.encode(instance, tape.tape, $0, &error) }.rest == "hello")
        }
    }

    @Test func `What is malformed, too deep or too long has its own status`() throws {
        let host = TestHost(layer: "sample-json", options: [("depth", 2, "2")])
        try with(host) { codec, instance in
            var error = TestHost.error()
            #expect(codec.pointee.decode(instance, "[1", 2, TestTape().tape, &error) == Int32(PATCHBAY_CORRUPT))
            #expect(error.text.contains("message") || error.text.contains("array"))
            #expect(codec.pointee.decode(instance, "[[[]]]", 6, TestTape().tape, &error) == Int32(PATCHBAY_LIMIT))
            let tape = TestTape()
            #expect(codec.pointee.decode(instance, "[1,2]", 5, tape.tape, &error) == 0)
            #expect(host.sink(room: 4) { codec.pointee.encode(instance, tape.tape, $0, &error) }.status == Int32(PATCHBAY_LIMIT))
        }
    }

    @Test func `An error that is none of ours is told by its type alone`() throws {
        try with(TestHost(layer: "sample-options")) { codec, instance in
            var error = TestHost.error()
            #expect(codec.pointee.decode(instance, "x", 1, TestTape().tape, &error) == Int32(PATCHBAY_FAILED))
            #expect(error.text.contains("Unspeakable"))
            #expect(!error.text.contains("password"))
        }
    }

    @Test func `A layer that it does not have is refused`() throws {
        let codec = try #require(TestHost.table(PATCHBAY_CODEC, patchbay_codec.self))
        var instance: UnsafeMutableRawPointer?
        var error = TestHost.error()
        for layer in ["absent", "sample-lines"] {
            let host = TestHost(layer: layer)
            let status = withExtendedLifetime(host) { codec.pointee.create(host.settings, &instance, &error) }
            #expect(status < 0)
        }
        #expect(error.text.contains("no codec"))
    }
}
