// OpenSSL's AEADs on records as Noise has them: no additional data, the nonce a counter, a tag of 16 bytes behind the text. What a
// layer that seals records can reach: the key is set up once, nothing is allocated, nothing copied.
//
//   aead MILLISECONDS [PREFIX...]
//
// Each line: `openssl CIPHER-BYTES seal|open NANOSECONDS - BYTES`, processor time of the thread for each record. A prefix is of its first
// three words.

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { tag_bytes = 16, nonce_bytes = 12, key_bytes = 32, largest_text = 16384, most_records = 64, opened_bytes = 128 << 10 };

static const int sizes[] = {64, 1024, 16384};

static struct {
    EVP_CIPHER_CTX *context;
    uint64_t number;
    int size, records;
    uint8_t plain[largest_text];
    uint8_t wire[largest_text + tag_bytes];
    // What is opened: so many records as noise-bench opens in a row, so that both find them in the same caches.
    uint8_t sealed[most_records * (largest_text + tag_bytes)];
} state;

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "aead: %s\n", what);
    exit(1);
}

static void check(int outcome) {
    if (outcome != 1) fail("libcrypto refused");
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void set_number(uint64_t number, int sealing) {
    uint8_t nonce[nonce_bytes] = {0};
    memcpy(nonce + nonce_bytes - sizeof number, &number, sizeof number);
    check(EVP_CipherInit_ex(state.context, NULL, NULL, NULL, nonce, sealing));
}

static void seal_into(uint8_t *wire) {
    int written, more;
    set_number(state.number++, 1);
    check(EVP_EncryptUpdate(state.context, wire, &written, state.plain, state.size));
    check(EVP_EncryptFinal_ex(state.context, wire + written, &more));
    check(EVP_CIPHER_CTX_ctrl(state.context, EVP_CTRL_AEAD_GET_TAG, tag_bytes, wire + state.size));
}

static void seal_one(void) { seal_into(state.wire); }

static void open_all(void) {
    for (int record = 0; record < state.records; record++) {
        uint8_t *wire = state.sealed + record * (state.size + tag_bytes);
        int written, more;
        set_number((uint64_t)record, 0);
        check(EVP_DecryptUpdate(state.context, state.wire, &written, wire, state.size));
        check(EVP_CIPHER_CTX_ctrl(state.context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, wire + state.size));
        check(EVP_DecryptFinal_ex(state.context, state.wire + written, &more));
    }
}

static uint64_t time_of(uint64_t count, void (*body)(void)) {
    uint64_t start = now();
    for (uint64_t i = 0; i < count; i++) body();
    return now() - start;
}

static void measure(const char *name, uint64_t nanoseconds, void (*body)(void), int records) {
    uint64_t count = 1, taken = 0;
    // Warms up, and finds how many make about a tenth of the time.
    while (taken < nanoseconds / 10) taken = time_of(count *= 2, body);
    count = (uint64_t)((double)count * (double)nanoseconds / (double)taken);
    if (!count) count = 1;
    taken = time_of(count, body);
    printf("%s %.3f - %d\n", name, (double)taken / (double)count / records, state.size);
}

static int wanted(const char *name, int count, char **prefixes) {
    for (int i = 0; i < count; i++)
        if (!strncmp(name, prefixes[i], strlen(prefixes[i]))) return 1;
    return !count;
}

static void run(const char *cipher, const EVP_CIPHER *algorithm, uint64_t nanoseconds, int count, char **prefixes) {
    uint8_t key[key_bytes];
    for (int i = 0; i < key_bytes; i++) key[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char name[64];
        state.size = sizes[i];
        state.number = 0;
        state.records = opened_bytes / state.size < most_records ? opened_bytes / state.size : most_records;
        if (!(state.context = EVP_CIPHER_CTX_new())) fail("no memory");
        check(EVP_CipherInit_ex(state.context, algorithm, NULL, key, NULL, 1));
        for (int record = 0; record < state.records; record++) seal_into(state.sealed + record * (state.size + tag_bytes));
        snprintf(name, sizeof name, "openssl %s-%d seal", cipher, state.size);
        if (wanted(name, count, prefixes)) measure(name, nanoseconds, seal_one, 1);
        // Turning the direction sets the key up again, which a connection does once.
        check(EVP_CipherInit_ex(state.context, algorithm, NULL, key, NULL, 0));
        snprintf(name, sizeof name, "openssl %s-%d open", cipher, state.size);
        if (wanted(name, count, prefixes)) measure(name, nanoseconds, open_all, state.records);
        EVP_CIPHER_CTX_free(state.context);
    }
}

int main(int count, char **arguments) {
    double milliseconds = count > 1 ? atof(arguments[1]) : 0;
    if (milliseconds <= 0) fail("usage: aead MILLISECONDS [PREFIX...]");
    memset(state.plain, 'x', sizeof state.plain);
    uint64_t nanoseconds = (uint64_t)(milliseconds * 1e6);
    run("chachapoly", EVP_chacha20_poly1305(), nanoseconds, count - 2, arguments + 2);
    run("aesgcm", EVP_aes_256_gcm(), nanoseconds, count - 2, arguments + 2);
}
