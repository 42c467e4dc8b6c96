/*
 * One plugin with a layer of each kind, which keeps every rule where ROGUE is "none", and breaks just one of them otherwise.
 * The tests write a copy for each rogue, with NAME replaced, and compile it against the public header.
 */
#define _GNU_SOURCE
#include "patchbay_plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef ROGUE
#define ROGUE "none"
#endif
#define IS(name) (strcmp(ROGUE, name) == 0)

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "rogue-NAME",
    "version": "1.0.0",
    "summary": "a plugin of the tests: NAME",
    "layers": [
        {"kind": "codec", "name": "codec-NAME", "summary": "a string as its UTF-8"},
        {"kind": "processor", "name": "processor-NAME", "summary": "every byte with two bits turned", "positions": ["message", "stream"], "expansion": 1},
        {"kind": "authenticator", "name": "authenticator-NAME", "summary": "the secret, in the clear", "medium": "greeting", "revealsSecret": true, "passwordOption": "key",
         "options": [{"name": "key", "type": "text", "secret": true, "required": true, "summary": "what both ends know"}]},
        {"kind": "transport", "name": "transport-NAME", "summary": "a Unix socket", "target": "path", "crossesNetwork": false, "cost": 10}
    ]
})

static void crash(void) { raise(SIGSEGV); }

static void hang(void) {
    for (;;) pause();
}

static void *crash_on_thread(void *context) {
    (void)context;
    crash();
    return NULL;
}

static void start_crashing_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, crash_on_thread, NULL);
    pthread_join(thread, NULL);
}

__attribute__((constructor)) static void constructor(void) {
    if (IS("crash-in-constructor")) crash();
    if (IS("hang-in-constructor")) hang();
    if (IS("exit-in-constructor")) _exit(0);
    if (IS("abort-in-constructor")) abort();
    /* A sign that code of this file ran, for tests of what must not run it. */
    const char *sign = getenv("PATCHBAY_ROGUE_SIGN");
    if (sign != NULL) close(open(sign, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

/* ---- A codec: a string as its UTF-8 ------------------------------------------------------------------------------------- */

static int32_t codec_create(const patchbay_settings *settings, void **instance, patchbay_error *error) {
    (void)settings;
    (void)error;
    *instance = NULL;
    return PATCHBAY_OK;
}

static int32_t decode(void *instance, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error) {
    (void)instance;
    (void)message;
    if (IS("crash-in-decode")) crash();
    if (IS("hang-in-decode")) hang();
    if (IS("thread-in-decode")) start_crashing_thread();
    if (IS("unknown-status")) return 77;
    if (IS("silent-failure")) return PATCHBAY_CORRUPT;
    if (IS("endless-error")) {
        memset(error->message, 'x', sizeof error->message);
        return PATCHBAY_CORRUPT;
    }
    if (count > UINT32_MAX) return patchbay_fail(error, PATCHBAY_LIMIT, 0, "more than 4 GiB");
    if (IS("tape-no-value")) return PATCHBAY_OK;
    if (IS("tape-unknown-kind")) return patchbay_push_scalar(tape, 99, 0, 0);
    if (IS("tape-beyond-message")) return patchbay_push_slice(tape, PATCHBAY_STRING, count, 1);
    if (IS("tape-huge-offset")) return patchbay_push_slice(tape, PATCHBAY_STRING, SIZE_MAX - 2, 8);
    if (IS("tape-beyond-arena")) {
        patchbay_token token = {PATCHBAY_BYTES, 0, 0, 0, 100, 0};
        return patchbay_push_token(tape, token);
    }
    if (IS("tape-two-values")) {
        patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0);
        return patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0);
    }
    if (IS("tape-not-utf8")) return patchbay_push_copy(tape, PATCHBAY_STRING, "\xff\xfe", 2);
    if (IS("tape-wrong-end")) {
        patchbay_push_scalar(tape, PATCHBAY_ARRAY, 0, 0);
        patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0);
        tape->tokens[0].length = 1;
        tape->tokens[0].payload = 7;
        return PATCHBAY_OK;
    }
    if (IS("tape-wrong-count")) {
        patchbay_push_scalar(tape, PATCHBAY_MAP, 0, 0);
        patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0);
        patchbay_end_container(tape, 0, 1);
        return PATCHBAY_OK;
    }
    if (IS("tape-cycle")) {
        patchbay_push_scalar(tape, PATCHBAY_ARRAY, 0, 0);
        return PATCHBAY_OK;
    }
    if (IS("tape-too-deep")) {
        size_t index, depth = tape->depth_limit + 1;
        for (index = 0; index < depth; index += 1) {
            if (patchbay_push_scalar(tape, PATCHBAY_ARRAY, 0, 0) < 0) return PATCHBAY_LIMIT;
            tape->tokens[index].length = index + 1 < depth;
        }
        for (index = 0; index < depth; index += 1) tape->tokens[index].payload = depth;
        return PATCHBAY_OK;
    }
    if (IS("tape-count-lies")) {
        patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0);
        tape->token_count = tape->token_capacity + 1000000;
        return PATCHBAY_OK;
    }
    if (IS("tape-other-memory")) {
        static patchbay_token own = {PATCHBAY_NULL, 0, 0, 0, 0, 0};
        tape->tokens = &own;
        tape->token_count = 1;
        return PATCHBAY_OK;
    }
    if (IS("tape-endless")) {
        for (;;) {
            if (patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0) < 0) return patchbay_fail(error, PATCHBAY_LIMIT, 0, "too many");
        }
    }
    /* UTF-8 is checked by the host, which would call bad text a breach; a codec says what the peer did. */
    {
        const uint8_t *bytes = (const uint8_t *)message;
        size_t index;
        for (index = 0; index < count; index += 1) {
            if (bytes[index] >= 0x80) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the text is not ASCII");
        }
    }
    return patchbay_push_slice(tape, PATCHBAY_STRING, 0, (uint32_t)count);
}

