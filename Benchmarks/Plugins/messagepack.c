/*
 * MessagePack in C, through the plugin interface: what the benchmarks hold against the Swift codec of the same format.
 *
 *     cc -std=c11 -O2 -shared -fPIC -fvisibility=hidden -I ../../Sources/CPatchbay/include messagepack.c -o messagepack.so
 */
#include "patchbay_plugin.h"

#include <string.h>

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "c-messagepack",
    "version": "1.0.0",
    "summary": "MessagePack in C, for the benchmarks",
    "layers": [
        {"kind": "codec", "name": "c-msgpack", "summary": "MessagePack without extension types"},
        {"kind": "codec", "name": "c-msgpack-cbor", "raw": true, "summary": "MessagePack handed over as CBOR: what a canonical binary form would cost"}
    ]
})

enum { DEPTH = 512 };

typedef struct reader {
    const uint8_t *bytes;
    size_t count;
    size_t offset;
} reader;

/* So many bytes, big-endian; the caller has checked that they are there. */
static uint64_t take(reader *reader, size_t count) {
    uint64_t value = 0;
    size_t index;
    for (index = 0; index < count; index += 1) value = value << 8 | reader->bytes[reader->offset + index];
    reader->offset += count;
    return value;
}

static int32_t push_integer(patchbay_tape *tape, uint64_t value) {
    return patchbay_push_scalar(tape, value <= INT64_MAX ? PATCHBAY_INT : PATCHBAY_UNSIGNED, 0, value);
}

/* A container that is open. */
typedef struct frame {
    size_t token;
    uint64_t remaining;
    uint32_t count;
} frame;

static int32_t decode(void *instance, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error) {
    reader reader = {(const uint8_t *)message, count, 0};
    frame open[DEPTH];
    size_t depth = 0, most = tape->depth_limit < DEPTH ? tape->depth_limit : DEPTH;
    (void)instance;
    for (;;) {
        int32_t status;
        uint8_t head;
        size_t width = 0, length = 0, left;
        uint8_t kind = PATCHBAY_NULL;
        if (reader.offset == count) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the message ends before its value does");
        head = (uint8_t)take(&reader, 1);
        left = count - reader.offset;
        if (head < 0x80) {
            status = patchbay_push_scalar(tape, PATCHBAY_INT, 0, head);
        } else if (head >= 0xe0) {
            status = patchbay_push_scalar(tape, PATCHBAY_INT, 0, (uint64_t)(int64_t)(int8_t)head);
        } else if (head == 0xc0 || head == 0xc2 || head == 0xc3) {
            status = patchbay_push_scalar(tape, head == 0xc0 ? PATCHBAY_NULL : PATCHBAY_BOOL, head == 0xc3, 0);
        } else if (head >= 0xcc && head <= 0xd3) {
            width = (size_t)1 << (head & 3);
            if (left < width) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the message ends inside an integer");
            if (head <= 0xcf) {
                status = push_integer(tape, take(&reader, width));
            } else {
                unsigned shift = (unsigned)(64 - 8 * width);
                status = patchbay_push_scalar(tape, PATCHBAY_INT, 0, (uint64_t)((int64_t)(take(&reader, width) << shift) >> shift));
            }
        } else if (head == 0xca || head == 0xcb) {
            width = head == 0xca ? 4 : 8;
            if (left < width) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the message ends inside a float");
            status = patchbay_push_scalar(tape, head == 0xca ? PATCHBAY_FLOAT : PATCHBAY_DOUBLE, 0, take(&reader, width));
        } else {
            if (head <= 0x8f) {
                kind = PATCHBAY_MAP;
                length = head & 15;
            } else if (head <= 0x9f) {
                kind = PATCHBAY_ARRAY;
                length = head & 15;
            } else if (head <= 0xbf) {
                kind = PATCHBAY_STRING;
                length = head & 31;
            } else if (head >= 0xc4 && head <= 0xc6) {
                kind = PATCHBAY_BYTES;
                width = (size_t)1 << (head - 0xc4);
            } else if (head >= 0xd9 && head <= 0xdb) {
                kind = PATCHBAY_STRING;
                width = (size_t)1 << (head - 0xd9);
            } else if (head >= 0xdc) {
                kind = head <= 0xdd ? PATCHBAY_ARRAY : PATCHBAY_MAP;
                width = (size_t)2 << (head & 1);
            } else {
                return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "an extension type, which this codec does not read");
            }
            if (left < width) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the message ends inside a length");
            if (width > 0) length = (size_t)take(&reader, width);
            left = count - reader.offset;
            if (kind == PATCHBAY_STRING || kind == PATCHBAY_BYTES) {
                if (left < length) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the message ends inside a string");
                status = patchbay_push_slice(tape, kind, reader.offset, (uint32_t)length);
                reader.offset += length;
            } else {
                if (depth == most) return patchbay_fail(error, PATCHBAY_LIMIT, 0, "containers lie too deep in each other");
                /* Each value takes a byte at least: a count beyond that is a lie, refused before anything grows. */
                if (left < length) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "a container ends before its values came");
                open[depth].token = tape->token_count;
                open[depth].remaining = kind == PATCHBAY_MAP ? 2 * (uint64_t)length : length;
                open[depth].count = (uint32_t)length;
                depth += 1;
                status = patchbay_push_scalar(tape, kind, 0, 0);
                if (status < 0) return patchbay_fail(error, status, 0, "more values than the host allows");
                if (length > 0) continue;
                /* An empty container is a value that is complete. */
                depth -= 1;
                patchbay_end_container(tape, open[depth].token, 0);
            }
        }
        if (status < 0) return patchbay_fail(error, status, 0, "more values than the host allows");
        while (depth > 0 && --open[depth - 1].remaining == 0) {
            depth -= 1;
            patchbay_end_container(tape, open[depth].token, open[depth].count);
        }
        if (depth == 0) break;
    }
    if (reader.offset != count) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "there is more behind the value");
    return PATCHBAY_OK;
}

