// How a program here ends, and how it gets its memory, its descriptors and its time.

#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

// Ends the process with a message, and with the reason in errno where there is one.
_Noreturn void fail(const char *what);

// Ends the process with a message and a reason that is not errno's.
_Noreturn void fail_because(const char *what, const char *reason);

// realloc that never returns NULL.
void *allocate(void *old, size_t bytes);

// As many descriptors as the system allows: a thousand connections need more than the usual 1,024.
void raise_descriptor_limit(void);

static inline uint64_t now_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// Sleeps until one of the descriptors can be read, or so long.
void wait_for_descriptors(const int *descriptors, int count, uint64_t nanoseconds);
