#define _GNU_SOURCE
#include "proxy.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct endpoint {
    /* NI_MAXHOST is what getaddrinfo takes. */
    char host[NI_MAXHOST];
    char port[6];
} endpoint;

/* "host:port", or "[address]:port". */
static int32_t parse(tunnel *tunnel, const char *text, size_t count, endpoint *endpoint) {
    const char *colon = memrchr(text, ':', count), *host = text;
    size_t host_count = colon == NULL ? 0 : (size_t)(colon - text), port_count = colon == NULL ? 0 : count - host_count - 1;
    char *end;
    if (host_count >= 2 && host[0] == '[' && host[host_count - 1] == ']') {
        host += 1;
        host_count -= 2;
    } else if (memchr(host, ':', host_count) != NULL) {
        return tunnel_fail(tunnel, PATCHBAY_INVALID, 0, "write an IPv6 proxy as [address]:port");
    }
    if (host_count == 0 || host_count >= sizeof endpoint->host || port_count == 0 || port_count >= sizeof endpoint->port ||
        memchr(host, 0, host_count) != NULL)
        return tunnel_fail(tunnel, PATCHBAY_INVALID, 0, "the option proxy is host:port, as in proxy=127.0.0.1:1080");
    memcpy(endpoint->host, host, host_count);
    endpoint->host[host_count] = 0;
    memcpy(endpoint->port, colon + 1, port_count);
    endpoint->port[port_count] = 0;
    if (endpoint->port[strspn(endpoint->port, "0123456789")] != 0 || strtoul(endpoint->port, &end, 10) - 1 > 65534)
        return tunnel_fail(tunnel, PATCHBAY_INVALID, 0, "the proxy's port is 1 to 65535");
    return PATCHBAY_OK;
}

/* Connects to one address before `tunnel->deadline`. 0, or an errno. */
static int connect_to(tunnel *tunnel, const struct addrinfo *address) {
    socklen_t size = sizeof(int);
    int failure = 0, yes = 1;
    tunnel->descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (tunnel->descriptor < 0) return errno;
    if (connect(tunnel->descriptor, address->ai_addr, address->ai_addrlen) != 0) {
        if (errno != EINPROGRESS && errno != EINTR) {
            failure = errno;
        } else if (tunnel_wait(tunnel, POLLOUT) != PATCHBAY_OK) {
            failure = ETIMEDOUT;
        } else if (getsockopt(tunnel->descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) != 0) {
            failure = errno;
        }
    }
    if (failure != 0) {
        close(tunnel->descriptor);
        tunnel->descriptor = -1;
        return failure;
    }
    /* A packet that waits for an acknowledgement is never what a message wants. */
    setsockopt(tunnel->descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return 0;
}

static int32_t explain(tunnel *tunnel, const endpoint *endpoint, int number) {
    int32_t status;
    switch (number) {
    case ECONNREFUSED: status = PATCHBAY_CONNECTION_REFUSED; break;
    case ETIMEDOUT: status = PATCHBAY_TIMED_OUT; break;
    case EHOSTUNREACH:
    case ENETUNREACH: status = PATCHBAY_UNREACHABLE; break;
    case EACCES:
    case EPERM: status = PATCHBAY_PERMISSION_DENIED; break;
    default: status = PATCHBAY_FAILED; break;
    }
    return tunnel_fail(tunnel, status, number, "cannot reach the proxy %s, port %s: %s; check the option proxy, and that the proxy runs",
                       endpoint->host, endpoint->port, strerrordesc_np(number));
}

int32_t dial_proxy(tunnel *tunnel, const char *proxy, size_t count) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG}, *found, *address;
    int64_t deadline = tunnel->deadline;
    endpoint endpoint;
    int failure, left = 0;
    int32_t status = parse(tunnel, proxy, count, &endpoint);
    if (status < 0) return status;
    failure = getaddrinfo(endpoint.host, endpoint.port, &hints, &found);
    if (failure != 0)
        return tunnel_fail(tunnel, failure == EAI_NONAME ? PATCHBAY_NOT_FOUND : PATCHBAY_UNREACHABLE, failure == EAI_SYSTEM ? errno : 0,
                           "cannot find the proxy's host %s: %s; check the option proxy", endpoint.host, gai_strerror(failure));
    for (address = found; address != NULL; address = address->ai_next) left += 1;
    failure = ETIMEDOUT;
    for (address = found; address != NULL; address = address->ai_next, left -= 1) {
        /* An address that is silent leaves its share of the time to the others. */
        if (deadline != INT64_MAX) {
            int64_t now = monotonic_now();
            tunnel->deadline = now + (deadline > now ? (deadline - now) / left : 0);
        }
        failure = connect_to(tunnel, address);
        if (failure == 0) break;
    }
    tunnel->deadline = deadline;
    freeaddrinfo(found);
    return failure == 0 ? PATCHBAY_OK : explain(tunnel, &endpoint, failure);
}
