#define _GNU_SOURCE
#include "unixpacket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

/* A Unix socket that does not block refuses with EAGAIN where the listener's backlog is full, and poll cannot wait for room there.
 * One that blocks waits by itself, for as long as SO_SNDTIMEO says; so it is made non-blocking only once it is connected. */
static int connect_within(int descriptor, const struct sockaddr_un *address, int64_t timeout) {
    struct timeval limit = {0, 0}, none = {0, 0};
    if (timeout >= 0) {
        limit.tv_sec = (time_t)(timeout / 1000000000);
        limit.tv_usec = (suseconds_t)(timeout % 1000000000 / 1000);
        /* Zero would be no limit at all. */
        if (limit.tv_sec == 0 && limit.tv_usec == 0) limit.tv_usec = 1;
        if (setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) return errno;
    }
    while (connect(descriptor, (const struct sockaddr *)address, sizeof *address) != 0) {
        if (errno != EINTR) return errno;
    }
    if (setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none) != 0) return errno;
    return fcntl(descriptor, F_SETFL, O_RDWR | O_NONBLOCK) == 0 ? 0 : errno;
}

int32_t dial(const patchbay_target *target, patchbay_done done, void *context, void **operation, patchbay_error *error) {
    patchbay_outcome outcome = {.size = sizeof outcome, .status = PATCHBAY_OK, .flags = PATCHBAY_KEEPS_BOUNDARIES};
    struct sockaddr_un address;
    int32_t status = socket_address(target, &address, error);
    int failure;
    *operation = NULL;
    if (status < 0) return status;
    outcome.descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (outcome.descriptor < 0) return system_failure(error, "open a socket for", address.sun_path, errno);
    failure = connect_within(outcome.descriptor, &address, target->timeout);
    if (failure != 0) {
        close(outcome.descriptor);
        return system_failure(error, "connect to", address.sun_path, failure);
    }
    done(context, &outcome);
    return PATCHBAY_OK;
}
