internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import PatchbayLoader
internal import Testing

@Suite struct LoadedProcessorTests {
    static func metadata(_ more: String) -> String {
        """
        {"patchbay": "1.0", "name": "acme", "version": "1.0.0", "summary": "a processor of a test", "layers": [
            {"kind": "processor", "name": "acme", "summary": "as a test says", "positions": ["message", "stream"]\(more)}]}
        """
    }

    static func processor(push: String, threads: String = "INSTANCE", metadata: String = metadata("")) async throws -> (
        any Processor, LoadedModule
    ) {
        let plugin = try await CompiledPlugin(
            metadata: metadata,
            body: """
                #define ROOT_THREADS PATCHBAY_THREADS_\(threads)
                typedef struct { int pushes, resets; } state;
                static int inside, most;
                static int32_t create(const patchbay_settings *settings, uint32_t direction, void **instance, patchbay_error *error) {
                    (void)settings, (void)direction, (void)error;
                    *instance = calloc(1, sizeof(state));
                    return PATCHBAY_OK;
                }
                static int32_t push(
                    void *instance, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
                    state *self = instance;
                    (void)data, (void)count, (void)flush, (void)error, (void)inside, (void)most;
                    self->pushes += 1;
                    \(push)
                }
                static int32_t reset(void *instance, patchbay_error *error) {
                    (void)error;
                    ((state *)instance)->resets += 1;
                    return PATCHBAY_OK;
                }
                static void destroy(void *instance) { free(instance); }
                static const patchbay_processor processor = {sizeof processor, 0, create, push, reset, destroy};
                static const void *interface(const char *id) { return strcmp(id, PATCHBAY_PROCESSOR) == 0 ? &processor : NULL; }

                """
        )
        let module = try plugin.load()
        var registry = Registry()
        try registry.register(module.plugin)
        guard case .processor(_, let make)? = registry.layer(named: "acme")?.layer.maker else {
            throw CompiledPlugin.Failure(description: "no processor")
        }
        return (try make(Options()), module)
    }

    static func push(_ step: inout any ProcessorStep, _ text: String, _ flush: ProcessorFlush, maximum: Int = 1 << 20) throws -> [String] {
        var sink = ProcessorSink(maximum: maximum)
        try step.push(ByteBuffer(string: text), flush, into: &sink)
        return sink.buffers.map { String(buffer: $0) }
    }

    @Test func `one push may end no message by hand, or several`() async throws {
        let (processor, _) = try await Self.processor(
            push: """
                if (count == 0) return PATCHBAY_OK;
                if (*(const char *)data != '|') return sink->write(sink, data, count);
                sink->write(sink, "one", 3);
                sink->end_message(sink);
                sink->end_message(sink);
                return sink->write(sink, "three", 5);
                """
        )
        var step = try processor.makeEncoder()
        #expect(try Self.push(&step, "whole", .finish) == ["whole"])
        #expect(try Self.push(&step, "|", .finish) == ["one", "", "three"])
        #expect(try Self.push(&step, "", .finish) == [""])
        #expect(try Self.push(&step, "", .sync) == [])
    }

    @Test func `after a failure the instance is reset before it is used again`() async throws {
        let (processor, module) = try await Self.processor(
            push: """
                char text[32];
                if (count == 3) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "three bytes");
                return sink->write(sink, text, (size_t)snprintf(text, sizeof text, "%d %d", self->pushes, self->resets));
                """
        )
        var step = try processor.makeDecoder()
        #expect(try Self.push(&step, "", .finish) == ["1 0"])
        #expect { try Self.push(&step, "bad", .finish) } throws: { ($0 as? PatchbayError)?.code == .decodingFailed }
        #expect(try Self.push(&step, "", .finish) == ["3 1"])
        #expect(module.breach == nil)
    }

    static let flood = """
        int32_t status = PATCHBAY_OK;
        while (status == PATCHBAY_OK) {
            status = sink->reserve(sink, 4096);
            if (status == PATCHBAY_OK) status = sink->commit(sink, 4096);
        }
        return patchbay_fail(error, status, 0, "it would not end");
        """

    @Test func `a decompression bomb ends at the host's bound, or at the declared expansion`() async throws {
        let (processor, module) = try await Self.processor(push: Self.flood)
        var step = try processor.makeDecoder()
        #expect { try Self.push(&step, "x", .finish, maximum: 100_000) } throws: { ($0 as? PatchbayError)?.code == .messageTooLarge }
        let (bounded, other) = try await Self.processor(push: Self.flood, metadata: Self.metadata(", \"expansion\": 1000"))
        var decoder = try bounded.makeDecoder()
        let error = #expect(throws: PatchbayError.self) { try Self.push(&decoder, "xy", .finish, maximum: 1 << 30) }
        // 64 KiB, and a thousand times the input.
        #expect(error?.message.contains("more than the 67536 bytes") == true, "\(error as Any)")
        #expect(module.breach == nil)
        #expect(other.breach == nil)
    }

    /// Says how many calls were inside at once, and gives a second one so long to come in.
    static func overlap(_ milliseconds: Int) -> String {
        """
        static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
        static pthread_cond_t entered = PTHREAD_COND_INITIALIZER;
        char text[16];
        struct timespec end;
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_sec += \(milliseconds / 1000);
        end.tv_nsec += \(milliseconds % 1000) * 1000000L;
        if (end.tv_nsec >= 1000000000L) end.tv_sec += 1, end.tv_nsec -= 1000000000L;
        pthread_mutex_lock(&gate);
        inside += 1;
        if (inside > most) most = inside;
        if (most > 1) pthread_cond_broadcast(&entered);
        while (most < 2 && pthread_cond_timedwait(&entered, &gate, &end) == 0) {}
        inside -= 1;
        int seen = most;
        pthread_mutex_unlock(&gate);
        return sink->write(sink, text, (size_t)snprintf(text, sizeof text, "%d", seen));
        """
    }

    /// How many pushes were inside the plugin at once, of two instances on two threads.
    static func most(_ threads: String, waiting milliseconds: Int) async throws -> Int {
        let (processor, _) = try await processor(push: overlap(milliseconds), threads: threads)
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    var step = try processor.makeEncoder()
                    var most = 0
                    for _ in 0..<10 { most = max(most, Int(try push(&step, "x", .finish)[0]) ?? 0) }
                    return most
                }
            }
            return try await group.reduce(0, max)
        }
    }

    @Test func `the declared thread model holds`() async throws {
        #expect(try await Self.most("PLUGIN", waiting: 20) == 1)
        // Two instances may run at once, and each waits for the other, which needs a second processor.
        let expected = sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1 ? 2 : 1
        #expect(try await Self.most("INSTANCE", waiting: expected == 2 ? 10_000 : 20) == expected)
    }
}
