/* The numbers of the core schema, and how the tape has them: 64 bits where they suffice, else magnitudes and text. */
#define _GNU_SOURCE
#include "codec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_digit(char byte) { return byte >= '0' && byte <= '9'; }

static int digit_value(char byte) {
    return is_digit(byte) ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : 99;
}

/* Words of 32 bits, least significant first: enough for LONGEST_NUMBER hexadecimal digits. */
typedef struct magnitude {
    uint32_t words[LONGEST_NUMBER / 8 + 1];
    size_t count;
} magnitude;

static void multiply_and_add(magnitude *number, uint32_t factor, uint32_t more) {
    uint64_t carry = more;
    size_t index;
    for (index = 0; index < number->count; index += 1) {
        carry += (uint64_t)number->words[index] * factor;
        number->words[index] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0) number->words[number->count++] = (uint32_t)carry;
}

static int32_t push_magnitude(patchbay_tape *tape, const magnitude *number, int is_negative) {
    uint8_t bytes[sizeof number->words];
    size_t count = 0, index, first = 0;
    for (index = number->count; index-- > 0;) {
        int shift;
        for (shift = 24; shift >= 0; shift -= 8) bytes[count++] = (uint8_t)(number->words[index] >> shift);
    }
    while (first < count && bytes[first] == 0) first += 1;
    if (count - first <= 8) {
        uint64_t value = 0;
        for (index = first; index < count; index += 1) value = value << 8 | bytes[index];
        if (!is_negative) return patchbay_push_scalar(tape, value > INT64_MAX ? PATCHBAY_UNSIGNED : PATCHBAY_INT, 0, value);
        if (value <= (uint64_t)INT64_MAX + 1) return patchbay_push_scalar(tape, PATCHBAY_INT, 0, 0 - value);
    }
    return patchbay_push_copy(tape, is_negative ? PATCHBAY_BIG_NEGATIVE : PATCHBAY_BIG_POSITIVE, bytes + first, (uint32_t)(count - first));
}

/* [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ */
int32_t push_integer(patchbay_tape *tape, const char *text, size_t count) {
    magnitude number = {.count = 0};
    uint32_t base = 10;
    int is_negative = 0;
    size_t index = 0;
    if (count > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) {
        base = text[1] == 'x' ? 16 : 8;
        index = 2;
    } else if (count > 1 && (text[0] == '-' || text[0] == '+')) {
        is_negative = text[0] == '-';
        index = 1;
    }
    if (index == count) return NOT_A_NUMBER;
    for (size_t digit = index; digit < count; digit += 1) {
        if (digit_value(text[digit]) >= (int)base) return NOT_A_NUMBER;
    }
    if (count - index > LONGEST_NUMBER) return PATCHBAY_LIMIT;
    for (; index < count; index += 1) multiply_and_add(&number, base, (uint32_t)digit_value(text[index]));
    return push_magnitude(tape, &number, is_negative);
}

static int32_t push_double(patchbay_tape *tape, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return patchbay_push_scalar(tape, PATCHBAY_DOUBLE, 0, bits);
}