static int32_t encode(void *instance, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error) {
    const patchbay_token *token = &tape->tokens[0];
    uint32_t index;
    int32_t status;
    (void)instance;
    if (IS("crash-in-encode")) crash();
    if (token->kind != PATCHBAY_STRING) return patchbay_fail(error, PATCHBAY_UNFIT, 0, "only strings have a form here; send a string");
    for (index = 0; index < token->length; index += 1) {
        if (tape->arena[token->payload + index] >= 0x80) return patchbay_fail(error, PATCHBAY_UNFIT, 0, "the text is not ASCII");
    }
    if (IS("commit-lies")) {
        status = sink->reserve(sink, 16);
        return status < 0 ? status : sink->commit(sink, sink->room_count + 1);
    }
    if (IS("writes-beyond-room")) {
        status = sink->reserve(sink, 16);
        if (status < 0) return status;
        memset(sink->room, 'x', sink->room_count);
        return sink->commit(sink, sink->room_count + 4096);
    }
    status = sink->write(sink, tape->arena + token->payload, token->length);
    return status < 0 ? patchbay_fail(error, status, 0, "the message is larger than the host allows") : PATCHBAY_OK;
}

static void codec_destroy(void *instance) { (void)instance; }

static const patchbay_codec codec = {sizeof codec, 0, codec_create, decode, encode, NULL, NULL, codec_destroy};

/* ---- A processor: every byte with two bits turned ----------------------------------------------------------------------- */

static int32_t processor_create(const patchbay_settings *settings, uint32_t direction, void **instance, patchbay_error *error) {
    if (IS("crash-in-create")) crash();
    if (IS("undeclared-secret")) {
        patchbay_bytes secret;
        if (settings->secret(settings, "password-of-somebody-else", &secret) == PATCHBAY_OK) crash();
    }
    *instance = malloc(sizeof direction);
    if (*instance == NULL) return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left");
    memcpy(*instance, &direction, sizeof direction);
    return PATCHBAY_OK;
}

static int32_t push(void *instance, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
    uint32_t direction;
    uint8_t piece[4096];
    size_t offset = 0;
    memcpy(&direction, instance, sizeof direction);
    (void)flush;
    if (IS("crash-in-push")) crash();
    if (IS("hang-in-push")) hang();
    if (IS("bomb") && direction == PATCHBAY_DECODE) {
        memset(piece, 0, sizeof piece);
        for (;;) {
            int32_t status = sink->write(sink, piece, sizeof piece);
            if (status < 0) return patchbay_fail(error, status, 0, "the bomb is larger than the host allows");
        }
    }
    if (IS("deaf-bomb") && direction == PATCHBAY_DECODE) {
        memset(piece, 0, sizeof piece);
        for (offset = 0; offset < 1u << 20; offset += 1) sink->write(sink, piece, sizeof piece);
        return PATCHBAY_OK;
    }
    while (offset < count) {
        size_t next = count - offset < sizeof piece ? count - offset : sizeof piece, index;
        int32_t status;
        for (index = 0; index < next; index += 1) piece[index] = ((const uint8_t *)data)[offset + index] ^ 0x11;
        if (IS("loses-bytes") && next > 100) next -= 1;
        status = sink->write(sink, piece, next);
        if (status < 0) return patchbay_fail(error, status, 0, "the message is larger than the host allows");
        offset += IS("loses-bytes") && next > 99 ? next + 1 : next;
    }
    return PATCHBAY_OK;
}

