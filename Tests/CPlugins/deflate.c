/* `deflate` against zlib itself, and against what an enemy sends. */
#include "host.h"

#include <zlib.h>

static const patchbay_processor *table;

static void *make(const char *const pairs[], uint32_t direction) {
    patchbay_settings *settings = host_settings("deflate", pairs);
    void *instance = NULL;
    EXPECT(table->create(settings, direction, &instance, host_error()) == PATCHBAY_OK);
    host_settings_free(settings);
    return instance;
}

static int32_t push(void *instance, const void *data, size_t count, uint32_t flush, host_sink *sink) {
    patchbay_error *error = host_error();
    int32_t status = table->push(instance, data, count, flush, &sink->sink, error);
    EXPECT((status < 0) == (error->message[0] != 0));
    return status;
}

static void fill(uint8_t *bytes, size_t count, int compressible) {
    uint32_t seed = 20260101;
    size_t index;
    for (index = 0; index < count; index += 1) bytes[index] = (uint8_t)(host_random(&seed) % (compressible ? 4 : 256));
}

/* Every wrapping, message after message through one pair of instances, and zlib reads the same. */
static void messages(const char *wrapping, int window_bits) {
    static const size_t counts[] = {0, 1, 100, 16384, 100000, 1 << 20};
    char option[32];
    const char *pairs[] = {option, "level=6", NULL};
    void *encoder, *decoder;
    size_t index;
    int kind;
    snprintf(option, sizeof option, "wrapping=%s", wrapping);
    encoder = make(pairs, PATCHBAY_ENCODE);
    decoder = make(pairs, PATCHBAY_DECODE);
    for (index = 0; index < sizeof counts / sizeof *counts; index += 1) {
        for (kind = 0; kind < 2; kind += 1) {
            size_t count = counts[index];
            uint8_t *plain = malloc(count + 1), *again = malloc(count + 1);
            host_sink *packed = host_sink_new(1 << 22), *unpacked = host_sink_new(count);
            z_stream stream = {0};
            fill(plain, count, kind);
            EXPECT(push(encoder, plain, count, PATCHBAY_FLUSH_FINISH, packed) == PATCHBAY_OK);
            EXPECT(push(decoder, packed->data, packed->count, PATCHBAY_FLUSH_FINISH, unpacked) == PATCHBAY_OK);
            EXPECT(unpacked->count == count && (count == 0 || memcmp(unpacked->data, plain, count) == 0));
            EXPECT(inflateInit2(&stream, window_bits) == Z_OK);
            stream.next_in = packed->data;
            stream.avail_in = (uInt)packed->count;
            stream.next_out = again;
            stream.avail_out = (uInt)count + 1;
            EXPECT(inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.total_out == count && stream.avail_in == 0);
            EXPECT(memcmp(again, plain, count) == 0);
            inflateEnd(&stream);
            if (count > 0) {
                /* One byte too few in the sink is a limit, and no byte more. */
                host_sink *tight = host_sink_new(count - 1);
                EXPECT(push(decoder, packed->data, packed->count, PATCHBAY_FLUSH_FINISH, tight) == PATCHBAY_LIMIT);
                EXPECT(table->reset(decoder, host_error()) == PATCHBAY_OK);
                host_sink_free(tight);
                tight = host_sink_new(packed->count - 1);
                EXPECT(push(encoder, plain, count, PATCHBAY_FLUSH_FINISH, tight) == PATCHBAY_LIMIT);
                EXPECT(table->reset(encoder, host_error()) == PATCHBAY_OK);
                host_sink_free(tight);
            }
            host_sink_free(packed);
            host_sink_free(unpacked);
            free(plain);
            free(again);
        }
    }
    table->destroy(encoder);
    table->destroy(decoder);
}

