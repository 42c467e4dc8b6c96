/*
 * patchbay_plugin.h: the interface between Patchbay and a plugin in a shared object, version 1.0.
 *
 * This one header is all that a plugin needs. docs/plugin-abi.md explains it; `patchbay new` writes a plugin that uses it,
 * `patchbay check` tests one. Licensed under the Apache License, version 2.0.
 *
 * Rules that hold everywhere:
 *
 * Growth      Structures and tables grow at their end, within one major version. Each begins with the size that its maker knew;
 *             a reader touches only what lies within it. Reserved fields are zero.
 * Ownership   [borrowed] belongs to the caller, and is valid until the call returns. [host] and [plugin] name the side that
 *             frees it, by its own means; nothing is ever freed by the other side. A handle dies through its own function.
 * Threads     [any]: on any thread, at any time, also at the same time as other calls.
 *             [serial]: as `patchbay_plugin.threads` says: one call at a time for each instance, for the whole plugin, or
 *             any number at once. Successive calls may come on different threads.
 * Failures    A status below 0 is a failure, and `error`, which is never NULL, was filled in; 0 is done; above 0 is a state.
 *             No exception, no longjmp and no signal may leave a function.
 * Waiting     Functions must not wait, unless the layer's metadata says `"blocking": true`; those run on threads of their own.
 */
#ifndef PATCHBAY_PLUGIN_H
#define PATCHBAY_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions ---------------------------------------------------------------------------------------------------------- */

#define PATCHBAY_ABI_MAJOR 1
#define PATCHBAY_ABI_MINOR 0

/* "PBAY" in the order of this machine's bytes. */
#define PATCHBAY_MAGIC 0x50424159u

/* ---- Statuses ---------------------------------------------------------------------------------------------------------- */

enum {
    PATCHBAY_OK = 0,
    /* A handshake: one more message of the peer is wanted. A processor: this message gives none. */
    PATCHBAY_CONTINUE = 1,

    PATCHBAY_FAILED = -1,
    /* The caller passed something that this function cannot take: an option's value, a target. */
    PATCHBAY_INVALID = -2,
    PATCHBAY_UNSUPPORTED = -3,
    /* More than a sink, a tape or a limit allows. What the host's functions return is passed on. */
    PATCHBAY_LIMIT = -4,
    /* The peer's bytes are malformed. */
    PATCHBAY_CORRUPT = -5,
    /* The value, or the message, has no form in this format. */
    PATCHBAY_UNFIT = -6,
    /* Authentication: the peer is not who it should be. */
    PATCHBAY_REFUSED = -7,
    PATCHBAY_OUT_OF_MEMORY = -8,
    PATCHBAY_UNREACHABLE = -9,
    PATCHBAY_CONNECTION_REFUSED = -10,
    PATCHBAY_NOT_FOUND = -11,
    PATCHBAY_TIMED_OUT = -12,
    PATCHBAY_CANCELLED = -13,
    PATCHBAY_CLOSED = -14,
    PATCHBAY_ADDRESS_IN_USE = -15,
    PATCHBAY_PERMISSION_DENIED = -16,
    /* The host refuses this call here: a secret that was not declared, or a call after its time. */
    PATCHBAY_FORBIDDEN = -17
};

/* ---- Shared structures ------------------------------------------------------------------------------------------------- */

/* [borrowed] Bytes; `data` may be NULL where `count` is 0. */
typedef struct patchbay_bytes {
    const void *data;
    size_t count;
} patchbay_bytes;

/* [host] Filled in by the plugin on failure. */
typedef struct patchbay_error {
    uint32_t size;
    /* An errno, where a system call failed; else 0. */
    int32_t system_error;
    /* UTF-8, ended by a NUL: what happened, and what to do. It must hold no secret. */
    char message[504];
} patchbay_error;

/* What an option's value is. */
enum {
    PATCHBAY_OPTION_TEXT = 0,    /* `text`: also choices and paths */
    PATCHBAY_OPTION_FLAG = 1,    /* `integer`: 0 or 1 */
    PATCHBAY_OPTION_INTEGER = 2, /* `integer`: also sizes in bytes, modes and single bytes */
    PATCHBAY_OPTION_DURATION = 3 /* `integer`: nanoseconds; -1 for none */
};

