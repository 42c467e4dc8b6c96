/* A Unix socket as a plugin's transport, by descriptor: what the benchmarks hold against the built-in one. */
#define _GNU_SOURCE
#include "patchbay_plugin.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "c-unix",
    "version": "1.0.0",
    "summary": "a transport for the benchmarks",
    "layers": [{"kind": "transport", "name": "c-unix", "summary": "a Unix socket", "target": "path", "crossesNetwork": false, "cost": 10}]
})

static int make(const patchbay_target *target, struct sockaddr_un *address, patchbay_error *error) {
    int descriptor;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(target->path) >= sizeof address->sun_path) return patchbay_fail(error, PATCHBAY_INVALID, 0, "the path is too long");
    strcpy(address->sun_path, target->path);
    descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return descriptor < 0 ? patchbay_fail(error, PATCHBAY_FAILED, errno, "no socket can be made") : descriptor;
}

static int32_t dial(const patchbay_target *target, patchbay_done done, void *context, void **operation, patchbay_error *error) {
    struct sockaddr_un address;
    int descriptor = make(target, &address, error);
    patchbay_outcome outcome = {sizeof outcome, PATCHBAY_OK, descriptor, 0, NULL};
    (void)operation;
    if (descriptor < 0) return descriptor;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        int number = errno;
        close(descriptor);
        return patchbay_fail(error, PATCHBAY_CONNECTION_REFUSED, number, "nobody listens there");
    }
    done(context, &outcome);
    return PATCHBAY_OK;
}

static int32_t listen_at(const patchbay_target *target, patchbay_listening *listening, patchbay_error *error) {
    struct sockaddr_un address;
    int descriptor = make(target, &address, error);
    if (descriptor < 0) return descriptor;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 || listen(descriptor, 4096) != 0) {
        int number = errno;
        close(descriptor);
        return patchbay_fail(error, PATCHBAY_ADDRESS_IN_USE, number, "the path cannot be bound");
    }
    strcpy(listening->bound_target, target->path);
    listening->descriptor = descriptor;
    return PATCHBAY_OK;
}

static void close_listener(void *listener) { (void)listener; }

static const patchbay_transport transport = {sizeof transport, 0, dial, NULL, NULL, listen_at, NULL, close_listener};

static const void *interface(const char *id) { return strcmp(id, PATCHBAY_TRANSPORT) == 0 ? &transport : NULL; }

static const patchbay_plugin plugin = {
    sizeof plugin, PATCHBAY_MAGIC, PATCHBAY_ABI_MAJOR, PATCHBAY_ABI_MINOR, PATCHBAY_THREADS_PARALLEL, 0, patchbay_metadata, interface};

PATCHBAY_EXPORT const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    (void)host;
    (void)error;
    return &plugin;
}
