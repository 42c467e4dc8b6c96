/* Whether a map has one key twice: found by sorting, so that no choice of keys makes it slow. */
#define _GNU_SOURCE
#include "codec.h"

#include <stdlib.h>
#include <string.h>

static int has_bytes(uint8_t kind) { return (kind >= PATCHBAY_STRING && kind <= PATCHBAY_NUMBER) || kind == PATCHBAY_NAMED_TAG; }

static int is_container(uint8_t kind) { return kind >= PATCHBAY_ARRAY && kind <= PATCHBAY_MAP; }

size_t value_end(const patchbay_tape *tape, size_t index) {
    while (tape->tokens[index].kind == PATCHBAY_TAG || tape->tokens[index].kind == PATCHBAY_NAMED_TAG) index += 1;
    return is_container(tape->tokens[index].kind) ? (size_t)tape->tokens[index].payload : index + 1;
}

static int compare_tokens(const patchbay_tape *tape, const patchbay_token *left, const patchbay_token *right) {
    if (left->kind != right->kind) return left->kind < right->kind ? -1 : 1;
    if (left->detail != right->detail) return left->detail < right->detail ? -1 : 1;
    if (left->length != right->length) return left->length < right->length ? -1 : 1;
    if (is_container(left->kind)) return 0;
    if (has_bytes(left->kind)) return left->length == 0 ? 0 : memcmp(tape->arena + left->payload, tape->arena + right->payload, left->length);
    return left->payload < right->payload ? -1 : left->payload > right->payload;
}

/* Token by token: a kind and a length say what follows, so no value's tokens begin with those of another one. */
static int compare_values(const void *left, const void *right, void *context) {
    const patchbay_tape *tape = context;
    size_t first = *(const size_t *)left, second = *(const size_t *)right, end = value_end(tape, first);
    for (; first < end; first += 1, second += 1) {
        int order = compare_tokens(tape, &tape->tokens[first], &tape->tokens[second]);
        if (order != 0) return order;
    }
    return 0;
}

int has_duplicates(const patchbay_tape *tape, size_t index) {
    uint32_t count = tape->tokens[index].length, key;
    int is_map = tape->tokens[index].kind == PATCHBAY_MAP, found = 0;
    size_t *keys, next = index + 1;
    if (count < 2) return 0;
    keys = malloc(count * sizeof *keys);
    if (keys == NULL) return -1;
    for (key = 0; key < count; key += 1) {
        keys[key] = next;
        next = value_end(tape, next);
        if (is_map) next = value_end(tape, next);
    }
    qsort_r(keys, count, sizeof *keys, compare_values, (void *)(uintptr_t)tape);
    for (key = 1; key < count && !found; key += 1) found = compare_values(&keys[key - 1], &keys[key], (void *)(uintptr_t)tape) == 0;
    free(keys);
    return found;
}
