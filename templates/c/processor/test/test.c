/* Drives the processor as a host would. */
#include "host.h"

static const patchbay_processor *processor;
static test_sink sink;

static void *make(uint32_t direction, int64_t mask) {
    patchbay_option option = integer_option("mask", mask);
    patchbay_settings settings = make_settings("acme", &option, 1);
    void *instance = NULL;
    CHECK(processor->create(&settings, direction, &instance, &failure) == PATCHBAY_OK);
    return instance;
}

static void push(void *instance, const void *data, size_t count, uint32_t flush) {
    CHECK(processor->push(instance, data, count, flush, &sink.sink, &failure) == PATCHBAY_OK);
}

int main(int count, char **arguments) {
    processor = load(count > 1 ? arguments[1] : "./libacme.so", PATCHBAY_PROCESSOR);
    void *encoder = make(PATCHBAY_ENCODE, 0x20), *decoder = make(PATCHBAY_DECODE, 0x20);

    reset_sink(&sink, sizeof sink.bytes);
    push(encoder, "Hello", 5, PATCHBAY_FLUSH_FINISH);
    CHECK(sink.count == 5 && memcmp(sink.bytes, "hELLO", 5) == 0);

    /* Back again, a byte at a time. */
    reset_sink(&sink, sizeof sink.bytes);
    for (size_t index = 0; index < 5; index += 1) push(decoder, &"hELLO"[index], 1, PATCHBAY_FLUSH_NONE);
    push(decoder, NULL, 0, PATCHBAY_FLUSH_FINISH);
    CHECK(sink.count == 5 && memcmp(sink.bytes, "Hello", 5) == 0);

    /* An empty message. */
    reset_sink(&sink, sizeof sink.bytes);
    push(encoder, NULL, 0, PATCHBAY_FLUSH_FINISH);
    CHECK(sink.count == 0);

    /* The sink's bound is kept, and the instance goes on after a reset. */
    CHECK(processor->push(encoder, "Hello", 5, PATCHBAY_FLUSH_FINISH, reset_sink(&sink, 4), &failure) == PATCHBAY_LIMIT);
    CHECK(processor->reset(encoder, &failure) == PATCHBAY_OK);
    reset_sink(&sink, 5);
    push(encoder, "Hello", 5, PATCHBAY_FLUSH_FINISH);
    CHECK(sink.count == 5 && memcmp(sink.bytes, "hELLO", 5) == 0);

    processor->destroy(encoder);
    processor->destroy(decoder);
    puts("acme: every test passed");
    return 0;
}
