#define _GNU_SOURCE
#include "unixpacket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What stopping must remove: this inode at this path, and no other. */
typedef struct bound_socket {
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
    dev_t device;
    ino_t inode;
    /* Opened for its name alone: it keeps the inode's number from being given to another file. */
    int file;
} bound_socket;

/* Starters that race wait for each other this often, 4 ms each time: whoever holds the lock does so for a few system calls. */
static const int patience = 500;

static int take_lock(const char *path, int *descriptor) {
    const struct timespec pause = {0, 4000000};
    int attempt, result = EWOULDBLOCK;
    for (attempt = 0; attempt < patience; attempt += 1) {
        result = path_lock_take(path, descriptor);
        if (result != EWOULDBLOCK) return result;
        nanosleep(&pause, NULL);
    }
    return EADDRINUSE;
}

/* Removes the socket of a process that is gone; leaves everything else alone. 0, or an errno. */
static int make_room(const struct sockaddr_un *address) {
    struct stat found;
    int probe, result;
    if (lstat(address->sun_path, &found) != 0) return errno == ENOENT ? 0 : errno;
    if (!S_ISSOCK(found.st_mode)) return ENOTSOCK;
    probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return errno;
    result = connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 ? 0 : errno;
    close(probe);
    switch (result) {
    case ECONNREFUSED: return unlink(address->sun_path) == 0 || errno == ENOENT ? 0 : errno;
    case ENOENT: return 0;
    /* A full backlog, and a socket of another type, are a life as well. */
    case 0:
    case EAGAIN:
    case EPROTOTYPE: return EADDRINUSE;
    default: return result;
    }
}

/* Notes which file was bound, and gives back what the umask took from its permissions; by descriptor, so that a link that somebody
 * put there meanwhile is not followed. 0, or an errno. */
static int hold(bound_socket *bound, mode_t permissions) {
    char name[64];
    struct stat status;
    bound->file = open(bound->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (bound->file < 0) return errno;
    if (fstat(bound->file, &status) != 0) return errno;
    if (!S_ISSOCK(status.st_mode)) return ENOTSOCK;
    bound->device = status.st_dev;
    bound->inode = status.st_ino;
    snprintf(name, sizeof name, "/proc/self/fd/%d", bound->file);
    return (status.st_mode & 07777) == permissions || chmod(name, permissions) == 0 ? 0 : errno;
}

static void remove_bound(bound_socket *bound) {
    struct stat status;
    if (bound->file < 0) return;
    if (lstat(bound->path, &status) == 0 && status.st_dev == bound->device && status.st_ino == bound->inode) unlink(bound->path);
    close(bound->file);
    bound->file = -1;
}

/* Probe, bind and listen, while the lock makes them one step. 0, or an errno. */
static int bind_and_listen(int descriptor, const struct sockaddr_un *address, mode_t permissions, int backlog, bound_socket *bound) {
    int result = make_room(address);
    if (result != 0) return result;
    /* Before bind, so that the file is never open to more users than asked: bind gives it the socket's mode, less the umask. */
    if (fchmod(descriptor, permissions) != 0) return errno;
    if (bind(descriptor, (const struct sockaddr *)address, sizeof *address) != 0) return errno;
    memcpy(bound->path, address->sun_path, sizeof bound->path);
    result = hold(bound, permissions);
    if (result == 0 && listen(descriptor, backlog) != 0) result = errno;
    if (result != 0) remove_bound(bound);
    return result;
}

/* The path as it stands in a URL, percent-encoded but for slashes and RFC 3986's unreserved characters. 0 where it does not fit. */
static int encode_path(const char *path, char *out, size_t capacity) {
    static const char digits[] = "0123456789ABCDEF";
    size_t used = 0;
    for (; *path != 0; path += 1) {
        unsigned char byte = (unsigned char)*path;
        int plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                    strchr("/-._~", byte) != NULL;
        if (capacity - used < 4) return 0;
        if (!plain) {
            out[used++] = '%';
            out[used++] = digits[byte >> 4];
            byte = (unsigned char)digits[byte & 15];
        }
        out[used++] = (char)byte;
    }
    out[used] = 0;
    return 1;
}

int32_t listen_at(const patchbay_target *target, patchbay_listening *listening, patchbay_error *error) {
    const patchbay_option *permissions = patchbay_find_option(target->settings, "permissions");
    const patchbay_option *backlog = patchbay_find_option(target->settings, "backlog");
    struct sockaddr_un address;
    char lock_path[sizeof address.sun_path + sizeof ".lock"];
    int lock, result, descriptor;
    bound_socket *bound;
    int32_t status = socket_address(target, &address, error);
    if (status < 0) return status;
    if (!encode_path(address.sun_path, listening->bound_target, sizeof listening->bound_target))
        return patchbay_fail(error, PATCHBAY_INVALID, 0, "the socket's path is too long to be written in a URL; choose a shorter one");
    bound = calloc(1, sizeof *bound);
    if (bound == NULL) return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to listen");
    bound->file = -1;
    descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    result = descriptor < 0 ? errno : 0;
    snprintf(lock_path, sizeof lock_path, "%s.lock", address.sun_path);
    if (result == 0) result = take_lock(lock_path, &lock);
    if (result == 0) {
        result = bind_and_listen(descriptor, &address, permissions == NULL ? 0600 : (mode_t)permissions->integer,
                                 backlog == NULL ? 4096 : (int)backlog->integer, bound);
        path_lock_release(lock_path, lock);
    }
    if (result != 0) {
        if (descriptor >= 0) close(descriptor);
        free(bound);
        return system_failure(error, "listen on", address.sun_path, result);
    }
    listening->descriptor = descriptor;
    listening->flags = PATCHBAY_KEEPS_BOUNDARIES;
    listening->listener = bound;
    return PATCHBAY_OK;
}

void stop_listening(void *listener) {
    remove_bound(listener);
    free(listener);
}
