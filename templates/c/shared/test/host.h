/* A host that is just large enough to test a plugin with: what it lends, and what it checks. */
#ifndef HOST_H
#define HOST_H

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "patchbay_plugin.h"

/* Ends the test with the line that failed. */
#define CHECK(condition)                                                                       \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);            \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

static patchbay_error failure = {sizeof failure, 0, ""};

/* ---- The host itself ---------------------------------------------------------------------------------------------------- */

static inline void host_log(const patchbay_host *host, uint32_t level, const char *text, size_t count) {
    (void)host;
    fprintf(stderr, "the plugin says (%u): %.*s\n", level, (int)count, text);
}

static inline int32_t host_stream_pair(const patchbay_host *host, int32_t pair[2]) {
    (void)host;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0 ? PATCHBAY_OK : PATCHBAY_FAILED;
}

static inline const void *host_interface(const patchbay_host *host, const char *id) {
    (void)host, (void)id;
    return NULL;
}

static const patchbay_host host = {sizeof host, PATCHBAY_MAGIC, PATCHBAY_ABI_MAJOR, PATCHBAY_ABI_MINOR, 0, "test", "1.0",
                                   host_log, host_stream_pair, host_interface};

/* Loads the plugin and gives its table for an interface. */
static inline const void *load(const char *path, const char *interface) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) fprintf(stderr, "%s\n", dlerror());
    CHECK(library != NULL);
    patchbay_entry_function entry = NULL;
    /* How POSIX says that a symbol becomes a function. */
    *(void **)&entry = dlsym(library, PATCHBAY_ENTRY);
    CHECK(entry != NULL);
    const patchbay_plugin *plugin = entry(&host, &failure);
    if (plugin == NULL) fprintf(stderr, "%s\n", failure.message);
    CHECK(plugin != NULL && plugin->magic == PATCHBAY_MAGIC && plugin->major == PATCHBAY_ABI_MAJOR);
    CHECK(plugin->interface("no.such/1") == NULL);
    const void *table = plugin->interface(interface);
    CHECK(table != NULL);
    return table;
}

/* ---- Settings ----------------------------------------------------------------------------------------------------------- */

static const char *test_secret;

static inline int32_t settings_secret(const patchbay_settings *settings, const char *name, patchbay_bytes *secret) {
    (void)settings, (void)name;
    if (test_secret == NULL) return PATCHBAY_NOT_FOUND;
    *secret = (patchbay_bytes){test_secret, strlen(test_secret)};
    return PATCHBAY_OK;
}

static inline patchbay_settings make_settings(const char *layer, const patchbay_option *options, uint32_t count) {
    return (patchbay_settings){sizeof(patchbay_settings), count, layer, options, NULL, settings_secret};
}

static inline patchbay_option integer_option(const char *name, int64_t value) {
    return (patchbay_option){name, PATCHBAY_OPTION_INTEGER, 0, value, {"", 0}};
}

/* ---- A sink with a bound -------------------------------------------------------------------------------------------------- */

typedef struct {
    patchbay_sink sink;
    uint8_t bytes[65536];
    size_t count, bound, messages;
} test_sink;

static inline int32_t sink_reserve(patchbay_sink *sink, size_t count) {
    test_sink *test = sink->host;
    if (count > test->bound - test->count) return PATCHBAY_LIMIT;
    sink->room = test->bytes + test->count;
    sink->room_count = test->bound - test->count;
    return PATCHBAY_OK;
}

static inline int32_t sink_commit(patchbay_sink *sink, size_t count) {
    test_sink *test = sink->host;
    CHECK(sink->room != NULL && count <= sink->room_count);
    sink->room = NULL;
    test->count += count;
    return PATCHBAY_OK;
}

static inline int32_t sink_write(patchbay_sink *sink, const void *data, size_t count) {
    int32_t status = sink_reserve(sink, count);
    if (status < 0) return status;
    if (count > 0) memcpy(sink->room, data, count);
    return sink_commit(sink, count);
}

static inline int32_t sink_end_message(patchbay_sink *sink) {
    ((test_sink *)sink->host)->messages += 1;
    return PATCHBAY_OK;
}

static inline size_t sink_remaining(const patchbay_sink *sink) {
    const test_sink *test = sink->host;
    return test->bound - test->count;
}

static inline patchbay_sink *reset_sink(test_sink *test, size_t bound) {
    CHECK(bound <= sizeof test->bytes);
    test->count = test->messages = 0;
    test->bound = bound;
    test->sink = (patchbay_sink){sizeof(patchbay_sink), 0, test, NULL, 0, sink_write, sink_reserve, sink_commit, sink_end_message,
                                 sink_remaining};
    return &test->sink;
}

/* ---- A tape that moves whenever it grows ----------------------------------------------------------------------------------- */

static inline int32_t tape_grow_tokens(patchbay_tape *tape, size_t more) {
    patchbay_token *moved = malloc((tape->token_count + more) * sizeof *moved);
    CHECK(moved != NULL);
    if (tape->token_count > 0) memcpy(moved, tape->tokens, tape->token_count * sizeof *moved);
    free(tape->tokens);
    tape->tokens = moved;
    tape->token_capacity = tape->token_count + more;
    return PATCHBAY_OK;
}

static inline int32_t tape_grow_arena(patchbay_tape *tape, size_t more) {
    uint8_t *moved = malloc(tape->arena_count + more);
    CHECK(moved != NULL);
    if (tape->arena_count > 0) memcpy(moved, tape->arena, tape->arena_count);
    free(tape->arena);
    tape->arena = moved;
    tape->arena_capacity = tape->arena_count + more;
    return PATCHBAY_OK;
}

static inline patchbay_tape make_tape(void) {
    return (patchbay_tape){sizeof(patchbay_tape), 32, NULL, NULL, 0, 0, NULL, 0, 0, tape_grow_tokens, tape_grow_arena};
}

static inline void free_tape(patchbay_tape *tape) {
    free(tape->tokens);
    free(tape->arena);
    *tape = make_tape();
}

#endif