static int32_t reset(void *instance, patchbay_error *error) {
    (void)instance;
    (void)error;
    return PATCHBAY_OK;
}

static void processor_destroy(void *instance) {
    if (IS("crash-in-destroy")) crash();
    free(instance);
}

static const patchbay_processor processor = {sizeof processor, 0, processor_create, push, reset, processor_destroy};

/* ---- An authenticator: the secret, in the clear -------------------------------------------------------------------------- */

static const patchbay_handshake *kept_handshake;
static const patchbay_settings *kept_settings;

static int32_t handshake_create(const patchbay_handshake *handshake, void **instance, patchbay_error *error) {
    (void)error;
    kept_handshake = handshake;
    kept_settings = handshake->settings;
    *instance = NULL;
    return PATCHBAY_OK;
}

static int32_t step(void *instance, const patchbay_handshake *handshake, const void *message, size_t count, patchbay_error *error) {
    patchbay_bytes secret;
    int32_t status;
    (void)instance;
    if (IS("crash-in-step")) crash();
    if (IS("hang-in-step")) hang();
    if (IS("endless-handshake")) {
        status = handshake->send(handshake, "more", 4);
        return status < 0 ? patchbay_fail(error, status, 0, "the host takes no more") : PATCHBAY_CONTINUE;
    }
    if (IS("endless-output")) {
        while (handshake->send(handshake, "0123456789abcdef", 16) == PATCHBAY_OK) continue;
        return PATCHBAY_CONTINUE;
    }
    if (IS("admits-everybody") && message != NULL) return PATCHBAY_OK;
    status = handshake->settings->secret(handshake->settings, IS("secret-of-another") ? "other" : "key", &secret);
    if (status < 0) return patchbay_fail(error, status, 0, "no key was given");
    if (message == NULL) {
        if (handshake->role == PATCHBAY_LISTENER) return PATCHBAY_CONTINUE;
        status = handshake->send(handshake, secret.data, secret.count);
        return status < 0 ? patchbay_fail(error, status, 0, "the key is too long to be sent") : PATCHBAY_OK;
    }
    if (count != secret.count || memcmp(message, secret.data, count) != 0) {
        return patchbay_fail(error, PATCHBAY_REFUSED, 0, "the dialer has another key; give both ends the same");
    }
    return PATCHBAY_OK;
}

static void handshake_destroy(void *instance) {
    (void)instance;
    if (IS("secret-out-of-time") && kept_settings != NULL) {
        patchbay_bytes secret;
        kept_settings->secret(kept_settings, "key", &secret);
    }
}

static const patchbay_authenticator authenticator = {sizeof authenticator, 0, handshake_create, step, NULL, handshake_destroy};

/* ---- A transport: a Unix socket ------------------------------------------------------------------------------------------ */

static int unix_socket(const patchbay_target *target, struct sockaddr_un *address, patchbay_error *error) {
    int descriptor;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(target->path) >= sizeof address->sun_path) {
        return patchbay_fail(error, PATCHBAY_INVALID, 0, "the path is longer than a socket's address can be");
    }
    strcpy(address->sun_path, target->path);
    descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return descriptor < 0 ? patchbay_fail(error, PATCHBAY_FAILED, errno, "no socket can be made") : descriptor;
}

typedef struct late {
    patchbay_done done;
    void *context;
    int descriptor;
} late;

/* Held by connect_to for as long as it runs: what waits for it comes after its return. */
static pthread_mutex_t connecting = PTHREAD_MUTEX_INITIALIZER;

static void *complete_late(void *argument) {
    late *late = argument;
    patchbay_outcome outcome = {sizeof outcome, PATCHBAY_OK, late->descriptor, 0, NULL};
    pthread_mutex_lock(&connecting);
    pthread_mutex_unlock(&connecting);
    late->done(late->context, &outcome);
    free(late);
    return NULL;
}

