/* Every byte turned over with a key that moves on: the work that the benchmarks do linked in, and as a plugin. */
#ifndef MASKING_H
#define MASKING_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t masking_next(uint32_t key) { return key * 1664525u + 1013904223u; }

static inline void masking_apply(const uint8_t *input, uint8_t *output, size_t count) {
    uint32_t key = 1;
    size_t index;
    for (index = 0; index < count; index += 1) {
        key = masking_next(key);
        output[index] = input[index] ^ (uint8_t)(key >> 24);
    }
}

#endif
