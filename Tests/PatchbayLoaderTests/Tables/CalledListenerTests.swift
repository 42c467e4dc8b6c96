internal import PatchbayCore
internal import PatchbayIO
internal import PatchbayLoader
internal import Testing

/// A transport without a listening descriptor: the host asks it for each peer.
@Suite struct CalledListenerTests {
    /// The first accept gives a peer at once; the next one waits until it is cancelled.
    static let accepting = """
        static patchbay_done waiting;
        static void *waiting_context;
        static int32_t bind_(const patchbay_target *target, patchbay_listening *listening, patchbay_error *error) {
            (void)target, (void)error;
            listening->descriptor = -1;
            listening->listener = malloc(1);
            strcpy(listening->bound_target, "here");
            return PATCHBAY_OK;
        }
        static int32_t accept_(void *listener, patchbay_done done, void *context, void **operation, patchbay_error *error) {
            static int count;
            int pair[2];
            (void)listener, (void)error;
            *operation = malloc(1);
            if (count++ > 0) {
                waiting = done;
                waiting_context = context;
                say("waiting");
                return PATCHBAY_OK;
            }
            the_host->stream_pair(the_host, pair);
            finish(done, context, pair[0]);
            return PATCHBAY_OK;
        }
        static void stop(void *operation) {
            patchbay_error error = {sizeof error, 0, ""};
            patchbay_outcome outcome = {sizeof outcome, patchbay_fail(&error, PATCHBAY_CANCELLED, 0, "stopped"), -1, 0, &error};
            (void)operation;
            waiting(waiting_context, &outcome);
        }
        """

    @Test func `each accept is an operation, and close comes once none is pending`() async throws {
        let module = try await CompiledPlugin(
            metadata: CSources.transportMetadata(),
            body: CSources.transport(
                connect: "return PATCHBAY_FAILED;",
                more: Self.accepting,
                table: "connect, stop, release, bind_, accept_, close_"
            )
        ).load()
        let listener = try await LoadedTransportTests.transport(module).listen(LoadedTransportTests.context())
        #expect(listener.boundTarget == "here")
        let reactor = ReactorGroup.shared.next()
        let first = try #require(try await listener.accept { reactor })
        first.close(abort: false)
        let second = Task { try await listener.accept { reactor } == nil }
        #expect(try await LoadedTransportTests.logged("waiting", by: module))
        listener.close()
        #expect(try await second.value)
        #expect(try await LoadedTransportTests.logged("closed", by: module))
        #expect(module.lastLogLines.filter { $0 == "released" }.count == 2)
        #expect(module.lastLogLines.last == "closed")
        #expect(try await listener.accept { reactor } == nil)
        #expect(module.breach == nil)
    }
}
