/* `yaml` against the examples of YAML 1.2.2, and against those who mean it ill. */
#include "host.h"

static const patchbay_codec *table;
static void *codec;

static int32_t decode_bytes(const char *text, size_t count, patchbay_tape *tape, patchbay_error *error) {
    int32_t status = table->decode(codec, text, count, tape, error);
    EXPECT((status < 0) == (error->message[0] != 0));
    if (status == PATCHBAY_OK) host_tape_check(tape, count);
    return status;
}

static void reads_as(const char *text, const char *expected) {
    patchbay_tape *tape = host_tape_new(100000, 1 << 20);
    patchbay_error *error = host_error();
    int32_t status = decode_bytes(text, strlen(text), tape, error);
    char *value;
    if (status != PATCHBAY_OK) fprintf(stderr, "%s: %s\n", text, error->message);
    EXPECT(status == PATCHBAY_OK);
    value = host_tape_text(tape, text);
    if (strcmp(value, expected) != 0) fprintf(stderr, "%s: %s instead of %s\n", text, value, expected);
    EXPECT(strcmp(value, expected) == 0);
    free(value);
    host_tape_free(tape);
}

static void fails_with(const char *text, int32_t expected, const char *words) {
    patchbay_tape *tape = host_tape_new(1000, 1 << 16);
    patchbay_error *error = host_error();
    int32_t status = decode_bytes(text, strlen(text), tape, error);
    if (status != expected || strstr(error->message, words) == NULL) fprintf(stderr, "%s: %d %s\n", text, status, error->message);
    EXPECT(status == expected && strstr(error->message, words) != NULL);
    host_tape_free(tape);
}

/* Reads, writes and reads again: the text that was written, and the value that it still is. */
static void writes_as(const char *text, const char *expected) {
    patchbay_tape *tape = host_tape_new(1000, 1 << 16), *again = host_tape_new(1000, 1 << 16);
    host_sink *sink = host_sink_new(1 << 16);
    char *before, *after;
    EXPECT(decode_bytes(text, strlen(text), tape, host_error()) == PATCHBAY_OK);
    EXPECT(table->encode(codec, tape, &sink->sink, host_error()) == PATCHBAY_OK);
    if (sink->count != strlen(expected) || memcmp(sink->data, expected, sink->count) != 0)
        fprintf(stderr, "%s: <%.*s> instead of <%s>\n", text, (int)sink->count, (char *)sink->data, expected);
    EXPECT(sink->count == strlen(expected) && memcmp(sink->data, expected, sink->count) == 0);
    EXPECT(decode_bytes((char *)sink->data, sink->count, again, host_error()) == PATCHBAY_OK);
    before = host_tape_text(tape, text);
    after = host_tape_text(again, sink->data);
    if (strcmp(before, after) != 0) fprintf(stderr, "%s instead of %s\n", after, before);
    EXPECT(strcmp(before, after) == 0);
    /* One byte less is a limit. */
    host_sink_free(sink);
    sink = host_sink_new(strlen(expected) - 1);
    EXPECT(table->encode(codec, tape, &sink->sink, host_error()) == PATCHBAY_LIMIT);
    host_sink_free(sink);
    free(before);
    free(after);
    host_tape_free(tape);
    host_tape_free(again);
}

static void core_schema(void) {
    /* Example 10.9. */
    reads_as("A null: null\nBooleans: [ true, True, false, FALSE ]\nIntegers: [ 0, 0o7, 0x3A, -19 ]\n"
             "Floats: [ 0., -0.0, .5, +12e03, -2E+05 ]\nAlso floats: [ .inf, -.Inf, +.INF, .NAN ]\n",
             "{\"A null\": null, \"Booleans\": [true, true, false, false], \"Integers\": [0, 7, 58, -19], "
             "\"Floats\": [double:0, double:-0, double:0.5, double:12000, double:-200000], "
             "\"Also floats\": [double:inf, double:-inf, double:inf, double:nan]}");
    /* Example 2.10. */
    reads_as("---\nhr:\n  - Mark McGwire\n  # Following node labeled SS\n  - &SS Sammy Sosa\nrbi:\n  - *SS # Subsequent occurrence\n  - Ken Griffey\n",
             "{\"hr\": [\"Mark McGwire\", \"Sammy Sosa\"], \"rbi\": [\"Sammy Sosa\", \"Ken Griffey\"]}");
    /* Example 2.11: keys that are lists. */
    reads_as("? - Detroit Tigers\n  - Chicago cubs\n: - 2001-07-23\n? [ New York Yankees, Atlanta Braves ]\n: [ 2001-07-02, 2001-08-12 ]\n",
             "{[\"Detroit Tigers\", \"Chicago cubs\"]: [\"2001-07-23\"], [\"New York Yankees\", \"Atlanta Braves\"]: [\"2001-07-02\", \"2001-08-12\"]}");
    /* Examples 2.23 and 2.25, shortened. */
    reads_as("---\nnot-date: !!str 2002-04-28\n\npicture: !!binary |\n R0lGODlh\n DAAM\n\napplication specific tag: !something |\n The semantics\n",
             "{\"not-date\": \"2002-04-28\", \"picture\": bytes:4749463839610c000c, \"application specific tag\": <!something>\"The semantics\n\"}");
    reads_as("--- !!set\n? Mark McGwire\n? Sammy Sosa\n? Ken Griffey\n", "set[\"Mark McGwire\", \"Sammy Sosa\", \"Ken Griffey\"]");
}