/* [borrowed] One checked option. A list has one of these for each of its values, in order. Secrets are never among them. */
typedef struct patchbay_option {
    const char *name;
    uint32_t kind;
    uint32_t reserved;
    int64_t integer;
    /* The value in UTF-8, for every kind as it would be written; no NUL ends it. */
    patchbay_bytes text;
} patchbay_option;

/* [borrowed] What one layer of a URL was given. */
typedef struct patchbay_settings {
    uint32_t size;
    uint32_t option_count;
    /* The layer's name in the URL, as in the metadata. */
    const char *layer;
    /* The declared options that the URL set, or that have a default. */
    const patchbay_option *options;
    void *host;
    /* Gives a secret that the layer's metadata declares; valid until the call that lent these settings returns. Anything else:
     * PATCHBAY_FORBIDDEN; declared, but not given: PATCHBAY_NOT_FOUND. Only while that call runs, on its thread. */
    int32_t (*secret)(const struct patchbay_settings *settings, const char *name, patchbay_bytes *secret);
} patchbay_settings;

/* [host] Takes bytes that the plugin gives, up to the host's bound. Only while the call that lent it runs, on its thread. */
typedef struct patchbay_sink {
    uint32_t size;
    uint32_t reserved;
    void *host;
    /* Room that `reserve` gave, which `commit` fills from its start. Written by the host alone. */
    void *room;
    size_t room_count;
    /* Copies bytes to the end. PATCHBAY_LIMIT beyond the bound: stop, and return it. */
    int32_t (*write)(struct patchbay_sink *sink, const void *data, size_t count);
    /* Makes `room` at least `count` bytes; it is valid until the next call of this sink. PATCHBAY_LIMIT beyond the bound. */
    int32_t (*reserve)(struct patchbay_sink *sink, size_t count);
    /* Counts the first `count` bytes of `room` as written. More than `room_count` is a breach, and ends the plugin's use. */
    int32_t (*commit)(struct patchbay_sink *sink, size_t count);
    /* What was written since the last of these calls is one message; a processor of messages may give none, one or several. */
    int32_t (*end_message)(struct patchbay_sink *sink);
    /* Bytes that still fit. */
    size_t (*remaining)(const struct patchbay_sink *sink);
} patchbay_sink;

/* ---- The host ---------------------------------------------------------------------------------------------------------- */

enum { PATCHBAY_LOG_DEBUG = 0, PATCHBAY_LOG_INFO = 1, PATCHBAY_LOG_WARNING = 2, PATCHBAY_LOG_ERROR = 3 };

/* [host] Valid as long as the process. */
typedef struct patchbay_host {
    uint32_t size;
    uint32_t magic;
    uint16_t major;
    uint16_t minor;
    uint32_t reserved;
    /* Such as "patchbay", with its version. */
    const char *name;
    const char *version;
    /* [any] A line for whoever runs the host. It must hold no secret. */
    void (*log)(const struct patchbay_host *host, uint32_t level, const char *text, size_t count);
    /* [any] A connected pair of stream sockets, non-blocking and close-on-exec, for a transport that has no descriptor of its own:
     * hand over pair[0], and read and write pair[1] from a thread of yours. PATCHBAY_FAILED with errno set. */
    int32_t (*stream_pair)(const struct patchbay_host *host, int32_t pair[2]);
    /* [any] What the host offers beyond this table, by id; NULL for ids it does not know. */
    const void *(*interface)(const struct patchbay_host *host, const char *id);
} patchbay_host;

/* ---- The plugin -------------------------------------------------------------------------------------------------------- */

/* Which calls may come at the same time; the host sees to it. */
enum {
    PATCHBAY_THREADS_INSTANCE = 0, /* one at a time for each instance: the default */
    PATCHBAY_THREADS_PLUGIN = 1,   /* one at a time for the whole plugin */
    PATCHBAY_THREADS_PARALLEL = 2  /* any number */
};

/* [plugin] Valid as long as the process: a plugin is never unloaded. */
typedef struct patchbay_plugin {
    uint32_t size;
    uint32_t magic;
    uint16_t major;
    uint16_t minor;
    /* One of PATCHBAY_THREADS_…. */
    uint32_t threads;
    /* Bits for what the host must know to use this plugin at all. 1.0 defines none; a host refuses bits it does not know. */
    uint64_t required;
    /* The text of PATCHBAY_METADATA, ended by a NUL. */
    const char *metadata;
    /* [any] The table for one of the ids below, or NULL: another id, or nothing of that kind here. */
    const void *(*interface)(const char *id);
} patchbay_plugin;

