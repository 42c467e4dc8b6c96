#define _GNU_SOURCE
#include "sha256.h"

#include <string.h>

/* FIPS 180-4, 4.2.2. */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

/* 6.2.2 */
static void compress(uint32_t state[8], const uint8_t block[SHA256_BLOCK]) {
    uint32_t schedule[64], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    int round;
    for (round = 0; round < 16; round += 1)
        schedule[round] = (uint32_t)block[round * 4] << 24 | (uint32_t)block[round * 4 + 1] << 16 | (uint32_t)block[round * 4 + 2] << 8 |
                          block[round * 4 + 3];
    for (; round < 64; round += 1) {
        uint32_t early = schedule[round - 15], late = schedule[round - 2];
        schedule[round] = schedule[round - 16] + (rotate(early, 7) ^ rotate(early, 18) ^ early >> 3) + schedule[round - 7] +
                          (rotate(late, 17) ^ rotate(late, 19) ^ late >> 10);
    }
    for (round = 0; round < 64; round += 1) {
        uint32_t first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[round] + schedule[round];
        uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void sha256_start(sha256 *hash) {
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(hash->state, initial, sizeof initial);
    hash->count = 0;
}

void sha256_add(sha256 *hash, const void *data, size_t count) {
    const uint8_t *bytes = data;
    while (count > 0) {
        size_t used = hash->count % SHA256_BLOCK, piece = SHA256_BLOCK - used < count ? SHA256_BLOCK - used : count;
        memcpy(hash->block + used, bytes, piece);
        hash->count += piece;
        if (used + piece == SHA256_BLOCK) compress(hash->state, hash->block);
        bytes += piece;
        count -= piece;
    }
}

void sha256_end(sha256 *hash, uint8_t digest[SHA256_BYTES]) {
    uint64_t bits = hash->count * 8;
    uint8_t padding[SHA256_BLOCK + 8] = {0x80};
    size_t used = hash->count % SHA256_BLOCK, count = (used < 56 ? 56 : 120) - used;
    int index;
    for (index = 0; index < 8; index += 1) padding[count + (size_t)index] = (uint8_t)(bits >> (56 - 8 * index));
    sha256_add(hash, padding, count + 8);
    for (index = 0; index < SHA256_BYTES; index += 1) digest[index] = (uint8_t)(hash->state[index / 4] >> (24 - 8 * (index % 4)));
    explicit_bzero(hash, sizeof *hash);
}

void hmac_key_make(hmac_key *key, const void *secret, size_t count) {
    uint8_t block[SHA256_BLOCK] = {0};
    int index;
    if (count > sizeof block) {
        sha256 hash;
        sha256_start(&hash);
        sha256_add(&hash, secret, count);
        sha256_end(&hash, block);
    } else if (count > 0) {
        memcpy(block, secret, count);
    }
    for (index = 0; index < SHA256_BLOCK; index += 1) block[index] ^= 0x36;
    sha256_start(&key->inner);
    sha256_add(&key->inner, block, sizeof block);
    for (index = 0; index < SHA256_BLOCK; index += 1) block[index] ^= 0x36 ^ 0x5c;
    sha256_start(&key->outer);
    sha256_add(&key->outer, block, sizeof block);
    explicit_bzero(block, sizeof block);
}

void hmac_end(const hmac_key *key, sha256 *message, uint8_t mac[SHA256_BYTES]) {
    sha256 outer = key->outer;
    sha256_end(message, mac);
    sha256_add(&outer, mac, SHA256_BYTES);
    sha256_end(&outer, mac);
}

void hmac(const hmac_key *key, const void *data, size_t count, uint8_t mac[SHA256_BYTES]) {
    sha256 message = key->inner;
    sha256_add(&message, data, count);
    hmac_end(key, &message, mac);
}

void pbkdf2(const void *password, size_t password_count, const void *salt, size_t salt_count, uint32_t iterations, uint8_t key[SHA256_BYTES]) {
    static const uint8_t first_block[4] = {0, 0, 0, 1};
    uint8_t round[SHA256_BYTES];
    hmac_key prepared;
    sha256 message;
    uint32_t iteration;
    int index;
    hmac_key_make(&prepared, password, password_count);
    message = prepared.inner;
    sha256_add(&message, salt, salt_count);
    sha256_add(&message, first_block, sizeof first_block);
    hmac_end(&prepared, &message, round);
    memcpy(key, round, SHA256_BYTES);
    for (iteration = 1; iteration < iterations; iteration += 1) {
        hmac(&prepared, round, sizeof round, round);
        for (index = 0; index < SHA256_BYTES; index += 1) key[index] ^= round[index];
    }
    explicit_bzero(round, sizeof round);
    explicit_bzero(&prepared, sizeof prepared);
}
