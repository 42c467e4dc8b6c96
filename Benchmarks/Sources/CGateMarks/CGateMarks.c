#include "CGateMarks.h"

#include <stdlib.h>
#include <unistd.h>

static int wasteful;

__attribute__((constructor)) static void look(void) { wasteful = getenv("GATE_WASTE") != NULL; }

// In a file of its own, and not empty: a call that is inlined or left out would mark nothing.
__attribute__((noinline)) void gate_mark(void) { __asm__ volatile("" ::: "memory"); }

void gate_waste(void) {
    if (!wasteful) return;
    void *volatile unused = malloc(16);
    free(unused);
    for (volatile int turn = 0; turn < 1000; turn++) continue;
    // Fails, which makes it no cheaper.
    if (read(-1, NULL, 0) == 0) abort();
}
