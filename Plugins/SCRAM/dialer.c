#define _GNU_SOURCE
#include "scram.h"

#include <string.h>

static int32_t malformed(patchbay_error *error) {
    return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the listener's message is not one of SCRAM");
}

/* A comma and an equals sign would end the name: RFC 5802 section 5.1. */
static int add_user(message *out, const char *user, size_t count) {
    size_t index;
    for (index = 0; index < count; index += 1) {
        if (user[index] == ',' ? !message_add(out, "=2C", 3) : user[index] == '=' ? !message_add(out, "=3D", 3) : !message_add(out, user + index, 1))
            return 0;
    }
    return 1;
}

int32_t dialer_first(exchange *exchange, const char *user, size_t count, const char *nonce, message *out, patchbay_error *error) {
    size_t header = strlen(binding_header(exchange));
    if (count == 0 || count > LARGEST_USER || memchr(user, 0, count) != NULL)
        return patchbay_fail(error, PATCHBAY_INVALID, 0, "scram needs a user of 1 to 255 bytes, as in scram+tcp://user:password@host:7000");
    memcpy(exchange->user, user, count);
    strcpy(exchange->nonce, nonce);
    if (!message_add_text(out, binding_header(exchange)) || !message_add_text(out, "n=") || !add_user(out, user, count) ||
        !message_add_text(out, ",r=") || !message_add_text(out, nonce) || !exchange_add(exchange, out->text + header, out->count - header))
        return patchbay_fail(error, PATCHBAY_LIMIT, 0, "the user's name is too long");
    return PATCHBAY_CONTINUE;
}

/* `r=…,s=…,i=…` */
static int32_t read_server_first(exchange *exchange, const char *text, size_t count, patchbay_error *error) {
    const char *next = text, *end = text + count, *nonce, *salt, *digits;
    size_t nonce_count, salt_count, digits_count, index;
    uint8_t bytes[LARGEST_SALT + 3];
    verifier *verifier = &exchange->verifier;
    uint32_t iterations = 0;
    if (!take_attribute(&next, end, 'r', &nonce, &nonce_count) || !take_attribute(&next, end, 's', &salt, &salt_count) ||
        !take_attribute(&next, end, 'i', &digits, &digits_count))
        return malformed(error);
    if (nonce_count > LARGEST_NONCE || nonce_count <= strlen(exchange->nonce) || memcmp(nonce, exchange->nonce, strlen(exchange->nonce)) != 0)
        return patchbay_fail(error, PATCHBAY_REFUSED, 0, "the listener's answer is to another handshake");
    if (salt_count == 0 || salt_count > BASE64_COUNT(LARGEST_SALT) || !base64_decode(salt, salt_count, 0, bytes, &verifier->salt_count) ||
        verifier->salt_count > LARGEST_SALT || digits_count == 0 || digits_count > 9)
        return malformed(error);
    for (index = 0; index < digits_count; index += 1) {
        if (digits[index] < '0' || digits[index] > '9') return malformed(error);
        iterations = iterations * 10 + (uint32_t)(digits[index] - '0');
    }
    if (iterations < FEWEST_ITERATIONS || iterations > MOST_ITERATIONS)
        return patchbay_fail(error, PATCHBAY_REFUSED, 0, "the listener asks for a number of iterations that is too small to be safe, or too large to be meant");
    memcpy(exchange->nonce, nonce, nonce_count);
    exchange->nonce[nonce_count] = 0;
    memcpy(verifier->salt, bytes, verifier->salt_count);
    verifier->iterations = iterations;
    return exchange_add(exchange, text, count) ? PATCHBAY_OK : malformed(error);
}

int32_t dialer_final(exchange *exchange, const char *server_first, size_t count, patchbay_bytes password, message *out, patchbay_error *error) {
    uint8_t proof[SHA256_BYTES];
    int index;
    int32_t status = read_server_first(exchange, server_first, count, error);
    if (status < 0) return status;
    verifier_from_password(&exchange->verifier, password.data, password.count, exchange->client_key);
    if (!message_add_binding(out, exchange) || !message_add_text(out, ",r=") || !message_add_text(out, exchange->nonce) ||
        !exchange_add(exchange, out->text, out->count))
        return malformed(error);
    client_signature(exchange, proof);
    for (index = 0; index < SHA256_BYTES; index += 1) proof[index] ^= exchange->client_key[index];
    if (!message_add_text(out, ",p=") || !message_add_base64(out, proof, sizeof proof)) return malformed(error);
    return PATCHBAY_CONTINUE;
}

int32_t dialer_verify(exchange *exchange, const char *server_final, size_t count, patchbay_error *error) {
    const char *next = server_final, *end = server_final + count, *value;
    size_t value_count, written;
    uint8_t expected[SHA256_BYTES], given[36];
    if (take_attribute(&next, end, 'e', &value, &value_count))
        return patchbay_fail(error, PATCHBAY_REFUSED, 0, "the listener refused the user or the password");
    if (!take_attribute(&next, end, 'v', &value, &value_count) || value_count != BASE64_COUNT(SHA256_BYTES) ||
        !base64_decode(value, value_count, 0, given, &written) || written != SHA256_BYTES)
        return malformed(error);
    server_signature(exchange, expected);
    if (!is_equal(expected, given, SHA256_BYTES))
        return patchbay_fail(error, PATCHBAY_REFUSED, 0, "the listener does not know the password: it is not who it should be");
    exchange->is_done = 1;
    return PATCHBAY_OK;
}
