#define _GNU_SOURCE  // program_invocation_short_name, ppoll

#include "program.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

_Noreturn void fail_because(const char *what, const char *reason) {
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, reason);
    // Not exit: it would run what libraries left to be done at exit, some of which wait for threads.
    fflush(stdout);
    _Exit(1);
}

_Noreturn void fail(const char *what) {
    fail_because(what, errno ? strerror(errno) : "the peer closed or sent something else");
}

void *allocate(void *old, size_t bytes) {
    void *memory = realloc(old, bytes);
    if (!memory) fail("realloc");
    return memory;
}

void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) fail("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit)) fail("setrlimit");
}

void wait_for_descriptors(const int *descriptors, int count, uint64_t nanoseconds) {
    struct pollfd polls[2] = {{descriptors[0], POLLIN, 0}, {count > 1 ? descriptors[1] : -1, POLLIN, 0}};
    struct timespec time = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    if (ppoll(polls, 2, &time, NULL) < 0 && errno != EINTR) fail("ppoll");
}
