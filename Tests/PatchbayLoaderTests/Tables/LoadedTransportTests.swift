internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import PatchbayLoader
internal import Testing

@Suite struct LoadedTransportTests {
    static func transport(_ module: LoadedModule) throws -> any Transport {
        var registry = Registry()
        try registry.register(module.plugin)
        guard case .transport(_, let transport)? = registry.layer(named: "acme")?.layer.maker else {
            throw CompiledPlugin.Failure(description: "no transport")
        }
        return transport
    }

    static func context(timeout: Duration? = .seconds(30)) -> TransportContext {
        TransportContext(host: "127.0.0.1", port: 1, path: "", options: Options(), reactor: ReactorGroup.shared.next(), timeout: timeout)
    }

    /// Until a plugin has logged a line; a generous deadline.
    static func logged(_ line: String, by module: LoadedModule) async throws -> Bool {
        for _ in 0..<2_000 {
            if module.lastLogLines.contains(line) { return true }
            try await ReactorGroup.shared.next().sleep(for: .milliseconds(5))
        }
        return false
    }

    static let dialing = """
        int descriptor = dial(target);
        if (descriptor < 0) return patchbay_fail(error, PATCHBAY_CONNECTION_REFUSED, errno, "nobody is there");
        *operation_ = malloc(1);
        finish(done, context, descriptor);
        return PATCHBAY_OK;
        """

