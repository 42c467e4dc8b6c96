internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import PatchbayLoader
internal import Testing

@Suite struct LoadedAuthenticatorTests {
    static func metadata(_ more: String = "") -> String {
        """
        {"patchbay": "1.0", "name": "acme", "version": "1.0.0", "summary": "an authenticator of a test", "layers": [
            {"kind": "authenticator", "name": "acme", "summary": "as a test says", "medium": "greeting", "passwordOption": "key",
             "options": [{"name": "key", "summary": "what both know", "type": "text", "secret": true},
                         {"name": "other", "summary": "another", "type": "text", "secret": true}]\(more)}]}
        """
    }

    static func module(step: String, create: String = "", mac: String = "NULL", metadata: String = metadata()) async throws -> LoadedModule
    {
        try await CompiledPlugin(
            metadata: metadata,
            body: """
                typedef struct { int steps; unsigned long thread; } state;
                static const patchbay_handshake *kept;
                static int32_t create(const patchbay_handshake *handshake, void **instance, patchbay_error *error) {
                    kept = handshake;
                    (void)error;
                    \(create)
                    *instance = calloc(1, sizeof(state));
                    return PATCHBAY_OK;
                }
                static int32_t step(
                    void *instance, const patchbay_handshake *handshake, const void *message, size_t count, patchbay_error *error) {
                    state *self = instance;
                    patchbay_bytes key = {NULL, 0};
                    (void)message, (void)count, (void)error, (void)key, (void)handshake;
                    self->steps += 1;
                    \(step)
                }
                static int32_t export_mac(void *instance, const void *data, size_t count, uint8_t mac[32], patchbay_error *error) {
                    (void)instance, (void)data, (void)error, (void)kept;
                    if (kept->send(kept, "x", 1) != PATCHBAY_FORBIDDEN) return PATCHBAY_OK;
                    memset(mac, (int)count, 32);
                    return PATCHBAY_OK;
                }
                static int32_t fixed_mac(void *instance, const void *data, size_t count, uint8_t mac[32], patchbay_error *error) {
                    (void)instance, (void)data, (void)error, (void)export_mac;
                    memset(mac, (int)count, 32);
                    return PATCHBAY_OK;
                }
                static void destroy(void *instance) { (void)fixed_mac; free(instance); }
                static const patchbay_authenticator authenticator = {sizeof authenticator, 0, create, step, \(mac), destroy};
                static const void *interface(const char *id) { return strcmp(id, PATCHBAY_AUTHENTICATOR) == 0 ? &authenticator : NULL; }

                """
        ).load()
    }

    static func handshake(_ module: LoadedModule, key: String? = "secret", role: Role = .dialer, user: String? = nil) throws
        -> any Handshake
    {
        var registry = Registry()
        try registry.register(module.plugin)
        guard let layer = registry.layer(named: "acme")?.layer, case .authenticator(_, let make) = layer.maker else {
            throw CompiledPlugin.Failure(description: "no authenticator")
        }
        let options = if let key { try Options(["key": key], for: layer.options) } else { try Options([:], for: layer.options) }
        return try make(options).makeHandshake(HandshakeContext(role: role, transcript: ByteBuffer(string: "hello"), user: user))
    }

    /// The dialer shows its key, the listener answers.
    static let token = """
        if (handshake->settings->secret(handshake->settings, "key", &key) < 0) return patchbay_fail(error, PATCHBAY_FAILED, 0, "no key");
        if (handshake->role == PATCHBAY_DIALER) {
            if (message != NULL) return count == 2 ? PATCHBAY_OK : patchbay_fail(error, PATCHBAY_REFUSED, 0, "not ok");
            if (handshake->send(handshake, key.data, key.count) < 0) return patchbay_fail(error, PATCHBAY_LIMIT, 0, "too long");
            return PATCHBAY_CONTINUE;
        }
        if (message == NULL) return PATCHBAY_CONTINUE;
        if (count != key.count || memcmp(message, key.data, count) != 0) {
            handshake->send(handshake, "no!", 3);
            return patchbay_fail(error, PATCHBAY_REFUSED, 0, "the keys differ");
        }
        handshake->send(handshake, "ok", 2);
        handshake->identify(handshake, "bob", 3);
        return PATCHBAY_OK;
        """