/* Writes a head byte and `width` bytes of `value`, big-endian, at `out`; gives the byte behind. */
static uint8_t *put(uint8_t *out, uint8_t head, uint64_t value, size_t width) {
    *out++ = head;
    while (width > 0) {
        width -= 1;
        *out++ = (uint8_t)(value >> (8 * width));
    }
    return out;
}

static uint8_t *put_integer(uint8_t *out, int64_t value) {
    if (value >= 0) {
        if (value < 0x80) return put(out, (uint8_t)value, 0, 0);
        if (value <= 0xff) return put(out, 0xcc, (uint64_t)value, 1);
        if (value <= 0xffff) return put(out, 0xcd, (uint64_t)value, 2);
        if (value <= 0xffffffff) return put(out, 0xce, (uint64_t)value, 4);
        return put(out, 0xcf, (uint64_t)value, 8);
    }
    if (value >= -32) return put(out, (uint8_t)value, 0, 0);
    if (value >= INT8_MIN) return put(out, 0xd0, (uint64_t)value, 1);
    if (value >= INT16_MIN) return put(out, 0xd1, (uint64_t)value, 2);
    if (value >= INT32_MIN) return put(out, 0xd2, (uint64_t)value, 4);
    return put(out, 0xd3, (uint64_t)value, 8);
}

/* A length with the head for each width; `small` is the head of lengths below `smallest`. */
static uint8_t *put_length(uint8_t *out, uint32_t length, uint8_t small, uint32_t smallest, uint8_t head8, uint8_t head16) {
    if (length < smallest) return put(out, (uint8_t)(small | length), 0, 0);
    if (head8 != 0 && length <= 0xff) return put(out, head8, length, 1);
    if (length <= 0xffff) return put(out, head16, length, 2);
    return put(out, (uint8_t)(head16 + 1), length, 4);
}

static int32_t encode(void *instance, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error) {
    size_t index;
    uint8_t *out = NULL, *end = NULL, *start = NULL;
    (void)instance;
    for (index = 0; index < tape->token_count; index += 1) {
        const patchbay_token token = tape->tokens[index];
        const int has_bytes = token.kind == PATCHBAY_STRING || token.kind == PATCHBAY_BYTES;
        const size_t need = 16 + (has_bytes ? token.length : 0);
        if ((size_t)(end - out) < need) {
            int32_t status = start == NULL ? PATCHBAY_OK : sink->commit(sink, (size_t)(out - start));
            if (status == PATCHBAY_OK) status = sink->reserve(sink, need < 4096 ? 4096 : need);
            if (status < 0) return patchbay_fail(error, status, 0, "the message is larger than the host allows");
            start = out = (uint8_t *)sink->room;
            end = out + sink->room_count;
        }
        switch (token.kind) {
        case PATCHBAY_NULL: out = put(out, 0xc0, 0, 0); break;
        case PATCHBAY_BOOL: out = put(out, token.detail ? 0xc3 : 0xc2, 0, 0); break;
        case PATCHBAY_INT: out = put_integer(out, (int64_t)token.payload); break;
        case PATCHBAY_UNSIGNED: out = put(out, 0xcf, token.payload, 8); break;
        case PATCHBAY_FLOAT: out = put(out, 0xca, token.payload, 4); break;
        case PATCHBAY_DOUBLE: out = put(out, 0xcb, token.payload, 8); break;
        case PATCHBAY_STRING:
        case PATCHBAY_BYTES:
            out = token.kind == PATCHBAY_STRING ? put_length(out, token.length, 0xa0, 32, 0xd9, 0xda)
                                                : put_length(out, token.length, 0, 0, 0xc4, 0xc5);
            if (token.length > 0) memcpy(out, tape->arena + token.payload, token.length);
            out += token.length;
            break;
        case PATCHBAY_ARRAY:
        case PATCHBAY_TUPLE:
        case PATCHBAY_SET: out = put_length(out, token.length, 0x90, 16, 0, 0xdc); break;
        case PATCHBAY_MAP: out = put_length(out, token.length, 0x80, 16, 0, 0xde); break;
        default: return patchbay_fail(error, PATCHBAY_UNFIT, 0, "MessagePack without extensions has no form for this value");
        }
    }
    return start == NULL ? PATCHBAY_OK : sink->commit(sink, (size_t)(out - start));
}