/* As JSON writes it: no plus, no zeros in front, digits on both sides of a point. */
static int32_t push_decimal(patchbay_tape *tape, const char *text, size_t count) {
    char out[LONGEST_NUMBER + 4];
    size_t used = 0, index = 0, point;
    if (text[0] == '-') out[used++] = '-';
    if (text[0] == '-' || text[0] == '+') index = 1;
    while (index + 1 < count && text[index] == '0' && is_digit(text[index + 1])) index += 1;
    if (!is_digit(text[index])) out[used++] = '0';
    for (; index < count; index += 1) {
        out[used++] = text[index];
        point = text[index] == '.' && (index + 1 == count || !is_digit(text[index + 1]));
        if (point) out[used++] = '0';
    }
    return patchbay_push_copy(tape, PATCHBAY_NUMBER, out, (uint32_t)used);
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? | [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN) */
int32_t push_float(const codec *codec, patchbay_tape *tape, const char *text, size_t count) {
    char copy[LONGEST_NUMBER + 1];
    size_t sign = count > 0 && (text[0] == '-' || text[0] == '+'), index = sign, whole = 0, fraction = 0;
    int is_zero = 1;
    double value;
    if (count - sign == 4 && (memcmp(text + sign, ".inf", 4) == 0 || memcmp(text + sign, ".Inf", 4) == 0 || memcmp(text + sign, ".INF", 4) == 0))
        return push_double(tape, text[0] == '-' ? -INFINITY : INFINITY);
    if (count == 4 && (memcmp(text, ".nan", 4) == 0 || memcmp(text, ".NaN", 4) == 0 || memcmp(text, ".NAN", 4) == 0)) return push_double(tape, NAN);
    for (; index < count && is_digit(text[index]); index += 1, whole += 1) is_zero = is_zero && text[index] == '0';
    if (index < count && text[index] == '.') {
        for (index += 1; index < count && is_digit(text[index]); index += 1, fraction += 1) is_zero = is_zero && text[index] == '0';
    }
    if (whole + fraction == 0) return NOT_A_NUMBER;
    if (index < count && (text[index] == 'e' || text[index] == 'E')) {
        size_t digits = 0;
        index += 1;
        if (index < count && (text[index] == '-' || text[index] == '+')) index += 1;
        for (; index < count && is_digit(text[index]); index += 1) digits += 1;
        if (digits == 0) return NOT_A_NUMBER;
    }
    if (index != count) return NOT_A_NUMBER;
    if (count > LONGEST_NUMBER) return PATCHBAY_LIMIT;
    memcpy(copy, text, count);
    copy[count] = 0;
    value = strtod_l(copy, NULL, codec->locale);
    return isinf(value) || (value == 0 && !is_zero) ? push_decimal(tape, text, count) : push_double(tape, value);
}

/* What printf made, as readers of YAML 1.1 know it too: with a point. The exponent has its sign already. */
static size_t with_point(const char *text, char *out, size_t capacity) {
    size_t head = strcspn(text, "e");
    int count = snprintf(out, capacity, "%.*s%s%s", (int)head, text, memchr(text, '.', head) == NULL ? ".0" : "", text + head);
    return count < 0 || (size_t)count >= capacity ? 0 : (size_t)count;
}

size_t write_double(double value, int is_narrow, char *out, size_t capacity) {
    int digits = is_narrow ? 6 : 15, most = is_narrow ? 9 : 17;
    char text[40];
    if (isnan(value)) return (size_t)snprintf(out, capacity, ".nan");
    if (isinf(value)) return (size_t)snprintf(out, capacity, value < 0 ? "-.inf" : ".inf");
    /* The fewest digits that read back as the same number. */
    for (; digits <= most; digits += 1) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (is_narrow ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value) break;
    }
    return with_point(text, out, capacity);
}

size_t write_big(int is_negative, const uint8_t *bytes, size_t count, char *out, size_t capacity) {
    /* Nine decimal digits each, least significant first. */
    uint32_t groups[LONGEST_NUMBER / 9 + 2] = {0};
    size_t group_count = 1, index, used = 0;
    for (index = 0; index < count; index += 1) {
        uint64_t carry = bytes[index];
        size_t group;
        for (group = 0; group < group_count; group += 1) {
            carry += (uint64_t)groups[group] * 256;
            groups[group] = (uint32_t)(carry % 1000000000);
            carry /= 1000000000;
        }
        if (carry == 0) continue;
        if (group_count == sizeof groups / sizeof *groups) return 0;
        groups[group_count++] = (uint32_t)carry;
    }
    if (group_count * 9 + 2 > capacity) return 0;
    if (is_negative) out[used++] = '-';
    used += (size_t)sprintf(out + used, "%u", groups[group_count - 1]);
    for (index = group_count - 1; index-- > 0;) used += (size_t)sprintf(out + used, "%09u", groups[index]);
    return used;
}
