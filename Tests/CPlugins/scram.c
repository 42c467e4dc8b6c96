/* `scram` from within, against the vectors of its standards, and from without, one end against the other. */
#define _GNU_SOURCE
#include "host.h"
#include "scram.h"

static const patchbay_authenticator *table;

static void expect_hex(const uint8_t *bytes, const char *expected) {
    char text[65];
    int index;
    for (index = 0; index < 32; index += 1) snprintf(text + index * 2, 3, "%02x", bytes[index]);
    if (strcmp(text, expected) != 0) fprintf(stderr, "%s instead of %s\n", text, expected);
    EXPECT(strcmp(text, expected) == 0);
}

static void hashes(void) {
    uint8_t digest[32], block[131];
    hmac_key key;
    sha256 hash;
    int index;
    /* FIPS 180-4 examples: one block, two blocks, and a million times "a", in odd pieces. */
    sha256_start(&hash);
    sha256_add(&hash, "abc", 3);
    sha256_end(&hash, digest);
    expect_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_start(&hash);
    sha256_end(&hash, digest);
    expect_hex(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_start(&hash);
    sha256_add(&hash, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
    sha256_end(&hash, digest);
    expect_hex(digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    memset(block, 'a', sizeof block);
    sha256_start(&hash);
    for (index = 0; index < 8000; index += 1) sha256_add(&hash, block, 125);
    sha256_end(&hash, digest);
    expect_hex(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    /* RFC 4231, cases 2 and 6. */
    hmac_key_make(&key, "Jefe", 4);
    hmac(&key, "what do ya want for nothing?", 28, digest);
    expect_hex(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(block, 0xaa, sizeof block);
    hmac_key_make(&key, block, sizeof block);
    hmac(&key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, digest);
    expect_hex(digest, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    /* RFC 7914 section 11. */
    pbkdf2("passwd", 6, "salt", 4, 1, digest);
    expect_hex(digest, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    pbkdf2("Password", 8, "NaCl", 4, 80000, digest);
    expect_hex(digest, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
}

static void expect_text(const message *message, const char *expected) {
    if (message->count != strlen(expected) || memcmp(message->text, expected, message->count) != 0)
        fprintf(stderr, "%.*s\n", (int)message->count, message->text);
    EXPECT(message->count == strlen(expected) && memcmp(message->text, expected, message->count) == 0);
}

/* RFC 7677 section 3, both ends, with its nonces. */
static void standard_exchange(void) {
    static const char client_first[] = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    static const char server_first[] = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    static const char client_final[] =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    static const char server_final[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
    exchange dialer = {.role = PATCHBAY_DIALER}, listener = {.role = PATCHBAY_LISTENER};
    patchbay_bytes password = {"pencil", 6};
    uint8_t unused[32];
    message out = {.count = 0};
    patchbay_error *error = host_error();
    EXPECT(dialer_first(&dialer, "user", 4, "rOprNGfwEbeRWgbNEkqO", &out, error) == PATCHBAY_CONTINUE);
    expect_text(&out, client_first);
    EXPECT(listener_read(&listener, client_first, strlen(client_first), &out, error) == PATCHBAY_OK);
    EXPECT(strcmp(listener.user, "user") == 0);
    EXPECT(base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==", 24, 0, listener.verifier.salt, &listener.verifier.salt_count));
    listener.verifier.iterations = 4096;
    verifier_from_password(&listener.verifier, "pencil", 6, unused);
    out.count = 0;
    EXPECT(listener_first(&listener, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", &out, error) == PATCHBAY_CONTINUE);
    expect_text(&out, server_first);
    out.count = 0;
    EXPECT(dialer_final(&dialer, server_first, strlen(server_first), password, &out, error) == PATCHBAY_CONTINUE);
    expect_text(&out, client_final);
    out.count = 0;
    EXPECT(listener_final(&listener, client_final, strlen(client_final), &out, error) == PATCHBAY_OK);
    expect_text(&out, server_final);
    EXPECT(dialer_verify(&dialer, server_final, strlen(server_final), error) == PATCHBAY_OK);
}

/* What one end sends the other, and whom it recognised. */
typedef struct end {
    patchbay_handshake handshake;
    patchbay_settings *settings;
    void *instance;
    char sent[2048];
    size_t sent_count;
    char identity[300];
} end;

static int32_t send_message(const patchbay_handshake *handshake, const void *data, size_t count) {
    end *self = handshake->host;
    EXPECT(self->sent_count == 0 && count <= sizeof self->sent);
    memcpy(self->sent, data, count);
    self->sent_count = count;
    return PATCHBAY_OK;
}

static int32_t identify(const patchbay_handshake *handshake, const char *name, size_t count) {
    end *self = handshake->host;
    memcpy(self->identity, name, count);
    self->identity[count] = 0;
    return PATCHBAY_OK;
}

static end *make_end(uint32_t role, const char *transcript, const char *user, const char *const pairs[]) {
    end *self = calloc(1, sizeof *self);
    self->settings = host_settings("scram", pairs);
    self->handshake.size = sizeof self->handshake;
    self->handshake.role = role;
    self->handshake.host = self;
    self->handshake.settings = self->settings;
    self->handshake.transcript.data = transcript;
    self->handshake.transcript.count = strlen(transcript);
    self->handshake.user.data = user;
    self->handshake.user.count = user == NULL ? 0 : strlen(user);
    self->handshake.send = send_message;
    self->handshake.identify = identify;
    EXPECT(table->create(&self->handshake, &self->instance, host_error()) == PATCHBAY_OK);
    return self;
}

static void free_end(end *self) {
    table->destroy(self->instance);
    host_settings_free(self->settings);
    free(self);
}

/* Plays both ends against each other; what either came to. */
static void play(end *dialer, end *listener, int32_t *dialed, int32_t *listened) {
    char message[2048];
    size_t count = 0;
    int turn;
    *dialed = *listened = PATCHBAY_CONTINUE;
    *dialed = table->step(dialer->instance, &dialer->handshake, NULL, 0, host_error());
    *listened = table->step(listener->instance, &listener->handshake, NULL, 0, host_error());
    for (turn = 0; turn < 8; turn += 1) {
        end *from = turn % 2 == 0 ? dialer : listener, *to = turn % 2 == 0 ? listener : dialer;
        int32_t *status = turn % 2 == 0 ? listened : dialed;
        patchbay_error *error = host_error();
        if (from->sent_count == 0 || *status != PATCHBAY_CONTINUE) continue;
        memcpy(message, from->sent, from->sent_count);
        count = from->sent_count;
        from->sent_count = 0;
        *status = table->step(to->instance, &to->handshake, message, count, error);
        EXPECT((*status < 0) == (error->message[0] != 0));
    }
}

static void both_ends(const char *const dialer_pairs[], const char *const listener_pairs[], const char *user, const char *identity, int fits) {
    end *dialer = make_end(PATCHBAY_DIALER, "the same bytes", user, dialer_pairs);
    end *listener = make_end(PATCHBAY_LISTENER, "the same bytes", user, listener_pairs);
    uint8_t left[32], right[32], other[32];
    int32_t dialed, listened;
    EXPECT(table->export_mac(dialer->instance, "x", 1, left, host_error()) < 0);
    play(dialer, listener, &dialed, &listened);
    if (!fits) {
        EXPECT(dialed == PATCHBAY_REFUSED && listened == PATCHBAY_REFUSED);
        EXPECT(table->export_mac(listener->instance, "x", 1, right, host_error()) < 0);
        EXPECT(listener->identity[0] == 0);
    } else {
        EXPECT(dialed == PATCHBAY_OK && listened == PATCHBAY_OK);
        EXPECT(table->export_mac(dialer->instance, "x", 1, left, host_error()) == PATCHBAY_OK);
        EXPECT(table->export_mac(listener->instance, "x", 1, right, host_error()) == PATCHBAY_OK);
        EXPECT(table->export_mac(listener->instance, "y", 1, other, host_error()) == PATCHBAY_OK);
        EXPECT(memcmp(left, right, 32) == 0 && memcmp(left, other, 32) != 0);
        EXPECT(strcmp(listener->identity, identity) == 0);
    }
    free_end(dialer);
    free_end(listener);
}

static void passwords(void) {
    static const char *const right[] = {"!password=pencil", NULL};
    static const char *const wrong[] = {"!password=pen", NULL};
    static const char *const more[] = {"!password=pencil", "iterations=5000", NULL};
    /* The verifier of "pencil" with the salt of RFC 7677: its StoredKey and ServerKey, computed with Python's hashlib. */
    static const char *const table_of_users[] = {
        "!verifiers=# users\n"
        "carol:SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
        "\n"
        "a,l=ice:SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\r\n",
        NULL};
    static const char *const broken[] = {"!verifiers=alice:SCRAM-SHA-256$1:AAAA$AAAA:AAAA", NULL};
    end *dialer, *listener;
    int32_t dialed, listened;
    both_ends(right, right, "user", "", 1);
    both_ends(right, more, "user", "", 1);
    both_ends(right, table_of_users, "a,l=ice", "a,l=ice", 1);
    both_ends(wrong, right, "user", "", 0);
    both_ends(wrong, table_of_users, "a,l=ice", "", 0);
    both_ends(right, table_of_users, "carol", "", 0);
    both_ends(right, table_of_users, "nobody", "", 0);
    /* Another greeting at each end: somebody stands between. */
    dialer = make_end(PATCHBAY_DIALER, "one greeting", "user", right);
    listener = make_end(PATCHBAY_LISTENER, "another greeting", "user", right);
    play(dialer, listener, &dialed, &listened);
    EXPECT(dialed == PATCHBAY_REFUSED && listened == PATCHBAY_REFUSED);
    free_end(dialer);
    free_end(listener);
    /* A dialer that does not bind, towards a listener that does: a downgrade. */
    dialer = make_end(PATCHBAY_DIALER, "", "user", right);
    listener = make_end(PATCHBAY_LISTENER, "a greeting", "user", right);
    play(dialer, listener, &dialed, &listened);
    EXPECT(dialed == PATCHBAY_CORRUPT || dialed == PATCHBAY_REFUSED);
    EXPECT(listened == PATCHBAY_REFUSED);
    free_end(dialer);
    free_end(listener);
    /* Without a user or a password there is nothing to prove, and with a wrong table nothing to prove it against. */
    dialer = make_end(PATCHBAY_DIALER, "greeting", NULL, right);
    EXPECT(table->step(dialer->instance, &dialer->handshake, NULL, 0, host_error()) == PATCHBAY_INVALID);
    free_end(dialer);
    dialer = make_end(PATCHBAY_DIALER, "greeting", "alice", right);
    listener = make_end(PATCHBAY_LISTENER, "greeting", "alice", broken);
    play(dialer, listener, &dialed, &listened);
    EXPECT(listened == PATCHBAY_INVALID);
    free_end(dialer);
    free_end(listener);
}

/* Messages that nobody would send: each an error in words, none a crash. */
static void refusals(void) {
    static const char *const pairs[] = {"!password=pencil", NULL};
    static const char *const firsts[] = {"", "n", "n,,", "n,,n=", "n,,n=u,r=", "n,,n=u,r=short", "n,,n=a=2Xb,r=12345678", "n,,n=a=,r=12345678",
                                         "y,,n=u,r=12345678", "p=other,,n=u,r=12345678", "n,a=x,n=u,r=12345678", "n,,m=x,n=u,r=12345678"};
    static const char *const seconds[] = {"r=x,s=AAAA,i=4096", "s=AAAA,i=4096", "r=%sx,s=,i=4096", "r=%sx,s=AAAA,i=4095", "r=%sx,s=AAAA,i=1000001",
                                          "r=%sx,s=AAAA,i=-1", "r=%sx,s=A!AA,i=4096", "r=%s,s=AAAA,i=4096", "m=x,r=%sx,s=AAAA,i=4096"};
    uint32_t seed = 11;
    size_t index;
    int round;
    for (index = 0; index < sizeof firsts / sizeof *firsts; index += 1) {
        end *listener = make_end(PATCHBAY_LISTENER, "", NULL, pairs);
        patchbay_error *error = host_error();
        EXPECT(table->step(listener->instance, &listener->handshake, NULL, 0, error) == PATCHBAY_CONTINUE);
        EXPECT(table->step(listener->instance, &listener->handshake, firsts[index], strlen(firsts[index]), error) < 0);
        EXPECT(error->message[0] != 0 && listener->sent_count > 2 && memcmp(listener->sent, "e=", 2) == 0);
        free_end(listener);
    }
    for (index = 0; index < sizeof seconds / sizeof *seconds; index += 1) {
        end *dialer = make_end(PATCHBAY_DIALER, "", "user", pairs);
        patchbay_error *error = host_error();
        char nonce[64] = {0}, text[256];
        EXPECT(table->step(dialer->instance, &dialer->handshake, NULL, 0, error) == PATCHBAY_CONTINUE);
        memcpy(nonce, dialer->sent + strlen("n,,n=user,r="), NONCE_TEXT);
        dialer->sent_count = 0;
        if (strstr(seconds[index], "%s") == NULL) {
            strcpy(text, seconds[index]);
        } else {
            const char *at = strstr(seconds[index], "%s");
            snprintf(text, sizeof text, "%.*s%s%s", (int)(at - seconds[index]), seconds[index], nonce, at + 2);
        }
        EXPECT(table->step(dialer->instance, &dialer->handshake, text, strlen(text), error) < 0);
        EXPECT(error->message[0] != 0 && dialer->sent_count == 0);
        free_end(dialer);
    }
    for (round = 0; round < 2000; round += 1) {
        uint32_t role = host_random(&seed) % 2;
        end *self = make_end(role, round % 3 == 0 ? "greeting" : "", "user", pairs);
        char noise[64];
        size_t count = host_random(&seed) % sizeof noise;
        for (index = 0; index < count; index += 1) noise[index] = "nrscipve=,=, AB12"[host_random(&seed) % 17];
        table->step(self->instance, &self->handshake, NULL, 0, host_error());
        self->sent_count = 0;
        EXPECT(table->step(self->instance, &self->handshake, noise, count, host_error()) < 0);
        free_end(self);
    }
}

int main(int count, char **arguments) {
    EXPECT(count == 2);
    table = host_load(arguments[1], PATCHBAY_AUTHENTICATOR);
    hashes();
    standard_exchange();
    passwords();
    refusals();
    puts("scram: all tests passed");
    return 0;
}
