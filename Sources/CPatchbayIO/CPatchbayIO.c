#define _GNU_SOURCE
#include "CPatchbayIO.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define RETRY(call) \
    ({ \
        __typeof__(call) result_; \
        do result_ = (call); \
        while (result_ < 0 && errno == EINTR); \
        result_ < 0 ? (__typeof__(call))-errno : result_; \
    })

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t cpb_now(void) { return nanoseconds(CLOCK_MONOTONIC); }
uint64_t cpb_now_coarse(void) { return nanoseconds(CLOCK_MONOTONIC_COARSE); }

int cpb_thread_start(void *(*body)(void *), void *context, const char *name) {
    // The host's signals are for the host's threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, body, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) return -error;
    // Detached only now: it may have ended already, and a detached one that ended has no name to set.
    pthread_setname_np(thread, name);
    pthread_detach(thread);
    return 0;
}

int cpb_epoll_create(void) { return RETRY(epoll_create1(EPOLL_CLOEXEC)); }

static int control(int epoll, int operation, int fd, uint32_t events, void *pointer) {
    struct epoll_event event = {.events = events, .data.ptr = pointer};
    return RETRY(epoll_ctl(epoll, operation, fd, &event));
}

int cpb_epoll_add(int epoll, int fd, uint32_t events, void *pointer) { return control(epoll, EPOLL_CTL_ADD, fd, events, pointer); }
int cpb_epoll_modify(int epoll, int fd, uint32_t events, void *pointer) { return control(epoll, EPOLL_CTL_MOD, fd, events, pointer); }
int cpb_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, NULL); }

int cpb_epoll_wait(int epoll, void **pointers, uint32_t *events, int maximum, int milliseconds) {
    struct epoll_event ready[256];
    if (maximum > 256) maximum = 256;
    int count = epoll_wait(epoll, ready, maximum, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        pointers[i] = ready[i].data.ptr;
        events[i] = ready[i].events;
    }
    return count;
}

int cpb_event_create(void) { return RETRY(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

void cpb_event_signal(int event) {
    uint64_t one = 1;
    (void)!RETRY(write(event, &one, sizeof one)); // EAGAIN: it is signalled already
}

void cpb_event_drain(int event) {
    uint64_t count;
    (void)!RETRY(read(event, &count, sizeof count));
}

int cpb_timer_create(void) { return RETRY(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)); }

void cpb_timer_set(int timer, uint64_t at) {
    struct itimerspec time = {.it_value = {.tv_sec = (time_t)(at / 1000000000u), .tv_nsec = (long)(at % 1000000000u)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, NULL);
}

void cpb_timer_drain(int timer) { cpb_event_drain(timer); }

int cpb_socket(int family, int type) { return RETRY(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }
int cpb_socket_pair(int type, int pair[2]) { return RETRY(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair)); }
int cpb_pipe(int pair[2]) { return RETRY(pipe2(pair, O_NONBLOCK | O_CLOEXEC)); }
int cpb_bind(int fd, const void *address, socklen_t length) { return RETRY(bind(fd, address, length)); }
int cpb_listen(int fd, int backlog) { return RETRY(listen(fd, backlog)); }

int cpb_connect(int fd, const void *address, socklen_t length) {
    // Not retried: a connect that was interrupted goes on by itself.
    if (connect(fd, address, length) == 0) return 0;
    return errno == EINTR ? -EINPROGRESS : -errno;
}

int cpb_accept(int fd, void *address, socklen_t *length) { return RETRY(accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC)); }
int cpb_local_address(int fd, void *address, socklen_t *length) { return RETRY(getsockname(fd, address, length)); }
int cpb_peer_address(int fd, void *address, socklen_t *length) { return RETRY(getpeername(fd, address, length)); }

int cpb_socket_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return errno;
    return error;
}

int cpb_shutdown_output(int fd) { return RETRY(shutdown(fd, SHUT_WR)); }

int cpb_close(int fd) {
    // Not retried: after EINTR Linux has closed it.
    return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

int cpb_reset_and_close(int fd) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return cpb_close(fd);
}

int cpb_set_option(int fd, int level, int name, int value) { return RETRY(setsockopt(fd, level, name, &value, sizeof value)); }

int cpb_get_option(int fd, int level, int name, int *value) {
    socklen_t length = sizeof *value;
    return RETRY(getsockopt(fd, level, name, value, &length));
}

int cpb_peer_credentials(int fd, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return -errno;
    *pid = credentials.pid;
    *uid = credentials.uid;
    *gid = credentials.gid;
    return 0;
}

int cpb_is_socket(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

ssize_t cpb_recv(int fd, void *bytes, size_t count) { return RETRY(recv(fd, bytes, count, MSG_DONTWAIT)); }

ssize_t cpb_recv_descriptors(
    int fd, void *bytes, size_t count, int *descriptors, size_t room, struct cpb_ancillary *ancillary) {
    struct iovec piece = {.iov_base = bytes, .iov_len = count};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * CPB_MOST_DESCRIPTORS)];
    } control;
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t result = RETRY(recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
    *ancillary = (struct cpb_ancillary){0};
    if (result < 0 || (message.msg_controllen == 0 && !(message.msg_flags & MSG_CTRUNC))) return result;
    ancillary->came = 1;
    ancillary->truncated = (message.msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
            if (ancillary->descriptors < room) {
                descriptors[ancillary->descriptors] = descriptor;
            } else {
                close(descriptor);
            }
            ancillary->descriptors++;
        }
    }
    return result;
}

ssize_t cpb_recv_message(int fd, void *bytes, size_t count, int *control) {
    struct cpb_ancillary ancillary;
    ssize_t result = cpb_recv_descriptors(fd, bytes, count, NULL, 0, &ancillary);
    *control = ancillary.came;
    return result;
}

ssize_t cpb_send_descriptor(int fd, const void *bytes, size_t count, int descriptor) {
    struct iovec piece = {(void *)bytes, count};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof descriptor), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    return RETRY(sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

ssize_t cpb_packet_size(int fd) { return RETRY(recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT)); }

int cpb_has_ended(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLRDHUP};
    int waiting = 0;
    // In this order: what the peer sent before it ended is in the queue by then.
    if (RETRY(poll(&entry, 1, 0)) <= 0 || !(entry.revents & (POLLRDHUP | POLLHUP | POLLERR))) return 0;
    return ioctl(fd, FIONREAD, &waiting) < 0 || waiting == 0;
}

ssize_t cpb_send(int fd, const void *bytes, size_t count) { return RETRY(send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL)); }

ssize_t cpb_send_two(int fd, const void *head, size_t head_count, const void *body, size_t body_count) {
    struct iovec pieces[2] = {{(void *)head, head_count}, {(void *)body, body_count}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    return RETRY(sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

ssize_t cpb_read(int fd, void *bytes, size_t count) { return RETRY(read(fd, bytes, count)); }
ssize_t cpb_write(int fd, const void *bytes, size_t count) { return RETRY(write(fd, bytes, count)); }

ssize_t cpb_write_two(int fd, const void *head, size_t head_count, const void *body, size_t body_count) {
    struct iovec pieces[2] = {{(void *)head, head_count}, {(void *)body, body_count}};
    return RETRY(writev(fd, pieces, 2));
}

int cpb_poll(int fd, int events, int milliseconds) {
    struct pollfd entry = {.fd = fd, .events = (short)events};
    return RETRY(poll(&entry, 1, milliseconds));
}
