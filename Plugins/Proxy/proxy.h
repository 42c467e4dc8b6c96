/* The parts of the proxy transports: a connection to the proxy with a deadline, and the two ways to ask it for another. */
#ifndef PROXY_H
#define PROXY_H

#include "patchbay_plugin.h"

/* A connection to the proxy while it is asked. Every call of the same name fails with `error` filled in, and keeps to the deadline. */
typedef struct tunnel {
    int descriptor;
    /* Of CLOCK_MONOTONIC, in nanoseconds; INT64_MAX without a limit. */
    int64_t deadline;
    patchbay_error *error;
} tunnel;

/* tunnel.c */
int64_t monotonic_now(void);
/* Waits for POLLIN or POLLOUT. */
int32_t tunnel_wait(tunnel *tunnel, short events);
int32_t tunnel_write(tunnel *tunnel, const void *data, size_t count);
/* Exactly `count` bytes, and not one more: what follows the proxy's answer is the peer's. */
int32_t tunnel_read(tunnel *tunnel, void *data, size_t count);
/* Looks at what is there, at least one byte of it and at most `capacity`, without taking it. */
int32_t tunnel_peek(tunnel *tunnel, void *data, size_t capacity, size_t *count);
/* As patchbay_fail, with a format. */
int32_t tunnel_fail(tunnel *tunnel, int32_t status, int number, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* dial.c: connects to "host:port". */
int32_t dial_proxy(tunnel *tunnel, const char *proxy, size_t count);

/* Whom the proxy is asked for. */
typedef struct request {
    /* A name, an IPv4 address, or an IPv6 address without brackets. */
    const char *host;
    uint16_t port;
    /* Absent where `user.data` is NULL. */
    patchbay_bytes user;
    patchbay_bytes password;
} request;

/* `check` refuses what the protocol cannot say, before anything is dialled; `ask` ends with the tunnel open. */
int32_t check_socks5(tunnel *tunnel, const request *request);
int32_t ask_socks5(tunnel *tunnel, const request *request);
int32_t check_http_connect(tunnel *tunnel, const request *request);
int32_t ask_http_connect(tunnel *tunnel, const request *request);

#endif
