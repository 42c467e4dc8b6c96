/* `simdjson`: what it reads and writes, and those who mean it ill. */
#include "host.h"

static const patchbay_codec *table;
static void *codec;

static int32_t decode(const char *text, size_t count, patchbay_tape *tape, patchbay_error *error) {
    int32_t status = table->decode(codec, text, count, tape, error);
    EXPECT((status < 0) == (error->message[0] != 0));
    if (status == PATCHBAY_OK) host_tape_check(tape, count);
    return status;
}

/* Reads, and writes what was read: the same text, without spaces. */
static void comes_back(const char *text, const char *expected) {
    patchbay_tape *tape = host_tape_new(1000, 1 << 16);
    host_sink *sink = host_sink_new(1 << 16);
    EXPECT(decode(text, strlen(text), tape, host_error()) == PATCHBAY_OK);
    EXPECT(table->encode(codec, tape, &sink->sink, host_error()) == PATCHBAY_OK);
    if (sink->count != strlen(expected) || memcmp(sink->data, expected, sink->count) != 0)
        fprintf(stderr, "%s: <%.*s> instead of <%s>\n", text, (int)sink->count, (char *)sink->data, expected);
    EXPECT(sink->count == strlen(expected) && memcmp(sink->data, expected, sink->count) == 0);
    /* One byte less is a limit. */
    host_sink_free(sink);
    sink = host_sink_new(strlen(expected) - 1);
    EXPECT(table->encode(codec, tape, &sink->sink, host_error()) == PATCHBAY_LIMIT);
    host_sink_free(sink);
    host_tape_free(tape);
}

static void is_refused(const char *text, size_t count, int32_t expected) {
    patchbay_tape *tape = host_tape_new(1000, 1 << 16);
    int32_t status = decode(text, count, tape, host_error());
    if (status != expected) fprintf(stderr, "%.40s: %d\n", text, status);
    EXPECT(status == expected);
    host_tape_free(tape);
}

static void values(void) {
    comes_back(" [ 1 , -2, 18446744073709551615, -9223372036854775808, 0.5, 1.0, 1e300, true, false, null, \"\" ] ",
               "[1,-2,18446744073709551615,-9223372036854775808,0.5,1.0,1e+300,true,false,null,\"\"]");
    comes_back("{\"a\":{\"\":[]},\"b\":[{}],\"a\":0}", "{\"a\":{\"\":[]},\"b\":[{}],\"a\":0}");
    comes_back("\"\\u00e9\\ud83d\\ude00 \\n\\r\\t\\b\\\"\\\\\\/\\u0000\"", "\"\xc3\xa9\xf0\x9f\x98\x80 \\n\\r\\t\\u0008\\\"\\\\/\\u0000\"");
    comes_back("7", "7");
}

static void refusals(void) {
    static const char *const wrong[] = {"", " ", "[", "[1,]", "{\"a\"}", "{1:2}", "01", "1.", "+1", "nul", "\"\x01\"", "\"\\x\"", "\"\\ud800\"",
                                        "\"\xff\"", "[1] 2", "18446744073709551616", "1e400", "\xef\xbb\xbf[]x"};
    size_t index;
    for (index = 0; index < sizeof wrong / sizeof *wrong; index += 1) is_refused(wrong[index], strlen(wrong[index]), PATCHBAY_CORRUPT);
}

static void limits(void) {
    char *deep = malloc(4000), *many = malloc(4000);
    EXPECT(deep != NULL && many != NULL);
    memset(deep, '[', 2000);
    memset(deep + 2000, ']', 2000);
    is_refused(deep, 4000, PATCHBAY_LIMIT);
    is_refused(deep + 1400, 1200, PATCHBAY_LIMIT);
    memset(many, ',', 4000);
    many[0] = '[';
    for (size_t index = 1; index < 3998; index += 2) many[index] = '1';
    many[3998] = ']';
    is_refused(many, 3999, PATCHBAY_LIMIT);
    free(deep);
    free(many);
}

/* Changed at random, a document is read or refused, and nothing else happens. */
static void fuzz(void) {
    static const char document[] = "{\"name\":\"w\\u00e4rme \\n\",\"list\":[1,-2.5e3,true,null,{\"x\":[]}],\"text\":\"\xc3\xa9\"}";
    uint32_t seed = 4711;
    for (int round = 0; round < 20000; round += 1) {
        char copy[sizeof document];
        size_t count = sizeof document - 1;
        patchbay_tape *tape = host_tape_new(1000, 1 << 16);
        memcpy(copy, document, sizeof document);
        for (uint32_t change = host_random(&seed) % 4; change > 0; change -= 1) copy[host_random(&seed) % count] = (char)host_random(&seed);
        if (host_random(&seed) % 4 == 0) count = host_random(&seed) % count;
        decode(copy, count, tape, host_error());
        host_tape_free(tape);
    }
}

int main(int count, char **arguments) {
    EXPECT(count == 2);
    table = host_load(arguments[1], PATCHBAY_CODEC);
    patchbay_settings *settings = host_settings("simdjson", (const char *const[]){NULL});
    EXPECT(table->create(settings, &codec, host_error()) == PATCHBAY_OK);
    host_settings_free(settings);
    values();
    refusals();
    limits();
    fuzz();
    table->destroy(codec);
    puts("simdjson: all tests passed");
    return 0;
}
