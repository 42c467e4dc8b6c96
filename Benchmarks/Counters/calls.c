// Counts the system calls of a program that was not built for it.
//
//   LD_PRELOAD=libcalls.so CALLS_FILE=path program
//
// At its end the program writes a line `name=count` there for each function that it called.
//
// It sees calls of the C library's functions. What the library calls inside itself is not seen: futexes first of all, which
// locks and condition variables use only where threads meet, and what the resolver and the dynamic loader do.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

// Name, result, parameters, arguments.
#define CALLS(CALL) \
    CALL(read, ssize_t, (int fd, void *to, size_t count), (fd, to, count)) \
    CALL(readv, ssize_t, (int fd, const struct iovec *pieces, int count), (fd, pieces, count)) \
    CALL(write, ssize_t, (int fd, const void *from, size_t count), (fd, from, count)) \
    CALL(writev, ssize_t, (int fd, const struct iovec *pieces, int count), (fd, pieces, count)) \
    CALL(send, ssize_t, (int fd, const void *from, size_t count, int flags), (fd, from, count, flags)) \
    CALL(sendmsg, ssize_t, (int fd, const struct msghdr *message, int flags), (fd, message, flags)) \
    CALL(sendmmsg, int, (int fd, struct mmsghdr *messages, unsigned count, int flags), (fd, messages, count, flags)) \
    CALL(sendto, ssize_t, (int fd, const void *from, size_t count, int flags, const struct sockaddr *to, socklen_t length), \
         (fd, from, count, flags, to, length)) \
    CALL(recv, ssize_t, (int fd, void *to, size_t count, int flags), (fd, to, count, flags)) \
    CALL(recvmsg, ssize_t, (int fd, struct msghdr *message, int flags), (fd, message, flags)) \
    CALL(recvmmsg, int, (int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout), \
         (fd, messages, count, flags, timeout)) \
    CALL(recvfrom, ssize_t, (int fd, void *to, size_t count, int flags, struct sockaddr *from, socklen_t *length), \
         (fd, to, count, flags, from, length)) \
    CALL(epoll_wait, int, (int epoll, struct epoll_event *events, int most, int timeout), (epoll, events, most, timeout)) \
    CALL(epoll_pwait, int, (int epoll, struct epoll_event *events, int most, int timeout, const sigset_t *mask), \
         (epoll, events, most, timeout, mask)) \
    CALL(epoll_pwait2, int, (int epoll, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *mask), \
         (epoll, events, most, timeout, mask)) \
    CALL(epoll_ctl, int, (int epoll, int operation, int fd, struct epoll_event *event), (epoll, operation, fd, event)) \
    CALL(poll, int, (struct pollfd *fds, nfds_t count, int timeout), (fds, count, timeout)) \
    CALL(ppoll, int, (struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask), \
         (fds, count, timeout, mask)) \
    CALL(eventfd_write, int, (int fd, eventfd_t value), (fd, value)) \
    CALL(eventfd_read, int, (int fd, eventfd_t *value), (fd, value)) \
    CALL(timerfd_settime, int, (int fd, int flags, const struct itimerspec *to, struct itimerspec *from), (fd, flags, to, from)) \
    CALL(socket, int, (int domain, int type, int protocol), (domain, type, protocol)) \
    CALL(connect, int, (int fd, const struct sockaddr *to, socklen_t length), (fd, to, length)) \
    CALL(accept, int, (int fd, struct sockaddr *from, socklen_t *length), (fd, from, length)) \
    CALL(accept4, int, (int fd, struct sockaddr *from, socklen_t *length, int flags), (fd, from, length, flags)) \
    CALL(setsockopt, int, (int fd, int level, int name, const void *value, socklen_t length), (fd, level, name, value, length)) \
    CALL(getsockopt, int, (int fd, int level, int name, void *value, socklen_t *length), (fd, level, name, value, length)) \
    CALL(getsockname, int, (int fd, struct sockaddr *name, socklen_t *length), (fd, name, length)) \
    CALL(getpeername, int, (int fd, struct sockaddr *name, socklen_t *length), (fd, name, length)) \
    CALL(shutdown, int, (int fd, int how), (fd, how)) \
    CALL(close, int, (int fd), (fd))

#define COUNTED(name, result, parameters, arguments) \
    static atomic_ulong name##_calls; \
    static result(*name##_real) parameters; \
    result name parameters { \
        if (!name##_real) name##_real = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
        atomic_fetch_add_explicit(&name##_calls, 1, memory_order_relaxed); \
        return name##_real arguments; \
    }

CALLS(COUNTED)

// The parameters and arguments are of no use here.
#define LOADED(name, result, parameters, arguments) unsigned long name##_count = atomic_load(&name##_calls);
#define WRITTEN(name, result, parameters, arguments) \
    if (name##_count) fprintf(file, "%s=%lu\n", #name, name##_count);

__attribute__((destructor)) static void report(void) {
    CALLS(LOADED)
    const char *path = getenv("CALLS_FILE");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    CALLS(WRITTEN)
    fclose(file);
}
