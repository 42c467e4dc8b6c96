/* The transport `unixpacket`: SOCK_SEQPACKET over Unix sockets, where one message is one packet and needs no framing. */
#define _GNU_SOURCE
#include "unixpacket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "unixpacket",
    "version": "1.0.0",
    "summary": "Unix sockets that keep the boundaries of messages (SOCK_SEQPACKET)",
    "layers": [{
        "kind": "transport",
        "name": "unixpacket",
        "summary": "a Unix packet socket at a path: with the framing none, each message is one packet",
        "blocking": true,
        "target": "path",
        "crossesNetwork": false,
        "cost": 50,
        "connects": true,
        "listens": true,
        "options": [
            {
                "name": "permissions",
                "summary": "of the socket's file; who may write to it may connect",
                "type": "mode",
                "default": "600"
            },
            {
                "name": "backlog",
                "summary": "connections that may wait to be accepted",
                "type": "integer",
                "minimum": 1,
                "maximum": 65535,
                "default": "4096"
            }
        ],
        "examples": ["json+none+bare+unixpacket:///run/worker.sock", "json+unixpacket:///run/worker.sock?permissions=660"]
    }]
})

int32_t socket_address(const patchbay_target *target, struct sockaddr_un *address, patchbay_error *error) {
    const char *path = target->path == NULL ? "" : target->path;
    size_t count = strlen(path);
    memset(address, 0, sizeof *address);
    if (path[0] != '/')
        return patchbay_fail(error, PATCHBAY_INVALID, 0, "a socket's path is absolute: write three slashes, as in unixpacket:///run/a.sock");
    if (count >= sizeof address->sun_path) {
        snprintf(error->message, sizeof error->message, "a Unix socket's path has at most %zu bytes, and this one has %zu: choose a shorter one",
                 sizeof address->sun_path - 1, count);
        return PATCHBAY_INVALID;
    }
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, count + 1);
    return PATCHBAY_OK;
}

int32_t system_failure(patchbay_error *error, const char *verb, const char *path, int number) {
    const char *reason = strerrordesc_np(number), *advice = "";
    int32_t status = PATCHBAY_FAILED;
    switch (number) {
    case ENOENT:
    case ENOTDIR: status = PATCHBAY_NOT_FOUND, advice = "; check the path, and that its folder is there"; break;
    case ECONNREFUSED: status = PATCHBAY_CONNECTION_REFUSED, advice = "; nobody listens there"; break;
    case EACCES:
    case EPERM:
    case EROFS: status = PATCHBAY_PERMISSION_DENIED, advice = "; check the permissions of the socket and of its folders"; break;
    case EADDRINUSE: status = PATCHBAY_ADDRESS_IN_USE, advice = "; somebody listens there: stop it, or choose another path"; break;
    case EPROTOTYPE: status = PATCHBAY_UNSUPPORTED, advice = "; the socket there is a stream or datagram socket: use unix://"; break;
    case ENOTSOCK: status = PATCHBAY_ADDRESS_IN_USE, advice = "; a file lies there that is no socket, and it is left alone"; break;
    case EAGAIN:
    case ETIMEDOUT: status = PATCHBAY_TIMED_OUT, reason = "timed out", advice = "; the listener accepts nobody"; break;
    case ENOMEM: status = PATCHBAY_OUT_OF_MEMORY; break;
    default: break;
    }
    error->system_error = number;
    snprintf(error->message, sizeof error->message, "cannot %s %s: %s%s", verb, path, reason == NULL ? "unknown error" : reason, advice);
    return status;
}

/* Dialling waits in connect itself, so there is nothing to cancel, to release, or to accept with. */
static const patchbay_transport transport = {
    .size = sizeof transport, .connect = dial, .listen = listen_at, .close = stop_listening};

static const void *interface(const char *id) { return strcmp(id, PATCHBAY_TRANSPORT) == 0 ? &transport : NULL; }

static const patchbay_plugin plugin = {
    .size = sizeof plugin,
    .magic = PATCHBAY_MAGIC,
    .major = PATCHBAY_ABI_MAJOR,
    .minor = PATCHBAY_ABI_MINOR,
    .threads = PATCHBAY_THREADS_PARALLEL,
    .metadata = patchbay_metadata,
    .interface = interface,
};

const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    (void)host;
    (void)error;
    return &plugin;
}