/*
 * The one symbol that a plugin exports. Called once per process, before anything else, on any thread.
 * NULL, with `error` filled in, where the plugin cannot serve this host. It must not start threads or open anything.
 */
#define PATCHBAY_ENTRY "patchbay_plugin_entry"
typedef const patchbay_plugin *(*patchbay_entry_function)(const patchbay_host *host, patchbay_error *error);

#if defined(__GNUC__)
#define PATCHBAY_EXPORT __attribute__((visibility("default")))
#else
#define PATCHBAY_EXPORT
#endif

PATCHBAY_EXPORT const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error);

/*
 * What the plugin is, in JSON, for `patchbay list` and for resolution, which read it from the file and run none of its code:
 *
 *     PATCHBAY_METADATA({ "patchbay": "1.0", "name": "acme", … })
 *
 * at file level defines `patchbay_metadata`. docs/plugin-abi.md has every field. The section keeps its name and its text through strip.
 */
#define PATCHBAY_METADATA_SECTION ".patchbay"
#if defined(__has_attribute)
#if __has_attribute(retain)
#define PATCHBAY_RETAIN , retain
#endif
#endif
#ifndef PATCHBAY_RETAIN
#define PATCHBAY_RETAIN
#endif
#define PATCHBAY_METADATA(...)                                                                                                       \
    __attribute__((section(PATCHBAY_METADATA_SECTION), used, aligned(1) PATCHBAY_RETAIN)) static const char patchbay_metadata[] =   \
        #__VA_ARGS__;

/* ---- patchbay.processor/1 ---------------------------------------------------------------------------------------------- */

#define PATCHBAY_PROCESSOR "patchbay.processor/1"

enum { PATCHBAY_ENCODE = 0, PATCHBAY_DECODE = 1 };

/* How far a processor must have come when `push` returns. */
enum {
    PATCHBAY_FLUSH_NONE = 0,  /* it may keep bytes back */
    PATCHBAY_FLUSH_SYNC = 1,  /* everything pushed so far can be read at the other end */
    PATCHBAY_FLUSH_FINISH = 2 /* the message, or the stream, ends here; the instance then starts anew */
};

/* [plugin] Bytes to other bytes, and back: messages, or the pieces of a stream. */
typedef struct patchbay_processor {
    uint32_t size;
    uint32_t reserved;
    /* [any] One direction on one connection. `*instance` is [plugin]. */
    int32_t (*create)(const patchbay_settings *settings, uint32_t direction, void **instance, patchbay_error *error);
    /* [serial] Takes all of `data` [borrowed]. For a message: called once, with FINISH. Without `end_message`, what it wrote is one message,
     * also where that is nothing; PATCHBAY_CONTINUE, with nothing written, drops it.
     * The bound of the sink when decoding is the least of the host's own and the metadata's `expansion` times the input. */
    int32_t (*push)(void *instance, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error);
    /* [serial] Forgets what it kept back; after a failure, before the next use. */
    int32_t (*reset)(void *instance, patchbay_error *error);
    /* [serial] The last call for this instance. */
    void (*destroy)(void *instance);
} patchbay_processor;

/* ---- patchbay.codec/1 -------------------------------------------------------------------------------------------------- */

#define PATCHBAY_CODEC "patchbay.codec/1"