static int32_t connect_to(const patchbay_target *target, patchbay_done done, void *context, void **operation, patchbay_error *error) {
    struct sockaddr_un address;
    int descriptor = unix_socket(target, &address, error);
    patchbay_outcome outcome = {sizeof outcome, PATCHBAY_OK, descriptor, 0, NULL};
    (void)operation;
    if (IS("crash-in-connect")) crash();
    if (IS("hang-in-connect")) hang();
    if (descriptor < 0) return descriptor;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        int number = errno;
        close(descriptor);
        return patchbay_fail(error, number == ENOENT ? PATCHBAY_NOT_FOUND : PATCHBAY_CONNECTION_REFUSED, number, "nobody listens there");
    }
    if (IS("never-done")) {
        close(descriptor);
        return PATCHBAY_OK;
    }
    if (IS("closed-descriptor")) close(descriptor);
    if (IS("blocking-descriptor")) fcntl(descriptor, F_SETFL, 0);
    if (IS("inherited-descriptor")) fcntl(descriptor, F_SETFD, 0);
    if (IS("leaked-descriptor")) {
        if (dup(descriptor) < 0) return patchbay_fail(error, PATCHBAY_FAILED, errno, "no second descriptor");
    }
    if (IS("file-descriptor")) {
        close(descriptor);
        outcome.descriptor = open("/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    }
    if (IS("standard-descriptor")) {
        close(descriptor);
        outcome.descriptor = 0;
    }
    if (IS("no-descriptor")) {
        close(descriptor);
        outcome.descriptor = -1;
    }
    if (IS("late-done")) {
        pthread_t thread;
        late *later = malloc(sizeof *later);
        if (later == NULL) return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left");
        later->done = done;
        later->context = context;
        later->descriptor = descriptor;
        pthread_mutex_lock(&connecting);
        pthread_create(&thread, NULL, complete_late, later);
        pthread_detach(thread);
        pthread_mutex_unlock(&connecting);
        return PATCHBAY_OK;
    }
    done(context, &outcome);
    if (IS("done-twice")) done(context, &outcome);
    if (IS("done-and-failed")) return patchbay_fail(error, PATCHBAY_FAILED, 0, "it failed after all");
    return PATCHBAY_OK;
}

static int32_t listen_at(const patchbay_target *target, patchbay_listening *listening, patchbay_error *error) {
    struct sockaddr_un address;
    int descriptor = unix_socket(target, &address, error);
    if (IS("crash-in-listen")) crash();
    if (descriptor < 0) return descriptor;
    fchmod(descriptor, 0600);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 || listen(descriptor, 4096) != 0) {
        int number = errno;
        close(descriptor);
        return patchbay_fail(error, number == EADDRINUSE ? PATCHBAY_ADDRESS_IN_USE : PATCHBAY_FAILED, number, "the path cannot be bound");
    }
    if (IS("endless-target")) memset(listening->bound_target, 'x', sizeof listening->bound_target);
    else strcpy(listening->bound_target, target->path);
    listening->descriptor = descriptor;
    listening->listener = strdup(target->path);
    return PATCHBAY_OK;
}

static void close_listener(void *listener) {
    if (!IS("leaves-file")) unlink(listener);
    free(listener);
}

static const patchbay_transport transport = {sizeof transport, 0, connect_to, NULL, NULL, listen_at, NULL, close_listener};

/* ---- The plugin ---------------------------------------------------------------------------------------------------------- */

static const void *interface(const char *id) {
    if (IS("crash-in-interface")) crash();
    if (IS("any-interface")) return &codec;
    if (strcmp(id, PATCHBAY_CODEC) == 0) return &codec;
    if (strcmp(id, PATCHBAY_PROCESSOR) == 0) return &processor;
    if (strcmp(id, PATCHBAY_AUTHENTICATOR) == 0) return &authenticator;
    if (strcmp(id, PATCHBAY_TRANSPORT) == 0) return IS("missing-interface") ? NULL : &transport;
    return NULL;
}

static const char other_metadata[] =
    "{\"patchbay\": \"1.0\", \"name\": \"rogue-NAME\", \"version\": \"2.0.0\", \"summary\": \"another\", \"layers\": []}";

PATCHBAY_EXPORT const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    static patchbay_plugin plugin;
    (void)host;
    plugin.size = IS("wrong-size") ? 8 : sizeof plugin;
    plugin.magic = IS("wrong-magic") ? 0x12345678 : PATCHBAY_MAGIC;
    plugin.major = IS("wrong-major") ? 2 : PATCHBAY_ABI_MAJOR;
    plugin.minor = PATCHBAY_ABI_MINOR;
    plugin.threads = IS("unknown-threads") ? 17 : PATCHBAY_THREADS_INSTANCE;
    plugin.required = IS("unknown-requirement") ? (uint64_t)1 << 40 : 0;
    plugin.metadata = IS("metadata-lies") ? other_metadata : patchbay_metadata;
    plugin.interface = IS("no-interface") ? NULL : interface;
    if (IS("crash-in-entry")) crash();
    if (IS("hang-in-entry")) hang();
    if (IS("exit-in-entry")) exit(0);
    if (IS("abort-in-entry")) abort();
    if (IS("thread-in-entry")) start_crashing_thread();
    if (IS("refuses")) {
        patchbay_fail(error, PATCHBAY_UNSUPPORTED, 0, "this machine has no frobnicator; plug one in");
        return NULL;
    }
    if (IS("refuses-silently")) return NULL;
    if (IS("prints")) {
        static const char line[] = "a plugin has nothing to say here\n";
        if (write(1, line, sizeof line - 1) < 0) return NULL;
    }
    return &plugin;
}
