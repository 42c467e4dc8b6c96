/* SHA-256 (FIPS 180-4), HMAC (RFC 2104) and PBKDF2 (RFC 8018) over it. Time depends on lengths alone, never on contents. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_BLOCK = 64 };

typedef struct sha256 {
    uint32_t state[8];
    uint64_t count;
    uint8_t block[SHA256_BLOCK];
} sha256;

void sha256_start(sha256 *hash);
void sha256_add(sha256 *hash, const void *data, size_t count);
void sha256_end(sha256 *hash, uint8_t digest[SHA256_BYTES]);

/* The key, hashed into both halves once: a copy of it begins each message. */
typedef struct hmac_key {
    sha256 inner;
    sha256 outer;
} hmac_key;

void hmac_key_make(hmac_key *key, const void *secret, size_t count);

/* One message, in pieces: start with a copy of `key->inner`. */
void hmac_end(const hmac_key *key, sha256 *message, uint8_t mac[SHA256_BYTES]);
void hmac(const hmac_key *key, const void *data, size_t count, uint8_t mac[SHA256_BYTES]);

/* The first block of PBKDF2 with HMAC-SHA256, which SCRAM calls Hi(). */
void pbkdf2(const void *password, size_t password_count, const void *salt, size_t salt_count, uint32_t iterations, uint8_t key[SHA256_BYTES]);

#endif
