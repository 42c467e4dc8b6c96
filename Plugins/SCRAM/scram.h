/* SCRAM-SHA-256, RFC 5802 and RFC 7677, as a pure exchange: text in, text out, with every secret and every random byte given.
 *
 * The channel that it is bound to is the greeting: the hash of its bytes so far, under the name `patchbay-transcript`. Who stands between
 * two greetings has two transcripts, and cannot hand one's proof to the other. */
#ifndef SCRAM_H
#define SCRAM_H

#include "base64.h"
#include "patchbay_plugin.h"
#include "sha256.h"

enum {
    /* Bytes of a user's name, of one message, and of the three that the proof is about. */
    LARGEST_USER = 255,
    LARGEST_MESSAGE = 2048,
    LARGEST_EXCHANGE = 3 * LARGEST_MESSAGE,
    LARGEST_SALT = 128,
    LARGEST_NONCE = 256,
    /* RFC 7677: at least this many. At most: what a peer may make one compute, about half a second of it. */
    FEWEST_ITERATIONS = 4096,
    MOST_ITERATIONS = 1000000,
    /* 18 random bytes as text: no comma, and no padding. */
    NONCE_TEXT = 24
};

/* What a listener keeps of a user, instead of the password. */
typedef struct verifier {
    uint8_t salt[LARGEST_SALT];
    size_t salt_count;
    uint32_t iterations;
    uint8_t stored_key[SHA256_BYTES];
    uint8_t server_key[SHA256_BYTES];
} verifier;

/* One end of one exchange. */
typedef struct exchange {
    uint32_t role;
    uint32_t messages;
    /* The greeting's hash; absent without a greeting. */
    uint8_t transcript[SHA256_BYTES];
    int is_bound;
    char user[LARGEST_USER + 1];
    char nonce[LARGEST_NONCE + 1];
    /* AuthMessage, as far as it came: client-first-bare, server-first, client-final without its proof, with commas between. */
    char text[LARGEST_EXCHANGE];
    size_t text_count;
    uint8_t client_key[SHA256_BYTES];
    verifier verifier;
    int is_done;
} exchange;

/* A message to be sent, which has room for LARGEST_MESSAGE. */
typedef struct message {
    char text[LARGEST_MESSAGE];
    size_t count;
} message;

/* exchange.c: what both ends share. All give 0 where something does not fit. */
int message_add(message *message, const char *text, size_t count);
int message_add_text(message *message, const char *text);
int message_add_base64(message *message, const void *data, size_t count);
/* Adds to AuthMessage, with a comma before all but the first. */
int exchange_add(exchange *exchange, const char *text, size_t count);
/* The header that says how the channel is bound, and `c=` in base64, with the binding itself. */
const char *binding_header(const exchange *exchange);
int message_add_binding(message *message, const exchange *exchange);
/* The value of `name=` at `*next`, up to the next comma, behind which `*next` moves. */
int take_attribute(const char **next, const char *end, char name, const char **value, size_t *count);
/* HMAC(StoredKey, AuthMessage), and HMAC(ServerKey, AuthMessage). */
void client_signature(const exchange *exchange, uint8_t signature[SHA256_BYTES]);
void server_signature(const exchange *exchange, uint8_t signature[SHA256_BYTES]);
int is_equal(const uint8_t *left, const uint8_t *right, size_t count);

/* verifier.c */
void verifier_from_password(verifier *verifier, const void *password, size_t count, uint8_t client_key[SHA256_BYTES]);
/* Finds `user` among lines of `user:SCRAM-SHA-256$iterations:salt$stored:server`, whose last part is PostgreSQL's form. For a user that is not
 * there, a verifier that nothing satisfies, the same each time: a dialer cannot tell the two apart. PATCHBAY_INVALID for a line that is wrong. */
int32_t verifier_find(const char *lines, size_t count, const char *user, verifier *verifier, patchbay_error *error);

/* dialer.c */
int32_t dialer_first(exchange *exchange, const char *user, size_t count, const char *nonce, message *out, patchbay_error *error);
int32_t dialer_final(exchange *exchange, const char *server_first, size_t count, patchbay_bytes password, message *out, patchbay_error *error);
int32_t dialer_verify(exchange *exchange, const char *server_final, size_t count, patchbay_error *error);

/* listener.c: on a failure, `out` holds what to tell the dialer. */
int32_t listener_read(exchange *exchange, const char *client_first, size_t count, message *out, patchbay_error *error);
/* `exchange->verifier` was set meanwhile. */
int32_t listener_first(exchange *exchange, const char *nonce, message *out, patchbay_error *error);
int32_t listener_final(exchange *exchange, const char *client_final, size_t count, message *out, patchbay_error *error);

#endif
