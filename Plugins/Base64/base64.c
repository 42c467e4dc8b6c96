#include "base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(const void *data, size_t count, char *out) {
    const uint8_t *bytes = data;
    size_t used = 0, index;
    for (index = 0; index < count; index += 3) {
        uint32_t group = (uint32_t)bytes[index] << 16;
        if (index + 1 < count) group |= (uint32_t)bytes[index + 1] << 8;
        if (index + 2 < count) group |= bytes[index + 2];
        out[used++] = digits[group >> 18];
        out[used++] = digits[group >> 12 & 63];
        out[used++] = index + 1 < count ? digits[group >> 6 & 63] : '=';
        out[used++] = index + 2 < count ? digits[group & 63] : '=';
    }
    return used;
}

int base64_decode(const char *text, size_t count, int spaced, uint8_t *out, size_t *written) {
    uint32_t group = 0;
    size_t letters = 0, padding = 0, used = 0, index;
    for (index = 0; index < count; index += 1) {
        const char *digit;
        if (spaced && memchr(" \t\r\n", text[index], 4) != NULL) continue;
        if (text[index] == '=') {
            padding += 1;
            continue;
        }
        digit = memchr(digits, text[index], 64);
        if (digit == NULL || padding > 0) return 0;
        group = group << 6 | (uint32_t)(digit - digits);
        letters += 1;
        if (letters % 4 != 0) continue;
        out[used++] = (uint8_t)(group >> 16);
        out[used++] = (uint8_t)(group >> 8);
        out[used++] = (uint8_t)group;
        group = 0;
    }
    switch (letters % 4) {
    case 0:
        if (padding != 0) return 0;
        break;
    case 2:
        if (padding != 2 || (group & 15) != 0) return 0;
        out[used++] = (uint8_t)(group >> 4);
        break;
    case 3:
        if (padding != 1 || (group & 3) != 0) return 0;
        out[used++] = (uint8_t)(group >> 10);
        out[used++] = (uint8_t)(group >> 2);
        break;
    default: return 0;
    }
    *written = used;
    return 1;
}
