#define _GNU_SOURCE
#include "proxy.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

int64_t monotonic_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int32_t tunnel_fail(tunnel *tunnel, int32_t status, int number, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(tunnel->error->message, sizeof tunnel->error->message, format, arguments);
    va_end(arguments);
    tunnel->error->system_error = number;
    return status;
}

int32_t tunnel_wait(tunnel *tunnel, short events) {
    struct pollfd entry = {.fd = tunnel->descriptor, .events = events};
    for (;;) {
        struct timespec limit = {0, 0};
        int64_t left = tunnel->deadline == INT64_MAX ? 0 : tunnel->deadline - monotonic_now();
        int count;
        if (left < 0) left = 0;
        limit.tv_sec = (time_t)(left / 1000000000);
        limit.tv_nsec = (long)(left % 1000000000);
        count = ppoll(&entry, 1, tunnel->deadline == INT64_MAX ? NULL : &limit, NULL);
        if (count > 0) return PATCHBAY_OK;
        if (count == 0) return tunnel_fail(tunnel, PATCHBAY_TIMED_OUT, 0, "the proxy did not answer in time; raise timeout, or check the proxy");
        if (errno != EINTR) return tunnel_fail(tunnel, PATCHBAY_FAILED, errno, "cannot wait for the proxy: %s", strerrordesc_np(errno));
    }
}

static int32_t lost(tunnel *tunnel, int number) {
    return tunnel_fail(tunnel, PATCHBAY_CLOSED, number, "the connection to the proxy was lost: %s", strerrordesc_np(number));
}

int32_t tunnel_write(tunnel *tunnel, const void *data, size_t count) {
    const char *next = data;
    while (count > 0) {
        ssize_t sent = send(tunnel->descriptor, next, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        int32_t status;
        if (sent >= 0) {
            next += sent;
            count -= (size_t)sent;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return lost(tunnel, errno);
        status = tunnel_wait(tunnel, POLLOUT);
        if (status < 0) return status;
    }
    return PATCHBAY_OK;
}

static int32_t receive(tunnel *tunnel, void *data, size_t capacity, int flags, size_t *count) {
    for (;;) {
        ssize_t received = recv(tunnel->descriptor, data, capacity, flags | MSG_DONTWAIT);
        int32_t status;
        if (received > 0) {
            *count = (size_t)received;
            return PATCHBAY_OK;
        }
        if (received == 0)
            return tunnel_fail(tunnel, PATCHBAY_CLOSED, 0, "the proxy closed the connection before its answer was whole; is it a proxy of this kind?");
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return lost(tunnel, errno);
        status = tunnel_wait(tunnel, POLLIN);
        if (status < 0) return status;
    }
}

int32_t tunnel_read(tunnel *tunnel, void *data, size_t count) {
    char *next = data;
    while (count > 0) {
        size_t received;
        int32_t status = receive(tunnel, next, count, 0, &received);
        if (status < 0) return status;
        next += received;
        count -= received;
    }
    return PATCHBAY_OK;
}

int32_t tunnel_peek(tunnel *tunnel, void *data, size_t capacity, size_t *count) {
    return receive(tunnel, data, capacity, MSG_PEEK, count);
}
