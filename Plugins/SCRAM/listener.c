#define _GNU_SOURCE
#include "scram.h"

#include <string.h>

/* RFC 5802 section 7 has these words for the dialer. */
static int32_t refuse(message *out, const char *word, patchbay_error *error, int32_t status, const char *text) {
    out->count = 0;
    message_add_text(out, "e=");
    message_add_text(out, word);
    return patchbay_fail(error, status, 0, text);
}

static int32_t malformed(message *out, patchbay_error *error) {
    return refuse(out, "other-error", error, PATCHBAY_CORRUPT, "the dialer's message is not one of SCRAM");
}

/* "=2C" is a comma, "=3D" an equals sign, and no other use of one is right. */
static int take_user(exchange *exchange, const char *text, size_t count) {
    size_t used = 0, index;
    for (index = 0; index < count; index += 1) {
        char byte = text[index];
        if (byte == '=') {
            if (count - index < 3) return 0;
            if (memcmp(text + index, "=2C", 3) == 0) {
                byte = ',';
            } else if (memcmp(text + index, "=3D", 3) == 0) {
                byte = '=';
            } else {
                return 0;
            }
            index += 2;
        }
        if (byte == 0 || used == LARGEST_USER) return 0;
        exchange->user[used++] = byte;
    }
    exchange->user[used] = 0;
    return used > 0;
}

int32_t listener_read(exchange *exchange, const char *client_first, size_t count, message *out, patchbay_error *error) {
    const char *header = binding_header(exchange), *next, *end = client_first + count, *value;
    size_t header_count = strlen(header), value_count;
    if (count > LARGEST_MESSAGE) return malformed(out, error);
    if (count < header_count || memcmp(client_first, header, header_count) != 0)
        return refuse(out, "channel-bindings-dont-match", error, PATCHBAY_REFUSED,
                      "the dialer does not bind its proof to the greeting as this end does");
    next = client_first + header_count;
    if (!exchange_add(exchange, next, (size_t)(end - next))) return malformed(out, error);
    if (!take_attribute(&next, end, 'n', &value, &value_count) || !take_user(exchange, value, value_count)) return malformed(out, error);
    if (!take_attribute(&next, end, 'r', &value, &value_count) || value_count < 8 || value_count > LARGEST_NONCE - NONCE_TEXT ||
        memchr(value, 0, value_count) != NULL)
        return malformed(out, error);
    memcpy(exchange->nonce, value, value_count);
    exchange->nonce[value_count] = 0;
    return PATCHBAY_OK;
}

int32_t listener_first(exchange *exchange, const char *nonce, message *out, patchbay_error *error) {
    char digits[12];
    size_t index = sizeof digits;
    uint32_t rest = exchange->verifier.iterations;
    do {
        digits[--index] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    strcat(exchange->nonce, nonce);
    if (!message_add_text(out, "r=") || !message_add_text(out, exchange->nonce) || !message_add_text(out, ",s=") ||
        !message_add_base64(out, exchange->verifier.salt, exchange->verifier.salt_count) || !message_add_text(out, ",i=") ||
        !message_add(out, digits + index, sizeof digits - index) || !exchange_add(exchange, out->text, out->count))
        return malformed(out, error);
    return PATCHBAY_CONTINUE;
}

int32_t listener_final(exchange *exchange, const char *client_final, size_t count, message *out, patchbay_error *error) {
    static const char proof_mark[] = ",p=";
    const char *mark = count > LARGEST_MESSAGE ? NULL : memmem(client_final, count, proof_mark, 3);
    size_t bare_count = mark == NULL ? 0 : (size_t)(mark - client_final), written;
    message expected = {.count = 0};
    uint8_t proof[36], signature[SHA256_BYTES], stored[SHA256_BYTES];
    sha256 hash;
    int index;
    if (mark == NULL) return malformed(out, error);
    /* What this end would have written: it holds the binding, and the nonce that is of this handshake alone. */
    if (!message_add_binding(&expected, exchange) || !message_add_text(&expected, ",r=") || !message_add_text(&expected, exchange->nonce))
        return malformed(out, error);
    if (bare_count != expected.count || memcmp(client_final, expected.text, bare_count) != 0)
        return refuse(out, "channel-bindings-dont-match", error, PATCHBAY_REFUSED,
                      "the dialer's proof is about another greeting: somebody may stand between the two ends");
    if (count - bare_count - 3 != BASE64_COUNT(SHA256_BYTES) || !base64_decode(mark + 3, count - bare_count - 3, 0, proof, &written) ||
        written != SHA256_BYTES || !exchange_add(exchange, client_final, bare_count))
        return malformed(out, error);
    client_signature(exchange, signature);
    for (index = 0; index < SHA256_BYTES; index += 1) exchange->client_key[index] = proof[index] ^ signature[index];
    sha256_start(&hash);
    sha256_add(&hash, exchange->client_key, SHA256_BYTES);
    sha256_end(&hash, stored);
    if (!is_equal(stored, exchange->verifier.stored_key, SHA256_BYTES))
        return refuse(out, "invalid-proof", error, PATCHBAY_REFUSED, "the dialer's user or password is wrong");
    server_signature(exchange, signature);
    if (!message_add_text(out, "v=") || !message_add_base64(out, signature, sizeof signature)) return malformed(out, error);
    exchange->is_done = 1;
    return PATCHBAY_OK;
}
