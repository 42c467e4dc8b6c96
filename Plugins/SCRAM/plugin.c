/* The authenticator `scram`: SCRAM-SHA-256 in the greeting. */
#define _GNU_SOURCE
#include "scram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "scram",
    "version": "1.0.0",
    "summary": "SCRAM-SHA-256: a user's password, proved by both ends and sent by none",
    "layers": [{
        "kind": "authenticator",
        "name": "scram",
        "summary": "a user proves a password, and the listener that it knows it, bound to the greeting; the listener need not keep passwords",
        "medium": "greeting",
        "blocking": true,
        "revealsSecret": false,
        "leavesStreamOpen": true,
        "passwordOption": "password",
        "rounds": 2,
        "options": [
            {
                "name": "password",
                "summary": "the user's; at a listener: one password for every user",
                "type": "text",
                "secret": true
            },
            {
                "name": "verifiers",
                "summary": "for a listener, a line for each user, user:SCRAM-SHA-256$iterations:salt$stored:server, as PostgreSQL keeps them",
                "type": "text",
                "secret": true
            },
            {
                "name": "iterations",
                "summary": "that a listener with a password asks of dialers; verifiers have their own",
                "type": "integer",
                "minimum": 4096,
                "maximum": 1000000,
                "default": "4096"
            }
        ],
        "examples": ["json+scram+tcp://alice@127.0.0.1:7000?password-file=alice.password", "json+scram+tcp://127.0.0.1:7000?verifiers-file=users"]
    }]
})

static int32_t create(const patchbay_handshake *handshake, void **instance, patchbay_error *error) {
    exchange *self = calloc(1, sizeof *self);
    if (self == NULL) return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left for a handshake");
    self->role = handshake->role;
    self->is_bound = handshake->transcript.count > 0;
    if (self->is_bound) {
        sha256 hash;
        sha256_start(&hash);
        sha256_add(&hash, handshake->transcript.data, handshake->transcript.count);
        sha256_end(&hash, self->transcript);
    }
    *instance = self;
    return PATCHBAY_OK;
}

/* `nonce` gets NONCE_TEXT letters and a NUL. */
static int32_t make_nonce(char nonce[NONCE_TEXT + 1], patchbay_error *error) {
    uint8_t bytes[NONCE_TEXT / 4 * 3];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return patchbay_fail(error, PATCHBAY_FAILED, errno, "the system gave no random bytes");
    nonce[base64_encode(bytes, sizeof bytes, nonce)] = 0;
    return PATCHBAY_OK;
}

static int32_t find_secret(const patchbay_handshake *handshake, const char *name, patchbay_bytes *secret) {
    return handshake->settings->secret(handshake->settings, name, secret);
}

static int32_t dialer_step(exchange *self, const patchbay_handshake *handshake, const char *text, size_t count, message *out, patchbay_error *error) {
    char nonce[NONCE_TEXT + 1];
    patchbay_bytes password;
    int32_t status;
    switch (self->messages) {
    case 0:
        status = make_nonce(nonce, error);
        return status < 0 ? status : dialer_first(self, handshake->user.data, handshake->user.data == NULL ? 0 : handshake->user.count, nonce, out, error);
    case 1:
        if (find_secret(handshake, "password", &password) != PATCHBAY_OK)
            return patchbay_fail(error, PATCHBAY_INVALID, 0, "scram needs the user's password: in the URL, or password-file= or password-env=");
        return dialer_final(self, text, count, password, out, error);
    default: return dialer_verify(self, text, count, error);
    }
}

/* Finds what the listener knows of the dialer's user. */
static int32_t find_verifier(exchange *self, const patchbay_handshake *handshake, patchbay_error *error) {
    const patchbay_option *iterations = patchbay_find_option(handshake->settings, "iterations");
    patchbay_bytes lines, password;
    if (find_secret(handshake, "verifiers", &lines) == PATCHBAY_OK) return verifier_find(lines.data, lines.count, self->user, &self->verifier, error);
    if (find_secret(handshake, "password", &password) != PATCHBAY_OK)
        return patchbay_fail(error, PATCHBAY_INVALID, 0, "scram at a listener needs verifiers-file=, or a password for all users");
    if (getrandom(self->verifier.salt, 16, 0) != 16) return patchbay_fail(error, PATCHBAY_FAILED, errno, "the system gave no random bytes");
    self->verifier.salt_count = 16;
    self->verifier.iterations = iterations == NULL ? FEWEST_ITERATIONS : (uint32_t)iterations->integer;
    verifier_from_password(&self->verifier, password.data, password.count, self->client_key);
    return PATCHBAY_OK;
}