/* What a token is; docs/plugin-abi.md has the table. */
enum {
    PATCHBAY_NULL = 0,
    PATCHBAY_BOOL = 1,     /* `detail`: 0 or 1 */
    PATCHBAY_INT = 2,      /* `payload`: two's complement */
    PATCHBAY_UNSIGNED = 3, /* `payload`: an integer of 2^63 and more */
    PATCHBAY_FLOAT = 4,    /* `payload`: the 32 bits of a float */
    PATCHBAY_DOUBLE = 5,   /* `payload`: the 64 bits of a double */
    PATCHBAY_STRING = 6,   /* `length` bytes of UTF-8 at `payload` */
    PATCHBAY_BYTES = 7,    /* `length` bytes at `payload` */
    PATCHBAY_BIG_POSITIVE = 8, /* an integer beyond 64 bits: `length` bytes at `payload`, most significant first */
    PATCHBAY_BIG_NEGATIVE = 9, /* minus that */
    PATCHBAY_NUMBER = 10,  /* a decimal that no double holds: its text as JSON writes numbers, `length` bytes at `payload` */
    PATCHBAY_ARRAY = 11,   /* `length` values follow; `payload`: the index of the token behind the last of them */
    PATCHBAY_TUPLE = 12,
    PATCHBAY_SET = 13,
    PATCHBAY_MAP = 14,     /* `length` pairs follow, key, value, key, value; `payload` as for an array */
    PATCHBAY_TAG = 15,     /* one value follows, tagged with the number `payload`, as CBOR's tags: 0 and 1 are times */
    PATCHBAY_NAMED_TAG = 16, /* one value follows, tagged with the name of `length` bytes at `payload` */
    PATCHBAY_EXTENSION = 17, /* MessagePack's: `detail` is the type, `length` bytes at `payload` */
    PATCHBAY_SIMPLE = 18,  /* CBOR's: `detail` is the value */
    PATCHBAY_GLOBAL = 19   /* pickle's: module, NUL, name; `length` bytes at `payload` */
};

/* One token of a value, in the order of the text. 16 bytes; what a kind does not have is zero. */
typedef struct patchbay_token {
    uint8_t kind;
    /* 1: `payload` is an offset into the message; 0: into the tape's arena. 0 for tokens without bytes. */
    uint8_t in_message;
    uint8_t detail;
    uint8_t reserved;
    uint32_t length;
    uint64_t payload;
} patchbay_token;

/* [host] A value, as a flat run of tokens: one value with all that lies within it. */
typedef struct patchbay_tape {
    uint32_t size;
    /* How deep containers and tags may lie in each other. */
    uint32_t depth_limit;
    void *host;
    patchbay_token *tokens;
    size_t token_count;
    size_t token_capacity;
    uint8_t *arena;
    size_t arena_count;
    size_t arena_capacity;
    /* For decoding; only while the call runs, on its thread. They make room for that many more, and may move `tokens` or `arena`.
     * PATCHBAY_LIMIT beyond the host's bounds: stop, and return it. The inline functions below call them. */
    int32_t (*grow_tokens)(struct patchbay_tape *tape, size_t more);
    int32_t (*grow_arena)(struct patchbay_tape *tape, size_t more);
} patchbay_tape;

/* [plugin] Messages to values, and back. The host checks each tape that it gets, in full, before anybody reads it: a structure that is wrong
 * is a breach; text that is no UTF-8, and other bytes that do not fit their token, make a message that is refused. A codec need not check those. */
typedef struct patchbay_codec {
    uint32_t size;
    uint32_t reserved;
    /* [any] Called at the same time from both directions of many connections unless `threads` says otherwise. */
    int32_t (*create)(const patchbay_settings *settings, void **instance, patchbay_error *error);
    /* [serial] Reads one whole message [borrowed] and appends its one value to the empty `tape`. */
    int32_t (*decode)(void *instance, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error);
    /* [serial] Writes the value of `tape` [borrowed, not to be changed; all its bytes are in the arena] as one message. */
    int32_t (*encode)(void *instance, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error);
    /* [serial] Instead of the two above, where the metadata says `"raw": true`: the application's values are bytes, as of a schema
     * that the host does not know; the codec checks or converts them. NULL otherwise. */
    int32_t (*decode_raw)(void *instance, const void *message, size_t count, patchbay_sink *sink, patchbay_error *error);
    int32_t (*encode_raw)(void *instance, const void *value, size_t count, patchbay_sink *sink, patchbay_error *error);
    /* [serial] The last call for this instance. */
    void (*destroy)(void *instance);
} patchbay_codec;

/* ---- patchbay.authenticator/1 ------------------------------------------------------------------------------------------ */

#define PATCHBAY_AUTHENTICATOR "patchbay.authenticator/1"

enum { PATCHBAY_DIALER = 0, PATCHBAY_LISTENER = 1 };