static void types(void) {
    reads_as("", "null");
    reads_as("--- # a comment\n", "null");
    reads_as("[yes, no, on, 0777, 1_000, 12:30, 0b1, 1e, e1, -, +1, 0x, 0xg, .e1]",
             "[\"yes\", \"no\", \"on\", 777, \"1_000\", \"12:30\", \"0b1\", \"1e\", \"e1\", \"-\", 1, \"0x\", \"0xg\", \".e1\"]");
    reads_as("[9223372036854775807, 9223372036854775808, 18446744073709551615, 18446744073709551616]",
             "[9223372036854775807, 9223372036854775808, 18446744073709551615, +big:010000000000000000]");
    reads_as("[-9223372036854775808, -9223372036854775809, -18446744073709551616]",
             "[-9223372036854775808, -big:8000000000000001, -big:010000000000000000]");
    reads_as("[1e400, -.5e-999, +007.e999, 0e999]", "[\"1e400\", \"-0.5e-999\", \"7.0e999\", double:0]");
    reads_as("[\"1\", 'true', !!str 1, ! 1, !!int 0x10, !!float 3, !!bool False, !!null ~]",
             "[\"1\", \"true\", \"1\", \"1\", 16, double:3, false, null]");
    reads_as("!!binary \"R0lGODlh\\n AAE=\"", "bytes:4749463839610001");
    reads_as("!!binary ''", "bytes:");
    reads_as("!!set {a, b, 1}", "set[\"a\", \"b\", 1]");
    reads_as("!!set {? [a, b], ? {c: d}}", "set[[\"a\", \"b\"], {\"c\": \"d\"}]");
    reads_as("[!point {x: 1}, !!python/tuple [1], !a 5]", "[<!point>{\"x\": 1}, <tag:yaml.org,2002:python/tuple>[1], <!a>\"5\"]");
    reads_as("!!timestamp 2001-12-14T21:59:43.10-05:00", "<0>\"2001-12-14T21:59:43.10-05:00\"");
    reads_as("!!timestamp 2001-12-14", "<tag:yaml.org,2002:timestamp>\"2001-12-14\"");
    reads_as("[&a [1, &b {k: !t v}], *a, *b]", "[[1, {\"k\": <!t>\"v\"}], [1, {\"k\": <!t>\"v\"}], {\"k\": <!t>\"v\"}]");
    reads_as("[&a 1, *a, &a 2, *a]", "[1, 1, 2, 2]");
    reads_as("{\"<<\": 1}", "{\"<<\": 1}");
}

static void refusals(void) {
    fails_with("{a: 1, b: 2, a: 3}", PATCHBAY_CORRUPT, "twice");
    fails_with("{1: x, 0x1: y}", PATCHBAY_CORRUPT, "twice");
    fails_with("{[a, {b: c}]: 1, [a, {b: c}]: 2}", PATCHBAY_CORRUPT, "twice");
    fails_with("!!set {a, a}", PATCHBAY_CORRUPT, "twice");
    fails_with("!!set {a: 1}", PATCHBAY_CORRUPT, "has a value");
    fails_with("!!set [a]", PATCHBAY_CORRUPT, "written as a map");
    fails_with("a: &a [*a]", PATCHBAY_CORRUPT, "contains itself");
    fails_with("[*b, &b 1]", PATCHBAY_CORRUPT, "line 1, column 2");
    fails_with("base: &b {a: 1}\nmore:\n  <<: *b\n", PATCHBAY_UNSUPPORTED, "line 3, column 3");
    fails_with("a: 1\n---\nb: 2\n", PATCHBAY_CORRUPT, "line 2, column 1");
    fails_with("[a", PATCHBAY_CORRUPT, "line 2");
    fails_with("a: b: c", PATCHBAY_CORRUPT, "line 1, column 5");
    fails_with("\xff\xfe\xff", PATCHBAY_CORRUPT, "");
    fails_with("a: \xc3\x28", PATCHBAY_CORRUPT, "byte 4");
    fails_with("\"\\ud800\"", PATCHBAY_CORRUPT, "line 1");
    fails_with("!!int x", PATCHBAY_CORRUPT, "does not fit its tag");
    fails_with("!!int [1]", PATCHBAY_CORRUPT, "does not fit its tag");
    fails_with("!!binary a", PATCHBAY_CORRUPT, "base64");
    fails_with("!!binary AB==", PATCHBAY_CORRUPT, "base64");
    fails_with("!!binary AA==AA==", PATCHBAY_CORRUPT, "base64");
}