    static func conversation(_ module: LoadedModule, dialer: String, listener: String) async throws -> String? {
        let registry = try Registry.forTest(module)
        let bound = try await Listener.bind(
            ConnectionURL("acme+inproc://:" + listener + "@worker?handshake-timeout=60s&timeout=60s"),
            registry: registry
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await bound.run { connection in
                    try await connection.send(bytes: ByteBuffer(string: connection.peer.identity ?? "nobody"))
                }
            }
            defer { bound.close() }
            return try await withConnection(
                to: ConnectionURL("acme+inproc://:" + dialer + "@worker?handshake-timeout=60s&timeout=60s"),
                registry: registry
            ) { connection in
                try await connection.receiveBytes().map { String(buffer: $0) }
            }
        }
    }

    @Test(arguments: ["", ", \"blocking\": true"])
    func `two ends prove themselves by URL, on the reactor or on threads of their own`(more: String) async throws {
        let module = try await Self.module(step: Self.token, mac: "fixed_mac", metadata: Self.metadata(more))
        #expect(try await Self.conversation(module, dialer: "same", listener: "same") == "bob")
        await #expect(throws: PatchbayError.self) { try await Self.conversation(module, dialer: "one", listener: "two") }
        #expect(module.breach == nil)
    }

    @Test func `what was sent before a failure goes out, and then the failure is thrown`() async throws {
        let module = try await Self.module(step: Self.token)
        var listener = try Self.handshake(module, role: .listener)
        _ = try listener.step(.start)
        let step = try listener.step(.message(ByteBuffer(string: "wrong")))
        #expect(step.output == [ByteBuffer(string: "no!")])
        guard case .perform(let work) = step.next else { throw CompiledPlugin.Failure(description: "no work") }
        let verdict = try await work()
        #expect(!verdict)
        #expect { try listener.step(.verdict(verdict)) } throws: { ($0 as? PatchbayError)?.code == .authenticationFailed }
    }

    @Test func `a secret that was not given is not found`() async throws {
        let module = try await Self.module(
            step: "return handshake->settings->secret(handshake->settings, \"key\", &key) == PATCHBAY_NOT_FOUND ? PATCHBAY_OK : -1;"
        )
        var handshake = try Self.handshake(module, key: nil)
        guard case .done = try handshake.step(.start).next else { throw CompiledPlugin.Failure(description: "not done") }
    }

    @Test(arguments: [
        (
            "return handshake->settings->secret(handshake->settings, \"admin\", &key) < 0 ? PATCHBAY_CONTINUE : PATCHBAY_OK;",
            "was asked for 'admin', which the metadata does not declare as a secret"
        ),
        ("return 5;", "returned 5, which is no status"),
    ])
    func `an authenticator that breaks the interface is told, and not called again`(step: String, words: String) async throws {
        let module = try await Self.module(step: step)
        var handshake = try Self.handshake(module)
        let error = #expect(throws: PatchbayError.self) { try handshake.step(.start) }
        #expect(error?.code == .pluginBreach)
        #expect(error?.message.contains(words) == true, "\(error as Any)")
        #expect(throws: PatchbayError.self) { try Self.handshake(module) }
    }

    @Test func `sending after the call is a breach, and the confirmation fits nobody's`() async throws {
        let module = try await Self.module(step: "return PATCHBAY_OK;", mac: "export_mac")
        var handshake = try Self.handshake(module)
        guard case .done(let result) = try handshake.step(.start).next, let mac = result.exportedMAC else {
            throw CompiledPlugin.Failure(description: "no result")
        }
        let first = mac(ByteBuffer(string: "all"))
        #expect(first.readableBytes == 32)
        #expect(mac(ByteBuffer(string: "all")) != first)
        #expect(module.breach?.message.contains("patchbay_handshake.send was called after the call") == true)
    }

    @Test func `messages are counted and bounded, both ways`() async throws {
        let module = try await Self.module(
            step: """
                char large[5000] = {0};
                if (handshake->send(handshake, large, sizeof large) != PATCHBAY_LIMIT) return -1;
                if (handshake->send(handshake, large, 4095) != PATCHBAY_OK) return -1;
                return handshake->send(handshake, large, 1) == (self->steps == 1 ? PATCHBAY_OK : PATCHBAY_LIMIT) ? PATCHBAY_CONTINUE : -1;
                """,
            metadata: Self.metadata(", \"rounds\": 3")
        )
        var handshake = try Self.handshake(module)
        #expect(try handshake.step(.start).output.count == 2)
        #expect(try handshake.step(.message(ByteBuffer())).output.count == 1)
        let talker = try await Self.module(step: "return PATCHBAY_CONTINUE;", metadata: Self.metadata(", \"rounds\": 3"))
        var other = try Self.handshake(talker)
        _ = try other.step(.start)
        for _ in 0..<3 { _ = try other.step(.message(ByteBuffer())) }
        #expect { try other.step(.message(ByteBuffer())) } throws: { ($0 as? PatchbayError)?.code == .protocolViolation }
        #expect(talker.breach == nil)
    }

    @Test func `a handshake knows the user, the transcript and the role`() async throws {
        let module = try await Self.module(
            step: """
                char text[100];
                snprintf(text, sizeof text, "%u %.*s %.*s %d %lld", handshake->role, (int)handshake->transcript.count,
                         (const char *)handshake->transcript.data, (int)handshake->user.count,
                         handshake->user.data == NULL ? "-" : (const char *)handshake->user.data, handshake->user.data == NULL,
                         (long long)handshake->peer_user);
                handshake->send(handshake, text, strlen(text));
                return PATCHBAY_OK;
                """
        )
        var one = try Self.handshake(module, role: .listener, user: "ann")
        #expect(try one.step(.start).output == [ByteBuffer(string: "1 hello ann 0 -1")])
        var other = try Self.handshake(module)
        #expect(try other.step(.start).output == [ByteBuffer(string: "0 hello  1 -1")])
    }
}