/* [borrowed] What a handshake knows, and where it speaks. Only while the call that lent it runs, on its thread. */
typedef struct patchbay_handshake {
    uint32_t size;
    /* PATCHBAY_DIALER or PATCHBAY_LISTENER. */
    uint32_t role;
    void *host;
    const patchbay_settings *settings;
    /* All bytes of the greeting so far, both directions; empty where there is none. Binding to it stops relays. */
    patchbay_bytes transcript;
    /* The user that the dialer presents, at both ends, in UTF-8; `data` is NULL where it names none. */
    patchbay_bytes user;
    /* The peer's address as text, empty where it has none. */
    patchbay_bytes peer_address;
    /* The peer process as the kernel vouches for it; all -1 where it does not. */
    int64_t peer_process;
    int64_t peer_user;
    int64_t peer_group;
    /* Sends one message to the peer; copied. PATCHBAY_LIMIT beyond the host's bounds on one, and on all of them. */
    int32_t (*send)(const struct patchbay_handshake *handshake, const void *data, size_t count);
    /* Says who the peer proved to be, in UTF-8; copied. */
    int32_t (*identify)(const struct patchbay_handshake *handshake, const char *name, size_t count);
} patchbay_handshake;

/* [plugin] Proves to each end who the other is: bytes in, bytes out, without I/O of its own. */
typedef struct patchbay_authenticator {
    uint32_t size;
    uint32_t reserved;
    /* [any] One end of one authentication. */
    int32_t (*create)(const patchbay_handshake *handshake, void **instance, patchbay_error *error);
    /* [serial] `message` is NULL at the first step, then [borrowed] one message of the peer for each. PATCHBAY_CONTINUE for one more,
     * PATCHBAY_OK once the peer is who it should be, below 0 otherwise. What was sent before a failure still goes out. */
    int32_t (*step)(
        void *instance, const patchbay_handshake *handshake, const void *message, size_t count, patchbay_error *error);
    /* [any] HMAC-SHA256 of `data` under a secret that only the two ends know and no other handshake repeats, with which the greeting
     * confirms all its bytes. NULL where the method gives none. After step returned PATCHBAY_OK. */
    int32_t (*export_mac)(void *instance, const void *data, size_t count, uint8_t mac[32], patchbay_error *error);
    /* [serial] The last call for this instance. */
    void (*destroy)(void *instance);
} patchbay_authenticator;

/* ---- patchbay.transport/1 ---------------------------------------------------------------------------------------------- */

#define PATCHBAY_TRANSPORT "patchbay.transport/1"

/* [borrowed] Where to. */
typedef struct patchbay_target {
    uint32_t size;
    /* 0 to 65535; -1 where the URL has none. */
    int32_t port;
    const patchbay_settings *settings;
    /* Percent-decoded; NULL, and empty, where the URL has none. */
    const char *host;
    const char *path;
    /* What the attempt may take in all, in nanoseconds; -1 without a limit. */
    int64_t timeout;
} patchbay_target;

/* Each packet is a message: SOCK_SEQPACKET and the like. */
#define PATCHBAY_KEEPS_BOUNDARIES 1u

/* [borrowed] How an operation ended. */
typedef struct patchbay_outcome {
    uint32_t size;
    int32_t status;
    /* A connected socket, non-blocking and close-on-exec; from here on it is the host's. -1 with a failure. */
    int32_t descriptor;
    /* PATCHBAY_KEEPS_BOUNDARIES, or 0. */
    uint32_t flags;
    /* What failed; NULL otherwise. */
    const patchbay_error *error;
} patchbay_outcome;

/* [any] Ends an operation: exactly once, at once or later, on any thread. A second call is a breach. */
typedef void (*patchbay_done)(void *context, const patchbay_outcome *outcome);

/* [host] What `listen` gives. */
typedef struct patchbay_listening {
    uint32_t size;
    /* A listening socket, non-blocking and close-on-exec, which is the host's from here on and which it accepts from; or -1: it calls `accept`. */
    int32_t descriptor;
    /* PATCHBAY_KEEPS_BOUNDARIES, or 0. */
    uint32_t flags;
    uint32_t reserved;
    /* [plugin] Until `close`. */
    void *listener;
    /* What a peer dials: what stands behind `transport://` in a URL, percent-encoded, with the real port. Ended by a NUL. */
    char bound_target[504];
} patchbay_listening;