/* A head of CBOR (RFC 8949, 3.1). */
static uint8_t *put_head(uint8_t *out, uint8_t major, uint64_t value) {
    major = (uint8_t)(major << 5);
    if (value < 24) return put(out, (uint8_t)(major | value), 0, 0);
    if (value <= 0xff) return put(out, major | 24, value, 1);
    if (value <= 0xffff) return put(out, major | 25, value, 2);
    if (value <= 0xffffffff) return put(out, major | 26, value, 4);
    return put(out, major | 27, value, 8);
}

static uint8_t *put_signed(uint8_t *out, int64_t value) {
    return value < 0 ? put_head(out, 1, ~(uint64_t)value) : put_head(out, 0, (uint64_t)value);
}

/* The same reader, which writes CBOR instead of tokens. Both formats count first, so that no stack is needed. */
static int32_t decode_raw(void *instance, const void *message, size_t count, patchbay_sink *sink, patchbay_error *error) {
    reader reader = {(const uint8_t *)message, count, 0};
    uint64_t remaining = 1;
    uint8_t *out;
    int32_t status = sink->reserve(sink, 2 * count + 16);
    (void)instance;
    if (status < 0) return patchbay_fail(error, status, 0, "the message is larger than the host allows");
    out = (uint8_t *)sink->room;
    while (remaining > 0) {
        uint8_t head;
        size_t width = 0, length = 0;
        if (reader.offset == count) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the message ends before its value does");
        head = (uint8_t)take(&reader, 1);
        remaining -= 1;
        if (head < 0x80 || head >= 0xe0) {
            out = put_signed(out, (int8_t)head);
        } else if (head == 0xc0 || head == 0xc2 || head == 0xc3) {
            out = put(out, head == 0xc0 ? 0xf6 : head == 0xc2 ? 0xf4 : 0xf5, 0, 0);
        } else if (head >= 0xca && head <= 0xd3) {
            width = head <= 0xcb ? (size_t)4 << (head & 1) : (size_t)1 << (head & 3);
            if (count - reader.offset < width) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the message ends inside a number");
            if (head <= 0xcb) out = put(out, head == 0xca ? 0xfa : 0xfb, take(&reader, width), width);
            else if (head <= 0xcf) out = put_head(out, 0, take(&reader, width));
            else out = put_signed(out, (int64_t)(take(&reader, width) << (64 - 8 * width)) >> (64 - 8 * width));
        } else {
            uint8_t major;
            if (head <= 0x8f) major = 5, length = head & 15;
            else if (head <= 0x9f) major = 4, length = head & 15;
            else if (head <= 0xbf) major = 3, length = head & 31;
            else if (head >= 0xc4 && head <= 0xc6) major = 2, width = (size_t)1 << (head - 0xc4);
            else if (head >= 0xd9 && head <= 0xdb) major = 3, width = (size_t)1 << (head - 0xd9);
            else if (head >= 0xdc) major = head <= 0xdd ? 4 : 5, width = (size_t)2 << (head & 1);
            else return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "an extension type, which this codec does not read");
            if (count - reader.offset < width) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the message ends inside a length");
            if (width > 0) length = (size_t)take(&reader, width);
            if (count - reader.offset < length) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the message ends before its value does");
            out = put_head(out, major, length);
            if (major >= 4) {
                remaining += major == 5 ? 2 * (uint64_t)length : length;
            } else {
                memcpy(out, reader.bytes + reader.offset, length);
                out += length;
                reader.offset += length;
            }
        }
    }
    return sink->commit(sink, (size_t)(out - (uint8_t *)sink->room));
}

static int32_t encode_raw(void *instance, const void *value, size_t count, patchbay_sink *sink, patchbay_error *error) {
    (void)instance;
    (void)value;
    (void)count;
    (void)sink;
    return patchbay_fail(error, PATCHBAY_UNSUPPORTED, 0, "only reading is measured");
}

static int32_t create(const patchbay_settings *settings, void **instance, patchbay_error *error) {
    (void)settings;
    (void)error;
    *instance = NULL;
    return PATCHBAY_OK;
}

static void destroy(void *instance) { (void)instance; }

static const patchbay_codec codec = {sizeof codec, 0, create, decode, encode, decode_raw, encode_raw, destroy};

static const void *interface(const char *id) { return strcmp(id, PATCHBAY_CODEC) == 0 ? &codec : NULL; }

static const patchbay_plugin plugin = {
    sizeof plugin, PATCHBAY_MAGIC, PATCHBAY_ABI_MAJOR, PATCHBAY_ABI_MINOR, PATCHBAY_THREADS_PARALLEL, 0, patchbay_metadata, interface};

PATCHBAY_EXPORT const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    (void)host;
    (void)error;
    return &plugin;
}
