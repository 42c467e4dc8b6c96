#define _GNU_SOURCE
#include "CPatchbayIO.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

int cpb_duplicate(int fd) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return copy < 0 ? -errno : copy;
}

int cpb_reopen(int fd) {
    struct stat status, again;
    if (fstat(fd, &status) < 0) return -errno;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -errno;
    char name[PATH_MAX];
    if (S_ISFIFO(status.st_mode)) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    } else if (isatty(fd)) {
        // Only a terminal has a name: the controlling side of a pseudo-terminal has none, and opening its device makes a new one.
        if (ttyname_r(fd, name, sizeof name) != 0) return -EOPNOTSUPP;
    } else {
        return -EOPNOTSUPP;
    }
    int fresh = open(name, (flags & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fresh < 0) return -errno;
    if (fstat(fresh, &again) < 0 || again.st_dev != status.st_dev || again.st_ino != status.st_ino) {
        close(fresh);
        return -EOPNOTSUPP;
    }
    if (fresh > 2) return fresh;
    int high = cpb_duplicate(fresh);
    close(fresh);
    return high;
}

int cpb_set_blocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ? -errno : 0;
}

int cpb_open_for_name_in(int folder, const char *path) {
    int fd = openat(folder, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int cpb_open_for_name(const char *path) { return cpb_open_for_name_in(AT_FDCWD, path); }

ssize_t cpb_write_quietly(int fd, const void *head, size_t head_count, const void *body, size_t body_count) {
    sigset_t pipe_signal, before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t result = body_count == 0 ? cpb_write(fd, head, head_count) : cpb_write_two(fd, head, head_count, body, body_count);
    // Where it was blocked before, as on a reactor's thread, it stays pending there and harms nobody.
    if (!sigismember(&before, SIGPIPE)) {
        if (result == -EPIPE) {
            struct timespec now = {0, 0};
            while (sigtimedwait(&pipe_signal, NULL, &now) < 0 && errno == EINTR) {}
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return result;
}