/* [plugin] Connects and listens; the host reads and writes the descriptors itself. */
typedef struct patchbay_transport {
    uint32_t size;
    uint32_t reserved;
    /* [serial, the transport being the instance] Starts to dial. `done` fires exactly once if this returns 0, and never if it fails.
     * `*operation` is [plugin], until `release`; it may stay NULL. */
    int32_t (*connect)(const patchbay_target *target, patchbay_done done, void *context, void **operation, patchbay_error *error);
    /* [any] A hint that nobody waits any more: `done` still fires, soon. Never after `release`. May be NULL. */
    void (*cancel)(void *operation);
    /* [any] After `done` returned and the call that started it did: the last call for this operation. May be NULL. */
    void (*release)(void *operation);
    /* [serial, with `connect`] Binds and listens. NULL where it only dials. */
    int32_t (*listen)(const patchbay_target *target, patchbay_listening *listening, patchbay_error *error);
    /* [serial, for each listener] Waits for one peer. NULL where `listen` gives descriptors. */
    int32_t (*accept)(void *listener, patchbay_done done, void *context, void **operation, patchbay_error *error);
    /* [any] The last call for this listener, once no accept is pending: removes what binding left behind, such as a socket's file. */
    void (*close)(void *listener);
} patchbay_transport;

/* ---- Small inline functions, for convenience --------------------------------------------------------------------------- */

/* Fills `error` in and returns `status`. `system_error` is an errno, or 0. */
static inline int32_t patchbay_fail(patchbay_error *error, int32_t status, int32_t system_error, const char *message) {
    size_t index = 0;
    error->system_error = system_error;
    while (message[index] != 0 && index + 1 < sizeof error->message) {
        error->message[index] = message[index];
        index += 1;
    }
    error->message[index] = 0;
    return status;
}

/* The first value of an option, or NULL. */
static inline const patchbay_option *patchbay_find_option(const patchbay_settings *settings, const char *name) {
    uint32_t index;
    for (index = 0; index < settings->option_count; index += 1) {
        const char *left = settings->options[index].name, *right = name;
        while (*left != 0 && *left == *right) {
            left += 1;
            right += 1;
        }
        if (*left == *right) return &settings->options[index];
    }
    return NULL;
}

/* Appends a token. `token.payload` of containers can be set later through `tape->tokens[index]`. */
static inline int32_t patchbay_push_token(patchbay_tape *tape, patchbay_token token) {
    if (tape->token_count == tape->token_capacity) {
        int32_t status = tape->grow_tokens(tape, 1);
        if (status < 0) return status;
    }
    tape->tokens[tape->token_count] = token;
    tape->token_count += 1;
    return PATCHBAY_OK;
}

/* Appends a token of `kind` without bytes: INT, UNSIGNED, FLOAT, DOUBLE, TAG, and containers. */
static inline int32_t patchbay_push_scalar(patchbay_tape *tape, uint8_t kind, uint8_t detail, uint64_t payload) {
    patchbay_token token = {0, 0, 0, 0, 0, 0};
    token.kind = kind;
    token.detail = detail;
    token.payload = payload;
    return patchbay_push_token(tape, token);
}

/* Appends a token of `kind` whose bytes lie in the message, from `offset`. */
static inline int32_t patchbay_push_slice(patchbay_tape *tape, uint8_t kind, size_t offset, uint32_t count) {
    patchbay_token token = {0, 0, 0, 0, 0, 0};
    token.kind = kind;
    token.in_message = 1;
    token.length = count;
    token.payload = offset;
    return patchbay_push_token(tape, token);
}

/* Appends a token of `kind` whose bytes are copied to the arena. */
static inline int32_t patchbay_push_copy(patchbay_tape *tape, uint8_t kind, const void *data, uint32_t count) {
    patchbay_token token = {0, 0, 0, 0, 0, 0};
    const uint8_t *source = (const uint8_t *)data;
    uint32_t index;
    if (tape->arena_capacity - tape->arena_count < count) {
        int32_t status = tape->grow_arena(tape, count);
        if (status < 0) return status;
    }
    token.kind = kind;
    token.length = count;
    token.payload = tape->arena_count;
    for (index = 0; index < count; index += 1) tape->arena[tape->arena_count + index] = source[index];
    tape->arena_count += count;
    return patchbay_push_token(tape, token);
}

/* Ends the container whose token is at `index`: `count` values, or pairs, came since. */
static inline void patchbay_end_container(patchbay_tape *tape, size_t index, uint32_t count) {
    tape->tokens[index].length = count;
    tape->tokens[index].payload = tape->token_count;
}

#ifdef __cplusplus
}
#endif

#endif
