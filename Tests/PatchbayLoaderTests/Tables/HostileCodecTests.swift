internal import NIOCore
internal import PatchbayCore
internal import PatchbayLoader
internal import Testing

/// Codecs that break the interface: each ends as an error that names the plugin and the function, and is not called again.
@Suite struct HostileCodecTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// C: the body of decode or of encode.
        var decode = "return PATCHBAY_OK;"
        var encode = "return sink->write(sink, \"x\", 1);"
        var words: String
        var testDescription: String { name }
    }

    static func body(_ rogue: Case) -> String {
        """
        static patchbay_sink *kept;
        static const patchbay_settings *settings_kept;
        static int32_t create(const patchbay_settings *settings, void **instance, patchbay_error *error) {
            settings_kept = settings;
            (void)instance, (void)error;
            return PATCHBAY_OK;
        }
        static void destroy(void *instance) { (void)instance; }
        static void *elsewhere(void *sink) { return (void *)(intptr_t)((patchbay_sink *)sink)->write(sink, "x", 1); }
        static int32_t decode(void *instance, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error) {
            (void)instance, (void)message, (void)count, (void)tape, (void)error, (void)kept, (void)settings_kept, (void)elsewhere;
            \(rogue.decode)
        }
        static int32_t encode(void *instance, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error) {
            (void)instance, (void)tape, (void)error;
            \(rogue.encode)
        }
        static const patchbay_codec codec = {sizeof codec, 0, create, decode, encode, NULL, NULL, destroy};
        \(CSources.codecInterface)
        """
    }

    static let decoders: [Case] = [
        Case(
            name: "counts more tokens than there is room for",
            decode: "tape->token_count = tape->token_capacity + 1; return 0;",
            words: "counts more on its tape than the tape has room for"
        ),
        Case(
            name: "counts an arena that it has not",
            decode: "tape->arena_count = 5; return 0;",
            words: "counts more on its tape than the tape has room for"
        ),
        Case(name: "raises the capacity", decode: "tape->token_capacity += 100; return 0;", words: "changed a pointer or a capacity"),
        Case(
            name: "puts tokens of its own in place",
            decode: "static patchbay_token own[1]; tape->tokens = own; tape->token_count = 1; return 0;",
            words: "changed a pointer or a capacity"
        ),
        Case(
            name: "writes behind the tokens",
            decode: "tape->tokens[tape->token_capacity] = (patchbay_token){0}; return patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0);",
            words: "wrote behind the tokens of its tape"
        ),
        Case(
            name: "goes on although the tape is full",
            decode: "tape->grow_tokens(tape, 1u << 30); return patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0);",
            words: "returned success after its tape had told it that no more fits"
        ),
        Case(name: "returns a status that does not exist", decode: "return 77;", words: "returned 77, which is no status"),
        Case(name: "continues where nothing continues", decode: "return PATCHBAY_CONTINUE;", words: "returned 1, which is no status"),
        Case(name: "fails with a number that does not exist", decode: "return -99;", words: "returned -99, which is no status"),
        Case(
            name: "writes past the end of its error",
            decode: "memset(error->message, 'x', sizeof error->message + 8); return PATCHBAY_CORRUPT;",
            words: "wrote past the end of its patchbay_error"
        ),
        Case(
            name: "writes an error without an end",
            decode: "memset(error->message, 'x', sizeof error->message); return PATCHBAY_CORRUPT;",
            words: "wrote a message that no NUL ends"
        ),
        Case(
            name: "asks for a secret after its time",
            decode: "patchbay_bytes secret; return settings_kept->secret(settings_kept, \"key\", &secret) == PATCHBAY_FORBIDDEN ? 0 : -1;",
            words: "patchbay_settings.secret was called after the call"
        ),
    ]

    static let encoders: [Case] = [
        Case(
            name: "commits more than there is room for",
            encode: "sink->reserve(sink, 10); return sink->commit(sink, sink->room_count + 1) == PATCHBAY_FORBIDDEN ? 0 : -1;",
            words: "patchbay_sink.commit was told of"
        ),
        Case(
            name: "commits without a room",
            encode: "return sink->commit(sink, 1) == PATCHBAY_FORBIDDEN ? 0 : -1;",
            words: "was told of 1 bytes where 0 had room"
        ),
        Case(
            name: "raises its room",
            encode: "sink->reserve(sink, 10); sink->room_count += 8; return sink->commit(sink, sink->room_count);",
            words: "found `room_count` changed"
        ),
        Case(
            name: "writes behind its room",
            encode: "sink->reserve(sink, 10); ((char *)sink->room)[sink->room_count] = 1; return sink->commit(sink, 10);",
            words: "found bytes written behind the"
        ),
        Case(
            name: "goes on although the sink is full",
            encode: "sink->reserve(sink, (size_t)1 << 40); return sink->write(sink, \"x\", 1);",
            words: "returned success after its sink had told it that no more fits"
        ),
        Case(
            name: "lends its sink to another thread",
            encode: "pthread_t t; pthread_create(&t, NULL, elsewhere, sink); pthread_join(t, NULL); return sink->write(sink, \"x\", 1);",
            words: "or on another thread"
        ),
        Case(
            name: "grows a tape that is not its own",
            encode: "((patchbay_tape *)tape)->grow_arena((patchbay_tape *)tape, 1); return sink->write(sink, \"x\", 1);",
            words: "was called where no tape is filled"
        ),
    ]

    @Test(arguments: decoders)
    func `a breach in decoding is told, once and for all`(rogue: Case) async throws {
        let module = try await CompiledPlugin(metadata: CSources.codecMetadata(), body: Self.body(rogue)).load()
        let codec = try Echo.codec(module)
        #expect(module.breach == nil)
        let error = #expect(throws: PatchbayError.self) { try codec.decodeValue(from: ByteBuffer(string: "hello")) }
        try Self.check(error, rogue, module)
        var buffer = ByteBuffer()
        #expect { try codec.encode(Value.null, into: &buffer) } throws: { ($0 as? PatchbayError)?.code == .pluginBreach }
        #expect { try Echo.codec(module) } throws: { ($0 as? PatchbayError)?.code == .pluginBreach }
    }

    @Test(arguments: encoders)
    func `a breach in encoding is told, and leaves the buffer as it was`(rogue: Case) async throws {
        let module = try await CompiledPlugin(metadata: CSources.codecMetadata(), body: Self.body(rogue)).load()
        let codec = try Echo.codec(module)
        var buffer = ByteBuffer(string: "before")
        let error = #expect(throws: PatchbayError.self) { try codec.encode(Value.null, into: &buffer) }
        try Self.check(error, rogue, module)
        #expect(buffer == ByteBuffer(string: "before"))
        #expect { try codec.decodeValue(from: buffer) } throws: { ($0 as? PatchbayError)?.code == .pluginBreach }
    }

    private static func check(_ error: PatchbayError?, _ rogue: Case, _ module: LoadedModule) throws {
        let error = try #require(error)
        #expect(error.code == .pluginBreach)
        #expect(error.stage == .plugin)
        #expect(error.layer == "acme")
        #expect(error.message.contains("the plugin 'acme' broke the plugin interface: patchbay_"), "\(error)")
        #expect(error.message.contains(rogue.words), "\(error)")
        #expect(module.breach?.message == error.message)
    }

    @Test func `a sink that is used after its call refuses, and the breach is noted`() async throws {
        let rogue = Case(
            name: "keeps its sink",
            decode: "return kept->write(kept, \"y\", 1) == PATCHBAY_FORBIDDEN ? patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0) : -1;",
            encode: "kept = sink; return sink->write(sink, \"x\", 1);",
            words: ""
        )
        let module = try await CompiledPlugin(metadata: CSources.codecMetadata(), body: Self.body(rogue)).load()
        let codec = try Echo.codec(module)
        var buffer = ByteBuffer()
        try codec.encode(Value.null, into: &buffer)
        #expect(buffer == ByteBuffer(string: "x"))
        #expect { try codec.decodeValue(from: buffer) } throws: {
            "\($0)".contains("patchbay_sink.write was called after the call that lent")
        }
    }

    @Test func `a failure in the plugin's own words is an error, and no breach`() async throws {
        let rogue = Case(
            name: "fails",
            decode: "return patchbay_fail(error, PATCHBAY_CORRUPT, ENOENT, \"byte 3 is odd\\x1b[31m; send even ones\");",
            encode: "return patchbay_fail(error, PATCHBAY_UNFIT, 0, \"\");",
            words: ""
        )
        let module = try await CompiledPlugin(metadata: CSources.codecMetadata(), body: Self.body(rogue)).load()
        let codec = try Echo.codec(module)
        let error = try #require(#expect(throws: PatchbayError.self) { try codec.decodeValue(from: ByteBuffer(string: "hello")) })
        #expect(error.code == .decodingFailed)
        #expect(error.message == "the plugin 'acme': byte 3 is odd [31m; send even ones")
        #expect("\(error)".contains("No such file"))
        var buffer = ByteBuffer()
        let silent = try #require(#expect(throws: PatchbayError.self) { try codec.encode(Value.null, into: &buffer) })
        #expect(silent.code == .encodingFailed)
        #expect(silent.message.contains("it gave no reason"))
        #expect(module.breach == nil)
    }
}