static void *make(const char *const pairs[]) {
    patchbay_settings *settings = host_settings("yaml", pairs);
    void *instance = NULL;
    EXPECT(table->create(settings, &instance, host_error()) == PATCHBAY_OK);
    host_settings_free(settings);
    return instance;
}

/* A billion laughs, depth, and numbers longer than anybody needs: refused within the limits, long before memory or time is gone. */
static void bombs(void) {
    const char *const few[] = {"alias-values=3", NULL};
    char *text = malloc(1 << 20);
    size_t used = (size_t)sprintf(text, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"), level, index;
    patchbay_tape *tape;
    void *usual = codec;
    for (level = 1; level < 10; level += 1) {
        used += (size_t)sprintf(text + used, "a%zu: &a%zu [", level, level);
        for (index = 0; index < 10; index += 1) used += (size_t)sprintf(text + used, "*a%zu,", level - 1);
        used += (size_t)sprintf(text + used, "]\n");
    }
    tape = host_tape_new((size_t)1 << 40, (size_t)1 << 40);
    EXPECT(decode_bytes(text, used, tape, host_error()) == PATCHBAY_LIMIT);
    EXPECT(tape->token_count < 200000);
    host_tape_free(tape);
    fails_with(text, PATCHBAY_LIMIT, "limits allow");
    codec = make(few);
    reads_as("[&a [1, 2], *a]", "[[1, 2], [1, 2]]");
    fails_with("[&a [1, 2], *a, *a]", PATCHBAY_LIMIT, "alias-values");
    table->destroy(codec);
    codec = usual;

    memset(text, '[', 100000);
    text[100000] = 0;
    fails_with(text, PATCHBAY_LIMIT, "too deep");
    /* 64 levels are the host's limit here, and tags and what aliases bring count among them. */
    used = 0;
    for (level = 0; level < 32; level += 1) used += (size_t)sprintf(text + used, "!t [");
    for (level = 0; level < 32; level += 1) text[used++] = ']';
    text[used] = 0;
    tape = host_tape_new(1000, 1 << 16);
    EXPECT(decode_bytes(text, used, tape, host_error()) == PATCHBAY_OK);
    host_tape_free(tape);
    used = (size_t)sprintf(text, "[&a ");
    for (level = 0; level < 40; level += 1) text[used++] = '[';
    for (level = 0; level < 40; level += 1) text[used++] = ']';
    text[used++] = ',';
    for (level = 0; level < 30; level += 1) text[used++] = '[';
    used += (size_t)sprintf(text + used, "*a");
    for (level = 0; level < 30; level += 1) text[used++] = ']';
    used += (size_t)sprintf(text + used, "]");
    fails_with(text, PATCHBAY_LIMIT, "too deep");

    memset(text, '9', 4096);
    text[4096] = 0;
    tape = host_tape_new(1000, 1 << 16);
    EXPECT(decode_bytes(text, 4096, tape, host_error()) == PATCHBAY_OK);
    EXPECT(tape->tokens[0].kind == PATCHBAY_BIG_POSITIVE);
    host_tape_free(tape);
    text[4096] = '9';
    text[4097] = 0;
    fails_with(text, PATCHBAY_LIMIT, "limits allow");
    free(text);
}

static void writing(void) {
    const char *const flow[] = {"style=flow", NULL};
    void *usual = codec;
    writes_as("{name: x, list: [1, -2, 0.5, 1e30], empty: [], none: {}, deep: {a: [b, {c: d}]}}",
              "name: x\nlist:\n- 1\n- -2\n- 0.5\n- 1.0e+30\nempty: []\nnone: {}\ndeep:\n  a:\n  - b\n  - c: d\n");
    writes_as("[\"yes\", \"1\", \"\", \" a\", \"a: b\", \"#\", \"a #b\", \"null\", \"~\", \"a\\nb\", \"\\e\", \"1:30\", \"<<\", \"-\", \"é☺\"]",
              "- \"yes\"\n- \"1\"\n- \"\"\n- ' a'\n- 'a: b'\n- '#'\n- 'a #b'\n- \"null\"\n- \"~\"\n- \"a\\nb\"\n- \"\\e\"\n- \"1:30\"\n- \"<<\"\n- \"-\"\n- é☺\n");
    writes_as("!!set {a, [b]}", "!!set\na: null\n? - b\n: null\n");
    writes_as("[!!binary aGVsbG8=, !t [x], !t x, .inf, -.inf, .nan, 123456789012345678901234567890, -18446744073709551617, 1e400]",
              "- !!binary \"aGVsbG8=\"\n- !t\n  - x\n- !t \"x\"\n- .inf\n- -.inf\n- .nan\n- 123456789012345678901234567890\n- -18446744073709551617\n- 1e400\n");
    codec = make(flow);
    writes_as("{a: [1, {b: \"x\\ny\"}], !!set {c}: !!timestamp 2001-12-14T21:59:43Z}",
              "{a: [1, {b: \"x\\ny\"}], ? !!set {c: null} : !!timestamp \"2001-12-14T21:59:43Z\"}");
    writes_as("hello", "hello");
    writes_as("\"\"", "\"\"");
    table->destroy(codec);
    codec = usual;
}

/* What a tape may hold and YAML cannot say. */
static void unfit(void) {
    static const patchbay_token values[][2] = {
        {{.kind = PATCHBAY_EXTENSION, .detail = 1, .length = 1}}, {{.kind = PATCHBAY_SIMPLE, .detail = 99}}, {{.kind = PATCHBAY_GLOBAL, .length = 3}},
        {{.kind = PATCHBAY_TAG, .payload = 1}, {.kind = PATCHBAY_INT}}, {{.kind = PATCHBAY_NAMED_TAG, .length = 1}, {.kind = PATCHBAY_INT}}};
    size_t index;
    for (index = 0; index < sizeof values / sizeof *values; index += 1) {
        patchbay_tape *tape = host_tape_new(8, 8);
        host_sink *sink = host_sink_new(1000);
        patchbay_error *error = host_error();
        EXPECT(patchbay_push_copy(tape, PATCHBAY_STRING, "a\0b", 3) == PATCHBAY_OK);
        tape->token_count = 0;
        EXPECT(patchbay_push_token(tape, values[index][0]) == PATCHBAY_OK);
        if (values[index][0].kind == PATCHBAY_TAG || values[index][0].kind == PATCHBAY_NAMED_TAG) patchbay_push_token(tape, values[index][1]);
        EXPECT(table->encode(codec, tape, &sink->sink, error) == PATCHBAY_UNFIT && error->message[0] != 0);
        host_sink_free(sink);
        host_tape_free(tape);
    }
}

static void fuzz(void) {
    static const char *const pieces[] = {"a", "b: ", "- ", "\n", "  ", "[", "]", "{", "}", ", ", "&x ", "*x", "!!set ", "!t ", "? ", ": ", "\"", "'",
                                         "|\n", ">\n", "# c\n", "1", "-1.5", "~", "---\n", "...\n", "%YAML 1.2\n", "\t", "\\", "!!binary ", "<<", "\xc3"};
    uint32_t seed = 3;
    int round;
    for (round = 0; round < 30000; round += 1) {
        char text[256];
        size_t used = 0, count = host_random(&seed) % 24;
        patchbay_tape *tape = host_tape_new(500, 4096);
        patchbay_error *error = host_error();
        for (; count > 0; count -= 1) {
            const char *piece = pieces[host_random(&seed) % (sizeof pieces / sizeof *pieces)];
            memcpy(text + used, piece, strlen(piece));
            used += strlen(piece);
        }
        if (decode_bytes(text, used, tape, error) == PATCHBAY_OK) {
            host_sink *sink = host_sink_new(1 << 16);
            patchbay_tape *again = host_tape_new(500, 4096);
            char *before = host_tape_text(tape, text), *after;
            EXPECT(table->encode(codec, tape, &sink->sink, host_error()) == PATCHBAY_OK);
            EXPECT(decode_bytes((char *)sink->data, sink->count, again, host_error()) == PATCHBAY_OK);
            after = host_tape_text(again, sink->data);
            if (strcmp(before, after) != 0) fprintf(stderr, "<%.*s> %s <%.*s> %s\n", (int)used, text, before, (int)sink->count, (char *)sink->data, after);
            EXPECT(strcmp(before, after) == 0);
            free(before);
            free(after);
            host_sink_free(sink);
            host_tape_free(again);
        }
        host_tape_free(tape);
    }
}

int main(int count, char **arguments) {
    EXPECT(count == 2);
    table = host_load(arguments[1], PATCHBAY_CODEC);
    codec = make(NULL);
    core_schema();
    types();
    refusals();
    bombs();
    writing();
    unfit();
    fuzz();
    table->destroy(codec);
    puts("yaml: all tests passed");
    return 0;
}
