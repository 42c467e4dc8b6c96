internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import Testing

@Suite("A default key")
struct DefaultKeyTests {
    private func key(_ stack: Stack) -> String? {
        stack.layers.first { $0.name == "hmac" }?.options.first { $0.name == "key" }.map { "\($0.shown) \($0.source)" }
    }

    private func secret(_ stack: Stack) -> ByteBuffer? {
        (stack.authenticators.first?.authenticator as? InertAuthenticator)?.options.secret("key")
    }

    /// A pipe's read end without close-on-exec, as a child has it, that holds `content` and has ended.
    private func inherited(_ content: [UInt8], ended: Bool = true) throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        try #require(content.isEmpty || write(ends[1], content, content.count) == content.count)
        if ended { close(ends[1]) }
        return (ends[0], ends[1])
    }

    @Test("a registry's own key stands in for all its URLs, behind what the URL or the call gives")
    func registryKey() throws {
        var registry = try Registry.fake()
        registry.defaultKey = ByteBuffer(string: "of the application")
        let url: ConnectionURL = "hmac+tcp://h:1"
        let environment = ResolutionEnvironment.fake(["PATCHBAY_AUTHKEY_FILE": "/no/such"])
        let stack = try registry.resolve(url, for: .dialer, environment: environment)
        #expect(secret(stack) == ByteBuffer(string: "of the application"))
        #expect(key(stack) == "*** application")
        let given = try registry.resolve(url, for: .dialer, environment: environment, defaultKey: ByteBuffer(string: "of the call"))
        #expect(secret(given) == ByteBuffer(string: "of the call"))
        let written = try registry.resolve(ConnectionURL("hmac+tcp://:own@h:1"), for: .dialer, environment: environment)
        #expect(secret(written) == ByteBuffer(string: "own"))
    }

    @Test("it is printed in no description, dump or explanation")
    func neverPrinted() throws {
        var registry = try Registry.fake()
        registry.defaultKey = ByteBuffer(string: "sesame")
        var text = "\(registry) \(String(reflecting: registry))"
        dump(registry, to: &text)
        let stack = try registry.resolve(ConnectionURL("hmac+tcp://h:1"), for: .dialer, environment: .fake())
        text += "\(stack) \(stack.explanation)"
        let ends = try inherited(Array("sesame".utf8))
        let environment = ResolutionEnvironment.fake(["PATCHBAY_AUTHKEY_DESCRIPTOR": "\(ends.read)"])
        _ = try Registry.fake().resolve(ConnectionURL("hmac+tcp://h:1"), for: .dialer, environment: environment)
        text += "\(environment) "
        dump(environment, to: &text)
        // Also as the bytes that a buffer's description would show.
        for form in ["sesame", "736573616d65", "73 65 73", "115, 101"] { #expect(!text.contains(form)) }
    }

    @Test("an inherited descriptor is read once, closed, and remembered; a newline at its end is dropped")
    func descriptor() throws {
        let ends = try inherited(Array("from the parent\n".utf8))
        let environment = ResolutionEnvironment.fake([
            "PATCHBAY_AUTHKEY_DESCRIPTOR": "\(ends.read)", "PATCHBAY_AUTHKEY_FILE": "/no/such",
        ])
        let registry = try Registry.fake()
        for _ in 0..<3 {
            let stack = try registry.resolve(ConnectionURL("hmac+tcp://h:1"), for: .dialer, environment: environment)
            #expect(secret(stack) == ByteBuffer(string: "from the parent"))
            #expect(key(stack) == "*** inherited")
        }
    }

    @Test("nothing is read while every URL has its own key")
    func untouched() throws {
        let ends = try inherited(Array("k".utf8))
        defer { close(ends.read) }
        let environment = ResolutionEnvironment.fake(["PATCHBAY_AUTHKEY_DESCRIPTOR": "\(ends.read)"])
        _ = try Registry.fake().resolve(ConnectionURL("hmac+tcp://:own@h:1"), for: .dialer, environment: environment)
        var byte: UInt8 = 0
        #expect(read(ends.read, &byte, 1) == 1 && byte == UInt8(ascii: "k"))
    }

    @Test("a file that several processes inherited is read from its start, whatever its position")
    func sharedFile() throws {
        var template = Array("/tmp/patchbay-key-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        try #require(file > 2)
        unlink(template)
        try #require(write(file, "shared key", 10) == 10)
        let environment = ResolutionEnvironment.fake(["PATCHBAY_AUTHKEY_DESCRIPTOR": "\(file)"])
        let stack = try Registry.fake().resolve(ConnectionURL("hmac+tcp://h:1"), for: .dialer, environment: environment)
        #expect(secret(stack) == ByteBuffer(string: "shared key"))
    }

    @Test("a descriptor that is none, is ours, is empty or holds too much is an error, the second time too")
    func refused() throws {
        let empty = try inherited([])
        let ours = try inherited(Array("x".utf8), ended: false)
        defer {
            close(ours.read)
            close(ours.write)
        }
        try #require(fcntl(ours.read, F_SETFD, FD_CLOEXEC) == 0)
        var template = Array("/tmp/patchbay-key-XXXXXX".utf8CString)
        let large = mkstemp(&template)
        unlink(template)
        try #require(ftruncate(large, 65_537) == 0)
        for text in ["x", "-1", "0", "2", "99999999999", "1000000", "\(empty.read)", "\(ours.read)", "\(large)", "7 "] {
            let environment = ResolutionEnvironment.fake(["PATCHBAY_AUTHKEY_DESCRIPTOR": text])
            for _ in 0..<2 {
                let error = failure {
                    _ = try Registry.fake().resolve(ConnectionURL("hmac+tcp://h:1"), for: .dialer, environment: environment)
                }
                #expect(error?.code == .invalidOption, "\(text)")
                #expect(error?.message.contains("PATCHBAY_AUTHKEY_DESCRIPTOR") == true)
            }
        }
    }
}
