internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import PatchbayLoader
internal import Testing

/// What a host and a plugin say of themselves, held against each other field by field.
@Suite struct NegotiationTests {
    static func refusal(
        _ defines: String,
        metadata: String = CSources.codecMetadata(),
        body: String = CSources.tapeCodec + CSources.codecInterface,
        version: InterfaceVersion = .current
    ) async throws -> String {
        let plugin = try await CompiledPlugin(metadata: metadata, body: defines + "\n" + body)
        do {
            _ = try plugin.load(version: version)
            Issue.record("it was loaded")
            return ""
        } catch let error as PatchbayError {
            #expect(error.code == .pluginRefused)
            #expect(error.stage == .plugin)
            #expect(error.message.contains(plugin.path))
            return error.message
        }
    }

    @Test(arguments: [
        ("#define ROOT_SIZE 8", "patchbay_plugin.size is 8; set it to sizeof(patchbay_plugin)"),
        ("#define ROOT_SIZE 24", "patchbay_plugin.size is 24, and version 1.0 has 40"),
        ("#define ROOT_MAGIC 0x59414250u", "magic is 0x59414250, and must be PATCHBAY_MAGIC, 0x50424159"),
        ("#define ROOT_MAJOR 2", "built for version 2.0 of the plugin interface, and this host has 1.0; update the host"),
        ("#define ROOT_MAJOR 0", "built for version 0.0 of the plugin interface, and this host has 1.0; rebuild it"),
        ("#define ROOT_REQUIRED 0x11", "patchbay_plugin.required has the bits 0x11"),
        ("#define ROOT_THREADS 3", "patchbay_plugin.threads is 3"),
        ("#define ROOT_METADATA NULL", "patchbay_plugin.metadata is NULL"),
    ])
    func `a root that does not fit is refused, with the field and what to do`(defines: String, words: String) async throws {
        let message = try await Self.refusal(defines)
        #expect(message.contains(words), "\(message)")
    }

    @Test func `a table that is too small, or lacks a function, is refused by name`() async throws {
        let small = try await Self.refusal("", body: CSources.tapeCodec.replacing("{sizeof codec,", with: "{16,") + CSources.codecInterface)
        #expect(small.contains("the size of its table for patchbay.codec/1 is 16, and version 1.0 has 56"), "\(small)")
        let none = try await Self.refusal("", body: "static const void *interface(const char *id) { (void)id; return NULL; }\n")
        #expect(none.contains("interface(\"patchbay.codec/1\") gives NULL"), "\(none)")
        let empty = try await Self.refusal(
            "",
            body: CSources.tapeCodec.replacing("create, decode, encode,", with: "create, decode, NULL,") + CSources.codecInterface
        )
        #expect(empty.contains("patchbay_codec.encode is NULL"), "\(empty)")
    }

    @Test func `metadata that differs once the code runs is refused, with the field`() async throws {
        let other = CSources.codecMetadata().replacing("a codec of a test", with: "something else").replacing("\"", with: "\\\"")
            .replacing("\n", with: " ")
        let message = try await Self.refusal("#define ROOT_METADATA \"\(other)\"")
        #expect(message.contains("summary differs"), "\(message)")
    }

