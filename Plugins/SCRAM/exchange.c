#include "scram.h"

#include <string.h>

int message_add(message *message, const char *text, size_t count) {
    if (count > sizeof message->text - message->count) return 0;
    if (count > 0) memcpy(message->text + message->count, text, count);
    message->count += count;
    return 1;
}

int message_add_text(message *message, const char *text) { return message_add(message, text, strlen(text)); }

int message_add_base64(message *message, const void *data, size_t count) {
    if (BASE64_COUNT(count) > sizeof message->text - message->count) return 0;
    message->count += base64_encode(data, count, message->text + message->count);
    return 1;
}

int exchange_add(exchange *exchange, const char *text, size_t count) {
    size_t comma = exchange->text_count > 0;
    if (count > sizeof exchange->text - exchange->text_count - comma) return 0;
    if (comma) exchange->text[exchange->text_count++] = ',';
    memcpy(exchange->text + exchange->text_count, text, count);
    exchange->text_count += count;
    return 1;
}

const char *binding_header(const exchange *exchange) { return exchange->is_bound ? "p=patchbay-transcript,," : "n,,"; }

int message_add_binding(message *message, const exchange *exchange) {
    uint8_t binding[64];
    size_t count = strlen(binding_header(exchange));
    memcpy(binding, binding_header(exchange), count);
    if (exchange->is_bound) {
        memcpy(binding + count, exchange->transcript, SHA256_BYTES);
        count += SHA256_BYTES;
    }
    return message_add_text(message, "c=") && message_add_base64(message, binding, count);
}

int take_attribute(const char **next, const char *end, char name, const char **value, size_t *count) {
    const char *comma;
    if (end - *next < 2 || (*next)[0] != name || (*next)[1] != '=') return 0;
    *value = *next + 2;
    comma = memchr(*value, ',', (size_t)(end - *value));
    *count = (size_t)((comma == NULL ? end : comma) - *value);
    *next = comma == NULL ? end : comma + 1;
    return 1;
}

static void signature_under(const uint8_t secret[SHA256_BYTES], const exchange *exchange, uint8_t signature[SHA256_BYTES]) {
    hmac_key key;
    hmac_key_make(&key, secret, SHA256_BYTES);
    hmac(&key, exchange->text, exchange->text_count, signature);
}

void client_signature(const exchange *exchange, uint8_t signature[SHA256_BYTES]) {
    signature_under(exchange->verifier.stored_key, exchange, signature);
}

void server_signature(const exchange *exchange, uint8_t signature[SHA256_BYTES]) {
    signature_under(exchange->verifier.server_key, exchange, signature);
}

int is_equal(const uint8_t *left, const uint8_t *right, size_t count) {
    /* Volatile, so that no compiler leaves early: the time tells nothing of where two differ. */
    volatile uint8_t difference = 0;
    size_t index;
    for (index = 0; index < count; index += 1) difference = (uint8_t)(difference | (left[index] ^ right[index]));
    return difference == 0;
}