/* What was flushed can be read at once, and bytes may come one at a time. */
static void stream(void) {
    void *encoder = make(NULL, PATCHBAY_ENCODE), *decoder = make(NULL, PATCHBAY_DECODE);
    host_sink *packed = host_sink_new(1 << 20), *unpacked = host_sink_new(1 << 20);
    char line[64];
    size_t total = 0, index;
    int round;
    for (round = 0; round < 200; round += 1) {
        int count = snprintf(line, sizeof line, "line %d of the stream\n", round);
        host_sink_clear(packed);
        EXPECT(push(encoder, line, (size_t)count, round % 3 == 0 ? PATCHBAY_FLUSH_NONE : PATCHBAY_FLUSH_SYNC, packed) == PATCHBAY_OK);
        for (index = 0; index < packed->count; index += 1)
            EXPECT(push(decoder, packed->data + index, 1, PATCHBAY_FLUSH_NONE, unpacked) == PATCHBAY_OK);
        total += (size_t)count;
        if (round % 3 != 0) EXPECT(unpacked->count == total && memcmp(unpacked->data + total - (size_t)count, line, (size_t)count) == 0);
    }
    /* A flush with nothing to flush gives nothing worth an error, twice. */
    host_sink_clear(packed);
    EXPECT(push(encoder, NULL, 0, PATCHBAY_FLUSH_SYNC, packed) == PATCHBAY_OK);
    EXPECT(push(encoder, NULL, 0, PATCHBAY_FLUSH_SYNC, packed) == PATCHBAY_OK);
    EXPECT(push(encoder, NULL, 0, PATCHBAY_FLUSH_FINISH, packed) == PATCHBAY_OK);
    EXPECT(push(decoder, packed->data, packed->count, PATCHBAY_FLUSH_FINISH, unpacked) == PATCHBAY_OK);
    EXPECT(unpacked->count == total);
    host_sink_free(packed);
    host_sink_free(unpacked);
    table->destroy(encoder);
    table->destroy(decoder);
}

/* No input gives more than `expansion` times itself, not even one byte at a time. */
static void expansion(void) {
    static uint8_t zeros[1 << 20];
    void *encoder = make(NULL, PATCHBAY_ENCODE), *decoder = make(NULL, PATCHBAY_DECODE);
    host_sink *packed = host_sink_new(1 << 20);
    size_t index, total = 0;
    EXPECT(push(encoder, zeros, sizeof zeros, PATCHBAY_FLUSH_FINISH, packed) == PATCHBAY_OK);
    for (index = 0; index < packed->count; index += 1) {
        host_sink *one = host_sink_new(1032);
        EXPECT(push(decoder, packed->data + index, 1, PATCHBAY_FLUSH_NONE, one) == PATCHBAY_OK);
        total += one->count;
        host_sink_free(one);
    }
    EXPECT(total == sizeof zeros);
    host_sink_free(packed);
    table->destroy(encoder);
    table->destroy(decoder);
}

static void refusals(void) {
    static const uint8_t dictionary[] = {0x78, 0xbb, 0, 0, 0, 1};
    void *encoder = make(NULL, PATCHBAY_ENCODE), *decoder = make(NULL, PATCHBAY_DECODE);
    host_sink *packed = host_sink_new(1 << 20), *out = host_sink_new(1 << 20);
    uint32_t seed = 7;
    int round;
    EXPECT(push(encoder, "hello, hello, hello", 19, PATCHBAY_FLUSH_FINISH, packed) == PATCHBAY_OK);
    EXPECT(push(decoder, packed->data, packed->count - 1, PATCHBAY_FLUSH_FINISH, out) == PATCHBAY_CORRUPT);
    EXPECT(table->reset(decoder, host_error()) == PATCHBAY_OK);
    EXPECT(packed->sink.write(&packed->sink, "x", 1) == PATCHBAY_OK);
    EXPECT(push(decoder, packed->data, packed->count, PATCHBAY_FLUSH_FINISH, out) == PATCHBAY_CORRUPT);
    EXPECT(table->reset(decoder, host_error()) == PATCHBAY_OK);
    EXPECT(push(decoder, NULL, 0, PATCHBAY_FLUSH_FINISH, out) == PATCHBAY_CORRUPT);
    EXPECT(table->reset(decoder, host_error()) == PATCHBAY_OK);
    EXPECT(push(decoder, dictionary, sizeof dictionary, PATCHBAY_FLUSH_FINISH, out) == PATCHBAY_UNSUPPORTED);
    for (round = 0; round < 20000; round += 1) {
        uint8_t noise[64];
        size_t count = host_random(&seed) % sizeof noise, index;
        for (index = 0; index < count; index += 1) noise[index] = (uint8_t)host_random(&seed);
        if (round % 2 == 0 && count > 2) memcpy(noise, "\x78\x9c", 2);
        host_sink_clear(out);
        EXPECT(table->reset(decoder, host_error()) == PATCHBAY_OK);
        push(decoder, noise, count, PATCHBAY_FLUSH_FINISH, out);
    }
    host_sink_free(packed);
    host_sink_free(out);
    table->destroy(encoder);
    table->destroy(decoder);
}

int main(int count, char **arguments) {
    EXPECT(count == 2);
    table = host_load(arguments[1], PATCHBAY_PROCESSOR);
    messages("zlib", 15);
    messages("gzip", 15 + 16);
    messages("none", -15);
    stream();
    expansion();
    refusals();
    puts("deflate: all tests passed");
    return 0;
}