    @Test func `spaces and the order of fields make no difference`() async throws {
        let same =
            #"{"version":"1.2.3","name":"acme","summary":"a codec of a test","patchbay":"1.0","#
            + #""layers":[{"name":"acme","kind":"codec","summary":"tokens as they are"}]}"#
        let plugin = try await CompiledPlugin(
            metadata: CSources.codecMetadata(),
            body: "#define ROOT_METADATA \"\(same.replacing("\"", with: "\\\""))\"\n" + CSources.tapeCodec + CSources.codecInterface
        )
        #expect(try plugin.load().plugin.version == "1.2.3")
    }

    @Test func `an entry that refuses is quoted`() async throws {
        let message = try await Self.refusal(
            "#define HAS_ENTRY",
            body: """
                static const void *interface(const char *id) { (void)id; return NULL; }
                PATCHBAY_EXPORT const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
                    host->log(host, PATCHBAY_LOG_WARNING, "no licence", 10);
                    patchbay_fail(error, PATCHBAY_FAILED, 0, interface("x") == NULL ? "the licence is missing" : "");
                    return NULL;
                }
                """
        )
        #expect(message.contains("it refuses this host: the licence is missing"), "\(message)")
    }

    @Test func `a file without an entry, one that is no library, and a link are refused`() async throws {
        let none = try await CompiledPlugin(metadata: "{}", source: "int nothing;\n")
        let metadata = try PluginMetadata.parse(ByteBuffer(string: CSources.codecMetadata()))
        #expect { try LoadedModule(path: none.path, metadata: metadata, file: nil) } throws: {
            "\($0)".contains("no symbol patchbay_plugin_entry")
        }
        #expect { try LoadedModule(path: none.folder + "/plugin.c", metadata: metadata, file: nil) } throws: {
            "\($0)".contains("the loader says:")
        }
        let link = none.folder + "/link.so"
        #expect(symlink(none.path, link) == 0)
        defer { unlink(link) }
        #expect { try LoadedModule(path: link, metadata: metadata, file: nil) } throws: {
            "\($0)".contains("links to plugins are not followed")
        }
    }

    @Test func `a file that changed after it was checked is refused`() async throws {
        let plugin = try await CompiledPlugin(metadata: CSources.codecMetadata(), body: CSources.tapeCodec + CSources.codecInterface)
        let checked = try FileIdentity(path: plugin.path)
        #expect(chmod(plugin.path, 0o700) == 0)
        #expect(try FileIdentity(path: plugin.path) != checked)
        #expect { try plugin.load(file: checked) } throws: { "\($0)".contains("the file changed since it was checked") }
        _ = try plugin.load(file: FileIdentity(path: plugin.path))
    }

    @Test func `a plugin of a later minor version, with larger tables, loads into this host`() async throws {
        let codec = CSources.tapeCodec.replacing(
            "static const patchbay_codec codec = {sizeof codec, 0, create, decode, encode, NULL, NULL, destroy};",
            with: """
                static const struct { patchbay_codec known; void (*later)(void); } codec =
                    {{sizeof codec, 0, create, decode, encode, NULL, NULL, destroy}, (void (*)(void))1};
                """
        )
        let plugin = try await CompiledPlugin(
            metadata: CSources.codecMetadata(", \"later\": 1").replacing("\"1.0\"", with: "\"1.7\""),
            body: "#define ROOT_MINOR 7\n#define ROOT_SIZE (sizeof(patchbay_plugin) + 64)\n" + codec + CSources.codecInterface
        )
        let module = try plugin.load()
        try Echo.check(module)
    }

    @Test func `a later host, whose table is larger, loads a plugin of 1.0`() async throws {
        let plugin = try await CompiledPlugin(
            metadata: CSources.codecMetadata(),
            body: """
                #define HAS_ENTRY
                \(CSources.tapeCodec)\(CSources.codecInterface)
                static const patchbay_plugin root = {sizeof root, PATCHBAY_MAGIC, 1, 0, 0, 0x10, patchbay_metadata, interface};
                PATCHBAY_EXPORT const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
                    char line[100];
                    int count = snprintf(line, sizeof line, "%u %d.%d %s", host->size, host->major, host->minor, host->name);
                    host->log(host, PATCHBAY_LOG_INFO, line, (size_t)count);
                    (void)error;
                    return &root;
                }

                """
        )
        let module = try plugin.load(version: InterfaceVersion(major: 1, minor: 4, knownRequirements: 0x10))
        #expect(module.lastLogLines == ["120 1.4 patchbay"])
        try Echo.check(module)
    }

    @Test func `an older host refuses what it cannot know`() async throws {
        let message = try await Self.refusal("", version: InterfaceVersion(major: 0, minor: 9))
        #expect(message.contains("built for version 1.0 of the plugin interface, and this host has 0.9; update the host"), "\(message)")
    }

    @Test func `an entry is called once in a process`() async throws {
        let plugin = try await CompiledPlugin(
            metadata: CSources.codecMetadata(),
            body: """
                #define HAS_ENTRY
                \(CSources.tapeCodec)\(CSources.codecInterface)
                static const patchbay_plugin root = {sizeof root, PATCHBAY_MAGIC, 1, 0, 0, 0, patchbay_metadata, interface};
                PATCHBAY_EXPORT const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
                    host->log(host, PATCHBAY_LOG_INFO, "entered", 7);
                    (void)error;
                    return &root;
                }

                """
        )
        let first = try plugin.load()
        let second = try plugin.load()
        #expect(first.lastLogLines == ["entered"])
        #expect(second.lastLogLines == ["entered"])
    }
}

/// One value through a module's codec and back.
enum Echo {
    static func codec(_ module: LoadedModule, _ name: String = "acme", _ options: Options = Options()) throws -> any Codec {
        var registry = Registry()
        try registry.register(module.plugin)
        guard case .codec(let make)? = registry.layer(named: name)?.layer.maker else {
            throw CompiledPlugin.Failure(description: "no codec")
        }
        return try make(options)
    }

    static func check(_ module: LoadedModule) throws {
        let codec = try codec(module)
        let value = Value.array([.int(1), .string("zwei"), .map(ValueMap([.init(.string("k"), .double(2.5))]))])
        var buffer = ByteBuffer(string: "before")
        try codec.encode(value, into: &buffer)
        #expect(buffer.readString(length: 6) == "before")
        #expect(try codec.decodeValue(from: buffer) == value)
    }
}
