/*
 * The transport `acme`, as a plugin for Patchbay: Unix sockets.
 *
 * It hands over descriptors, and the host reads and writes them itself. What takes longer than this, such as dialling through a
 * proxy, runs on a thread of the plugin's own, which calls `done` once it has ended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "patchbay_plugin.h"

/* What `patchbay list` and resolution read from the file, with none of this code run. docs/plugin-abi.md has every field. */
PATCHBAY_METADATA({
  "patchbay": "1.0",
  "name": "acme",
  "version": "0.1.0",
  "summary": "Unix sockets",
  "layers": [
    {
      "kind": "transport",
      "name": "acme",
      "summary": "Unix sockets, by their path",
      "options": [
        { "name": "backlog", "summary": "how many peers may wait to be accepted", "type": "integer", "default": "128", "minimum": 1, "maximum": 4096 }
      ],
      "examples": ["json+acme:///tmp/acme.sock"],
      "target": "path",
      "crossesNetwork": false,
      "cost": 10
    }
  ]
})

/* What an errno means to whoever reads the error. */
static int32_t fail(patchbay_error *error, int number, const char *message) {
    int32_t status = number == ENOENT         ? PATCHBAY_NOT_FOUND
                     : number == ECONNREFUSED ? PATCHBAY_CONNECTION_REFUSED
                     : number == EADDRINUSE   ? PATCHBAY_ADDRESS_IN_USE
                     : number == EACCES       ? PATCHBAY_PERMISSION_DENIED
                                              : PATCHBAY_FAILED;
    return patchbay_fail(error, status, number, message);
}

/* A socket, and the address that `target` names. */
static int32_t open_socket(const patchbay_target *target, int *descriptor, struct sockaddr_un *address, patchbay_error *error) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(target->path) >= sizeof address->sun_path) return patchbay_fail(error, PATCHBAY_INVALID, 0, "the path is longer than 107 bytes");
    memcpy(address->sun_path, target->path, strlen(target->path));
    *descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return *descriptor < 0 ? fail(error, errno, "no socket can be opened") : PATCHBAY_OK;
}

static int32_t connect_to(const patchbay_target *target, patchbay_done done, void *context, void **operation, patchbay_error *error) {
    int descriptor;
    struct sockaddr_un address;
    int32_t status = open_socket(target, &descriptor, &address, error);
    if (status < 0) return status;
    /* A Unix socket is connected at once, or not at all. */
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) < 0) {
        int number = errno;
        close(descriptor);
        return fail(error, number, "nobody can be reached at that path; start the listener, or check the path");
    }
    *operation = NULL;
    patchbay_outcome outcome = {sizeof outcome, PATCHBAY_OK, descriptor, 0, NULL};
    done(context, &outcome);
    return PATCHBAY_OK;
}

/* Appends a path as a URL writes it. 0 where it does not fit. */
static int write_target(const char *path, char *target, size_t room) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    size_t used = 0;
    for (; *path != 0; path += 1) {
        if (room - used < 4) return 0;
        if (strchr(plain, *path) != NULL) {
            target[used++] = *path;
        } else {
            target[used++] = '%';
            target[used++] = "0123456789ABCDEF"[(uint8_t)*path >> 4];
            target[used++] = "0123456789ABCDEF"[(uint8_t)*path & 15];
        }
    }
    target[used] = 0;
    return 1;
}

static int32_t listen_on(const patchbay_target *target, patchbay_listening *listening, patchbay_error *error) {
    const patchbay_option *backlog = patchbay_find_option(target->settings, "backlog");
    int descriptor;
    struct sockaddr_un address;
    int32_t status = open_socket(target, &descriptor, &address, error);
    if (status < 0) return status;
    if (bind(descriptor, (const struct sockaddr *)&address, sizeof address) < 0) {
        int number = errno;
        close(descriptor);
        return fail(error, number, "the path cannot be listened on; stop who listens there, remove the file, or choose another");
    }
    char *path = strdup(target->path);
    if (path == NULL || listen(descriptor, backlog ? (int)backlog->integer : 128) < 0 ||
        !write_target(target->path, listening->bound_target, sizeof listening->bound_target)) {
        int number = errno;
        unlink(target->path);
        close(descriptor);
        free(path);
        return fail(error, number, "the path cannot be listened on");
    }
    listening->descriptor = descriptor;
    listening->flags = 0;
    listening->listener = path;
    return PATCHBAY_OK;
}

/* The descriptor is the host's; the file is ours. */
static void close_listener(void *listener) {
    unlink(listener);
    free(listener);
}

/* Nothing is ever pending, so there is nothing to cancel or to release; and the host accepts by itself. */
static const patchbay_transport table = {sizeof table, 0, connect_to, NULL, NULL, listen_on, NULL, close_listener};

static const void *interface(const char *id) {
    return strcmp(id, PATCHBAY_TRANSPORT) == 0 ? &table : NULL;
}

const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    static const patchbay_plugin plugin = {sizeof plugin, PATCHBAY_MAGIC, PATCHBAY_ABI_MAJOR, PATCHBAY_ABI_MINOR, PATCHBAY_THREADS_PARALLEL, 0,
                                           patchbay_metadata, interface};
    if (host->major != PATCHBAY_ABI_MAJOR) {
        patchbay_fail(error, PATCHBAY_UNSUPPORTED, 0, "acme is built for version 1 of the plugin interface");
        return NULL;
    }
    return &plugin;
}