    @Test func `a transport that waits dials and listens by URL`() async throws {
        let plugin = try await CompiledPlugin(
            metadata: CSources.transportMetadata(", \"blocking\": true"),
            body: CSources.transport(connect: Self.dialing)
        )
        let module = try plugin.load()
        let registry = try Registry.forTest(module)
        let listener = try await Listener.bind("acme://127.0.0.1:0?handshake-timeout=60s&timeout=60s", registry: registry)
        #expect(listener.url.hasPrefix("acme://127.0.0.1:"))
        let url = try ConnectionURL(listener.url)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run { connection in
                    while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
                }
            }
            try await withConnection(to: url, registry: registry) { connection in
                let large = ByteBuffer(repeating: 7, count: 1 << 20)
                try await connection.send(bytes: large)
                #expect(try await connection.receiveBytes() == large)
            }
            listener.close()
            try await group.waitForAll()
        }
        #expect(try await Self.logged("released", by: module))
        #expect(try await Self.logged("closed", by: module))
        #expect(module.breach == nil)
    }

    @Test func `a failure to dial is told in the plugin's words`() async throws {
        let module = try await CompiledPlugin(metadata: CSources.transportMetadata(), body: CSources.transport(connect: Self.dialing))
            .load()
        let error = await #expect(throws: PatchbayError.self) { try await Self.transport(module).connect(Self.context()) }
        #expect(error?.code == .connectionRefused)
        #expect(error?.message == "the plugin 'acme': nobody is there")
        #expect(error?.stage == .dial)
    }

    /// Ends on a thread of its own, and then says when the host has closed its end.
    static let threaded = """
        static void *later(void *argument) {
            operation *self = argument;
            patchbay_done done = self->done;
            int other = self->pair[1];
            char byte;
            fcntl(other, F_SETFL, 0);
            WAIT
            finish(done, self->context, self->pair[0]);
            if (read(other, &byte, 1) == 0) say("ended");
            close(other);
            return NULL;
        }
        """

    static let startThread = """
        operation *self = calloc(1, sizeof *self);
        self->done = done;
        self->context = context;
        the_host->stream_pair(the_host, self->pair);
        *operation_ = self;
        pthread_create(&self->thread, NULL, later, self);
        pthread_detach(self->thread);
        return PATCHBAY_OK;
        """

    @Test func `a descriptor that comes after the task was cancelled is closed`() async throws {
        let wait =
            "static int waited; static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; static pthread_cond_t opens = PTHREAD_COND_INITIALIZER;\n"
        let module = try await CompiledPlugin(
            metadata: CSources.transportMetadata(", \"listens\": false"),
            body: CSources.transport(
                connect: Self.startThread,
                more: wait
                    + "static void stop(void *operation) { (void)operation; say(\"stopped\"); "
                    + "pthread_mutex_lock(&gate); waited = 1; pthread_cond_signal(&opens); pthread_mutex_unlock(&gate); }\n"
                    + Self.threaded.replacing(
                        "WAIT",
                        with:
                            "say(\"waiting\"); pthread_mutex_lock(&gate); while (!waited) pthread_cond_wait(&opens, &gate); pthread_mutex_unlock(&gate);"
                    ),
                table: "connect, stop, release, NULL, NULL, NULL"
            )
        ).load()
        let transport = try Self.transport(module)
        let task = Task { _ = try await transport.connect(Self.context()) }
        #expect(try await Self.logged("waiting", by: module))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await Self.logged("stopped", by: module))
        #expect(try await Self.logged("ended", by: module))
        #expect(try await Self.logged("released", by: module))
        #expect(module.breach == nil)
    }

    @Test func `a completion that never comes ends with the timeout`() async throws {
        let module = try await CompiledPlugin(
            metadata: CSources.transportMetadata(),
            body: CSources.transport(connect: "return PATCHBAY_OK;")
        ).load()
        let error = await #expect(throws: PatchbayError.self) {
            try await Self.transport(module).connect(Self.context(timeout: .milliseconds(50)))
        }
        #expect(error?.code == .timedOut)
        #expect(try await Self.logged("cancelled", by: module))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var connect: String
        var words: String
        var testDescription: String { words }
    }

    static let pair = "int pair[2]; the_host->stream_pair(the_host, pair); "

    static let rogues = [
        Case(connect: "finish(done, context, -1); return 0;", words: "gave no descriptor (-1)"),
        Case(connect: "finish(done, context, 1); return 0;", words: "gave descriptor 1, which is a standard one"),
        Case(connect: "finish(done, context, 1000000); return 0;", words: "which is closed"),
        Case(connect: "finish(done, context, open(\"/dev/null\", O_RDWR | O_CLOEXEC)); return 0;", words: "which is no socket"),
        Case(connect: pair + "fcntl(pair[0], F_SETFL, 0); finish(done, context, pair[0]); return 0;", words: "gave a socket that blocks"),
        Case(
            connect: pair + "fcntl(pair[0], F_SETFD, 0); finish(done, context, pair[0]); return 0;",
            words: "gave a socket that child processes would inherit"
        ),
        Case(
            connect: "finish(done, context, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); return 0;",
            words: "gave a socket of another type"
        ),
        Case(
            connect:
                "int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); listen(s, 1); finish(done, context, s); return 0;",
            words: "gave a socket that listens"
        ),
        Case(
            connect: "patchbay_outcome o = {sizeof o, 55, -1, 0, NULL}; done(context, &o); return 0;",
            words: "was given 55, which is no status"
        ),
        Case(
            connect: "patchbay_outcome o = {sizeof o, PATCHBAY_FAILED, -1, 0, NULL}; done(context, &o); return 0;",
            words: "was given a failure without its patchbay_error"
        ),
        Case(connect: "done(context, NULL); return 0;", words: "was given no outcome"),
        Case(connect: pair + "patchbay_outcome o = {sizeof o, 0, pair[0], 8, NULL}; done(context, &o); return 0;", words: "set flags, 0x8"),
        Case(
            connect: pair + "finish(done, context, pair[0]); return patchbay_fail(error, PATCHBAY_FAILED, 0, \"no\");",
            words: "failed, and ended its operation all the same"
        ),
        Case(connect: "return PATCHBAY_CONTINUE;", words: "returned 1, which is no status"),
    ]

    @Test(arguments: rogues)
    func `a transport that breaks the interface is told, and not called again`(rogue: Case) async throws {
        let module = try await CompiledPlugin(metadata: CSources.transportMetadata(), body: CSources.transport(connect: rogue.connect))
            .load()
        let transport = try Self.transport(module)
        let error = try #require(await #expect(throws: PatchbayError.self) { try await transport.connect(Self.context()) })
        #expect(error.code == .pluginBreach, "\(error)")
        #expect(error.message.contains(rogue.words), "\(error)")
        let again = await #expect(throws: PatchbayError.self) { try await transport.connect(Self.context()) }
        #expect(again?.message == error.message)
    }

    @Test func `a second completion is noted, at once and long after the release`() async throws {
        let twice = Self.pair + "finish(done, context, pair[0]); finish(done, context, pair[0]); return 0;"
        let module = try await CompiledPlugin(metadata: CSources.transportMetadata(), body: CSources.transport(connect: twice)).load()
        _ = try? await Self.transport(module).connect(Self.context())
        #expect(module.breach?.message.contains("patchbay_done was called twice") == true)

        let kept =
            Self.pair + """
                static patchbay_done first;
                static void *first_context;
                if (first != NULL) finish(first, first_context, 7);
                first = done;
                first_context = context;
                finish(done, context, pair[0]);
                return 0;
                """
        let late = try await CompiledPlugin(metadata: CSources.transportMetadata(), body: CSources.transport(connect: kept)).load()
        let stream = try await Self.transport(late).connect(Self.context())
        #expect(late.breach == nil)
        await #expect(throws: PatchbayError.self) { try await Self.transport(late).connect(Self.context()) }
        #expect(late.breach?.message.contains("patchbay_done was called twice") == true)
        // The connection that was there goes on.
        #expect(stream.writesOneByte)
        stream.close(abort: false)
    }

    @Test func `a descriptor that another connection has is left alone`() async throws {
        let module = try await CompiledPlugin(
            metadata: CSources.transportMetadata(),
            body: CSources.transport(
                connect:
                    "static int pair[2]; if (pair[0] == 0) the_host->stream_pair(the_host, pair); finish(done, context, pair[0]); return 0;"
            )
        ).load()
        let transport = try Self.transport(module)
        let stream = try await transport.connect(Self.context())
        let error = await #expect(throws: PatchbayError.self) { try await transport.connect(Self.context()) }
        #expect(error?.message.contains("which another connection of this process has") == true, "\(error as Any)")
        #expect(stream.writesOneByte)
        stream.close(abort: false)
    }
}

extension ByteStream {
    fileprivate var writesOneByte: Bool {
        [UInt8(1)].withUnsafeBytes { byte in
            if case .bytes(1) = write(byte, UnsafeRawBufferPointer(start: nil, count: 0)) { true } else { false }
        }
    }
}
