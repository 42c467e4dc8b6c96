#include "proxy.h"

size_t base64_encode(const uint8_t *data, size_t count, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = 0, index;
    for (index = 0; index < count; index += 3) {
        uint32_t group = (uint32_t)data[index] << 16;
        if (index + 1 < count) group |= (uint32_t)data[index + 1] << 8;
        if (index + 2 < count) group |= data[index + 2];
        out[used++] = digits[group >> 18];
        out[used++] = digits[group >> 12 & 63];
        out[used++] = index + 1 < count ? digits[group >> 6 & 63] : '=';
        out[used++] = index + 2 < count ? digits[group & 63] : '=';
    }
    return used;
}
