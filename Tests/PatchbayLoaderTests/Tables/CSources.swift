/// Plugins in C that tests share.
enum CSources {
    /// One codec's metadata.
    static func codecMetadata(_ more: String = "") -> String {
        """
        {"patchbay": "1.0", "name": "acme", "version": "1.2.3", "summary": "a codec of a test", "layers": [
            {"kind": "codec", "name": "acme", "summary": "tokens as they are"\(more)}]}
        """
    }

    /// Its message is the tape itself: a count, the tokens, the arena. Decoding checks nothing, so that a message is a tape of any kind.
    static let tapeCodec = """
        static int32_t create(const patchbay_settings *settings, void **instance, patchbay_error *error) {
            (void)settings, (void)error;
            *instance = malloc(1);
            return PATCHBAY_OK;
        }
        static void destroy(void *instance) { free(instance); }
        static int32_t decode(void *instance, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error) {
            const uint8_t *bytes = message;
            uint32_t tokens = 0, index;
            size_t arena;
            int32_t status;
            (void)instance;
            if (count < 4) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "a message has 4 bytes at least");
            memcpy(&tokens, bytes, 4);
            if (tokens > (count - 4) / sizeof(patchbay_token)) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the count is too large");
            for (index = 0; index < tokens; index += 1) {
                patchbay_token token;
                memcpy(&token, bytes + 4 + index * sizeof token, sizeof token);
                status = patchbay_push_token(tape, token);
                if (status < 0) return patchbay_fail(error, status, 0, "the tape is full");
            }
            arena = count - 4 - tokens * sizeof(patchbay_token);
            status = tape->grow_arena(tape, arena);
            if (status < 0) return patchbay_fail(error, status, 0, "the arena is full");
            if (arena > 0) memcpy(tape->arena, bytes + count - arena, arena);
            tape->arena_count = arena;
            return PATCHBAY_OK;
        }
        static int32_t encode(void *instance, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error) {
            uint32_t tokens = (uint32_t)tape->token_count;
            size_t bytes = tokens * sizeof(patchbay_token);
            int32_t status = sink->reserve(sink, 4 + bytes);
            (void)instance;
            if (status < 0) return patchbay_fail(error, status, 0, "no room");
            memcpy(sink->room, &tokens, 4);
            memcpy((uint8_t *)sink->room + 4, tape->tokens, bytes);
            status = sink->commit(sink, 4 + bytes);
            if (status < 0) return patchbay_fail(error, status, 0, "not committed");
            status = sink->write(sink, tape->arena, tape->arena_count);
            if (status < 0) return patchbay_fail(error, status, 0, "no room");
            return PATCHBAY_OK;
        }
        static const patchbay_codec codec = {sizeof codec, 0, create, decode, encode, NULL, NULL, destroy};

        """

    static let codecInterface = """
        static const void *interface(const char *id) { return strcmp(id, PATCHBAY_CODEC) == 0 ? &codec : NULL; }

        """

    static let processorMetadata = """
        {"patchbay": "1.0", "name": "mask", "version": "1.0.0", "summary": "a processor of a test", "layers": [
            {"kind": "processor", "name": "mask", "summary": "every byte changed", "positions": ["message", "stream"], "expansion": 1,
             "options": [{"name": "with", "summary": "the byte", "type": "byte", "default": "0x2a", "changesWire": true}]}]}
        """

    /// Every byte changed by an option.
    static let maskProcessor = """
        static int32_t create(const patchbay_settings *settings, uint32_t direction, void **instance, patchbay_error *error) {
            const patchbay_option *option = patchbay_find_option(settings, "with");
            (void)direction;
            if (option == NULL || option->kind != PATCHBAY_OPTION_INTEGER) return patchbay_fail(error, PATCHBAY_INVALID, 0, "no byte");
            *instance = malloc(1);
            *(uint8_t *)*instance = (uint8_t)option->integer;
            return PATCHBAY_OK;
        }
        static int32_t push(
            void *instance, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
            size_t index;
            int32_t status = sink->reserve(sink, count);
            (void)flush;
            if (status < 0) return patchbay_fail(error, status, 0, "no room");
            for (index = 0; index < count; index += 1) {
                ((uint8_t *)sink->room)[index] = ((const uint8_t *)data)[index] ^ *(uint8_t *)instance;
            }
            return sink->commit(sink, count);
        }
        static int32_t reset(void *instance, patchbay_error *error) { (void)instance, (void)error; return PATCHBAY_OK; }
        static void destroy(void *instance) { free(instance); }
        static const patchbay_processor processor = {sizeof processor, 0, create, push, reset, destroy};
        static const void *interface(const char *id) { return strcmp(id, PATCHBAY_PROCESSOR) == 0 ? &processor : NULL; }

        """
}
