/* Drives the codec as a host would. */
#include "host.h"

static const patchbay_codec *codec;
static void *instance;
static test_sink sink;

static int32_t decode(const char *message, size_t count, patchbay_tape *tape) {
    *tape = make_tape();
    return codec->decode(instance, message, count, tape, &failure);
}

/* The host hands over a tape all of whose bytes are in the arena. */
static void move_to_arena(const char *message, patchbay_tape *tape) {
    for (size_t index = 0; index < tape->token_count; index += 1) {
        patchbay_token *token = &tape->tokens[index];
        if (!token->in_message) continue;
        size_t start = tape->arena_count;
        CHECK(tape->grow_arena(tape, token->length) == PATCHBAY_OK);
        memcpy(tape->arena + start, message + token->payload, token->length);
        tape->arena_count += token->length;
        token->payload = start;
        token->in_message = 0;
    }
}

/* Reads a message, writes what was read, and wants the same bytes. */
static void comes_back(const char *message, size_t tokens) {
    patchbay_tape tape;
    int32_t status = decode(message, strlen(message), &tape);
    if (status != PATCHBAY_OK) fprintf(stderr, "%s: %s\n", message, failure.message);
    CHECK(status == PATCHBAY_OK);
    CHECK(tape.token_count == tokens);
    move_to_arena(message, &tape);
    CHECK(codec->encode(instance, &tape, reset_sink(&sink, sizeof sink.bytes), &failure) == PATCHBAY_OK);
    CHECK(sink.count == strlen(message) && memcmp(sink.bytes, message, sink.count) == 0);
    /* One byte less than it needs: the sink's answer is passed on. */
    CHECK(codec->encode(instance, &tape, reset_sink(&sink, strlen(message) - 1), &failure) == PATCHBAY_LIMIT);
    free_tape(&tape);
}

static void is_refused(const char *message, int32_t status) {
    patchbay_tape tape;
    failure.message[0] = 0;
    CHECK(decode(message, strlen(message), &tape) == status);
    CHECK(failure.message[0] != 0);
    free_tape(&tape);
}

static void is_unfit(patchbay_token token) {
    patchbay_tape tape = make_tape();
    CHECK(patchbay_push_token(&tape, token) == PATCHBAY_OK);
    CHECK(codec->encode(instance, &tape, reset_sink(&sink, sizeof sink.bytes), &failure) == PATCHBAY_UNFIT);
    free_tape(&tape);
}

int main(int count, char **arguments) {
    codec = load(count > 1 ? arguments[1] : "./libacme.so", PATCHBAY_CODEC);
    patchbay_option depth = integer_option("depth", 4);
    patchbay_settings settings = make_settings("acme", &depth, 1);
    CHECK(codec->create(&settings, &instance, &failure) == PATCHBAY_OK);

    comes_back("n", 1);
    comes_back("ltfe", 3);
    comes_back("i-9223372036854775808e", 1);
    comes_back("r3ff0000000000000", 1);
    comes_back("s0:", 1);
    comes_back("ds4:namels6:n\xc3\xa4gelb2:\xff\xff" "ee", 5);
    comes_back("llllnteeee", 6);

    static const char *const malformed[] = {"",     "x",    "i",     "i1",   "i01e", "i-0e", "i9223372036854775808e", "s5:hi",  "s-1:",
                                            "s",    "l",    "e",     "nn",   "di1ee", "r12", "s2:\xff\xff",           "ds1:ae", "r+000000000000000"};
    for (size_t index = 0; index < sizeof malformed / sizeof *malformed; index += 1) is_refused(malformed[index], PATCHBAY_CORRUPT);
    is_refused("lllllneeeee", PATCHBAY_LIMIT);
    is_unfit((patchbay_token){.kind = PATCHBAY_TUPLE, .payload = 1});
    is_unfit((patchbay_token){.kind = PATCHBAY_UNSIGNED, .payload = UINT64_MAX});

    /* Whatever the bytes are: no crash, and no tape that says more than the message holds. */
    srand(1);
    for (int round = 0; round < 100000; round += 1) {
        static const char letters[] = "ntfirsbdle0123456789:-\xff";
        char message[24];
        size_t length = (size_t)(rand() % (int)sizeof message);
        for (size_t index = 0; index < length; index += 1) message[index] = letters[rand() % (int)(sizeof letters - 1)];
        patchbay_tape tape;
        if (decode(message, length, &tape) == PATCHBAY_OK) {
            for (size_t index = 0; index < tape.token_count; index += 1) {
                if (tape.tokens[index].in_message) CHECK(tape.tokens[index].payload + tape.tokens[index].length <= length);
            }
        }
        free_tape(&tape);
    }
    codec->destroy(instance);
    puts("acme: every test passed");
    return 0;
}
