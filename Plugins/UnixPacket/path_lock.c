/* A lock among the processes that claim one path, the one that the `unix` transport takes too: flock on a file beside it.
 *
 * The file is litter once the claim is done, so its holder removes it before letting go. That is free of races because a lock counts
 * only on the file that the name leads to now, and only a holder removes. */
#define _GNU_SOURCE
#include "unixpacket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int path_lock_take(const char *lock_path, int *descriptor) {
    struct stat held, named;
    int error = 0;
    /* Non-blocking: the name may lead to a pipe. */
    *descriptor = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
    if (*descriptor < 0) return errno;
    if (flock(*descriptor, LOCK_EX | LOCK_NB) != 0) {
        error = errno == EINTR ? EWOULDBLOCK : errno;
    } else if (fstat(*descriptor, &held) != 0 || lstat(lock_path, &named) != 0 || held.st_dev != named.st_dev || held.st_ino != named.st_ino) {
        error = EWOULDBLOCK;
    }
    if (error != 0) close(*descriptor);
    return error;
}

void path_lock_release(const char *lock_path, int descriptor) {
    struct stat held;
    /* Not a file of somebody's that happens to bear the name. */
    if (fstat(descriptor, &held) == 0 && S_ISREG(held.st_mode) && held.st_size == 0) unlink(lock_path);
    close(descriptor);
}