/* Only a verifier says who somebody is: one password for all says that they know it. */
static int32_t identify(const exchange *self, const patchbay_handshake *handshake, patchbay_error *error) {
    patchbay_bytes lines;
    int32_t status;
    if (find_secret(handshake, "verifiers", &lines) != PATCHBAY_OK) return PATCHBAY_OK;
    status = handshake->identify(handshake, self->user, strlen(self->user));
    return status < 0 ? patchbay_fail(error, status, 0, "the host did not take the user's name") : PATCHBAY_OK;
}

static int32_t listener_step(exchange *self, const patchbay_handshake *handshake, const char *text, size_t count, message *out, patchbay_error *error) {
    char nonce[NONCE_TEXT + 1];
    int32_t status;
    switch (self->messages) {
    case 0: return PATCHBAY_CONTINUE;
    case 1:
        status = listener_read(self, text, count, out, error);
        if (status < 0) return status;
        if (handshake->user.data != NULL &&
            (handshake->user.count != strlen(self->user) || memcmp(handshake->user.data, self->user, handshake->user.count) != 0))
            return patchbay_fail(error, PATCHBAY_REFUSED, 0, "the dialer names one user in the greeting, and another one to scram");
        status = find_verifier(self, handshake, error);
        if (status == PATCHBAY_OK) status = make_nonce(nonce, error);
        return status < 0 ? status : listener_first(self, nonce, out, error);
    default:
        status = listener_final(self, text, count, out, error);
        return status < 0 ? status : identify(self, handshake, error);
    }
}

static int32_t step(void *instance, const patchbay_handshake *handshake, const void *text, size_t count, patchbay_error *error) {
    exchange *self = instance;
    message out = {.count = 0};
    int32_t status;
    if (self->messages > 2 || self->is_done || (text == NULL) != (self->messages == 0))
        return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "a message came that no step of SCRAM waits for");
    status = self->role == PATCHBAY_DIALER ? dialer_step(self, handshake, text, count, &out, error)
                                           : listener_step(self, handshake, text, count, &out, error);
    self->messages += 1;
    if (out.count > 0) {
        int32_t sent = handshake->send(handshake, out.text, out.count);
        if (status >= 0 && sent < 0) status = patchbay_fail(error, sent, 0, "the host did not take a message of the handshake");
    }
    explicit_bzero(&out, sizeof out);
    return status;
}

/* The session key that RFC 5802 section 8 derives for GSS-API: of the password, by way of ClientKey, and of all three messages. */
static int32_t export_mac(void *instance, const void *data, size_t count, uint8_t mac[32], patchbay_error *error) {
    static const char label[] = "GSS-API session key";
    const exchange *self = instance;
    uint8_t secret[SHA256_BYTES];
    hmac_key key;
    sha256 hash;
    if (!self->is_done) return patchbay_fail(error, PATCHBAY_FAILED, 0, "the handshake is not over, and there is no key");
    hmac_key_make(&key, self->verifier.stored_key, SHA256_BYTES);
    hash = key.inner;
    sha256_add(&hash, label, sizeof label - 1);
    sha256_add(&hash, self->client_key, SHA256_BYTES);
    sha256_add(&hash, self->text, self->text_count);
    hmac_end(&key, &hash, secret);
    hmac_key_make(&key, secret, sizeof secret);
    hmac(&key, data, count, mac);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(&key, sizeof key);
    return PATCHBAY_OK;
}

static void destroy(void *instance) {
    explicit_bzero(instance, sizeof(exchange));
    free(instance);
}

static const patchbay_authenticator authenticator = {
    .size = sizeof authenticator, .create = create, .step = step, .export_mac = export_mac, .destroy = destroy};

static const void *interface(const char *id) { return strcmp(id, PATCHBAY_AUTHENTICATOR) == 0 ? &authenticator : NULL; }

static const patchbay_plugin plugin = {
    .size = sizeof plugin,
    .magic = PATCHBAY_MAGIC,
    .major = PATCHBAY_ABI_MAJOR,
    .minor = PATCHBAY_ABI_MINOR,
    .threads = PATCHBAY_THREADS_INSTANCE,
    .metadata = patchbay_metadata,
    .interface = interface,
};

const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    (void)host;
    (void)error;
    return &plugin;
}
