#define _GNU_SOURCE
#include "scram.h"

#include <string.h>

/* RFC 5802 section 3: ClientKey, StoredKey and ServerKey of a password. */
void verifier_from_password(verifier *verifier, const void *password, size_t count, uint8_t client_key[SHA256_BYTES]) {
    uint8_t salted[SHA256_BYTES];
    hmac_key key;
    sha256 hash;
    pbkdf2(password, count, verifier->salt, verifier->salt_count, verifier->iterations, salted);
    hmac_key_make(&key, salted, sizeof salted);
    hmac(&key, "Client Key", 10, client_key);
    hmac(&key, "Server Key", 10, verifier->server_key);
    sha256_start(&hash);
    sha256_add(&hash, client_key, SHA256_BYTES);
    sha256_end(&hash, verifier->stored_key);
    explicit_bzero(salted, sizeof salted);
    explicit_bzero(&key, sizeof key);
}

/* Cuts `*text` at the first `end`; what lies before it. 0 where there is none. */
static int cut(const char **text, const char *limit, char end, const char **piece, size_t *count) {
    const char *found = memchr(*text, end, (size_t)(limit - *text));
    if (found == NULL) return 0;
    *piece = *text;
    *count = (size_t)(found - *text);
    *text = found + 1;
    return 1;
}

static int take_key(const char *text, size_t count, uint8_t key[SHA256_BYTES]) {
    uint8_t bytes[36];
    size_t written;
    if (count != BASE64_COUNT(SHA256_BYTES) || !base64_decode(text, count, 0, bytes, &written) || written != SHA256_BYTES) return 0;
    memcpy(key, bytes, SHA256_BYTES);
    return 1;
}

/* `SCRAM-SHA-256$iterations:salt$stored:server` */
static int parse(const char *text, const char *end, verifier *verifier) {
    uint8_t salt[LARGEST_SALT + 3];
    const char *piece;
    size_t count, index;
    uint32_t iterations = 0;
    if (!cut(&text, end, '$', &piece, &count) || count != 13 || memcmp(piece, "SCRAM-SHA-256", 13) != 0) return 0;
    if (!cut(&text, end, ':', &piece, &count) || count == 0 || count > 7) return 0;
    for (index = 0; index < count; index += 1) {
        if (piece[index] < '0' || piece[index] > '9') return 0;
        iterations = iterations * 10 + (uint32_t)(piece[index] - '0');
    }
    if (iterations < FEWEST_ITERATIONS || iterations > MOST_ITERATIONS) return 0;
    if (!cut(&text, end, '$', &piece, &count) || count == 0 || count > BASE64_COUNT(LARGEST_SALT)) return 0;
    if (!base64_decode(piece, count, 0, salt, &verifier->salt_count) || verifier->salt_count > LARGEST_SALT) return 0;
    memcpy(verifier->salt, salt, verifier->salt_count);
    verifier->iterations = iterations;
    return cut(&text, end, ':', &piece, &count) && take_key(piece, count, verifier->stored_key) &&
           take_key(text, (size_t)(end - text), verifier->server_key);
}

/* Keys that are a secret's, so that no password fits them, and a salt that is the same each time. */
static void invent(const char *lines, size_t count, const char *user, uint32_t iterations, verifier *verifier) {
    hmac_key key;
    sha256 hash;
    uint8_t salt[SHA256_BYTES];
    hmac_key_make(&key, lines, count);
    hash = key.inner;
    sha256_add(&hash, "salt of nobody:", 15);
    sha256_add(&hash, user, strlen(user));
    hmac_end(&key, &hash, salt);
    memcpy(verifier->salt, salt, 16);
    verifier->salt_count = 16;
    verifier->iterations = iterations;
    hmac(&key, "stored key of nobody", 20, verifier->stored_key);
    hmac(&key, "server key of nobody", 20, verifier->server_key);
    explicit_bzero(&key, sizeof key);
}

int32_t verifier_find(const char *lines, size_t count, const char *user, verifier *found, patchbay_error *error) {
    const char *next = lines, *end = lines + count;
    verifier line_verifier = {.iterations = FEWEST_ITERATIONS};
    uint32_t usual_iterations = 0;
    int is_found = 0;
    while (next < end) {
        const char *newline = memchr(next, '\n', (size_t)(end - next)), *line_end = newline == NULL ? end : newline, *line = next, *name;
        size_t name_count;
        next = newline == NULL ? end : newline + 1;
        if (line_end > line && line_end[-1] == '\r') line_end -= 1;
        if (line == line_end || *line == '#') continue;
        if (!cut(&line, line_end, ':', &name, &name_count) || !parse(line, line_end, &line_verifier))
            return patchbay_fail(error, PATCHBAY_INVALID, 0,
                                 "a line of the verifiers is not user:SCRAM-SHA-256$iterations:salt$stored:server; docs/plugins/c.md shows how to make one");
        if (usual_iterations == 0) usual_iterations = line_verifier.iterations;
        if (name_count == strlen(user) && memcmp(name, user, name_count) == 0 && !is_found) {
            *found = line_verifier;
            is_found = 1;
        }
    }
    if (!is_found) invent(lines, count, user, usual_iterations == 0 ? FEWEST_ITERATIONS : usual_iterations, found);
    return PATCHBAY_OK;
}
