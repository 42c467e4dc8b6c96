#define _GNU_SOURCE  // accept4

#include "wire.h"

#include "program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { backlog = 4096 };

static _Noreturn void bad_url(const char *url) {
    fail_because(url, "neither tcp://ADDRESS:PORT nor unix:///path");
}

struct address parse_url(const char *url) {
    struct address address = {0};
    if (!strncmp(url, "unix://", 7)) {
        struct sockaddr_un *unix_address = (struct sockaddr_un *)&address.storage;
        if (strlen(url + 7) >= sizeof unix_address->sun_path) bad_url(url);
        unix_address->sun_family = AF_UNIX;
        strcpy(unix_address->sun_path, url + 7);
        address.length = sizeof *unix_address;
        return address;
    }
    char host[64];
    unsigned short port;
    struct sockaddr_in *internet = (struct sockaddr_in *)&address.storage;
    if (sscanf(url, "tcp://%63[0-9.]:%hu", host, &port) != 2 || inet_pton(AF_INET, host, &internet->sin_addr) != 1) bad_url(url);
    internet->sin_family = AF_INET;
    internet->sin_port = htons(port);
    address.length = sizeof *internet;
    address.tcp = true;
    return address;
}

void set_no_delay(int descriptor, const struct address *address) {
    int on = 1;
    if (address->tcp && setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)) fail("TCP_NODELAY");
}

int dial(const struct address *address) {
    int descriptor = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket");
    set_no_delay(descriptor, address);
    if (connect(descriptor, (const struct sockaddr *)&address->storage, address->length)) fail("connect");
    return descriptor;
}

int listen_on(const struct address *address) {
    int on = 1, listener = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) fail("socket");
    if (address->tcp && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)) fail("SO_REUSEADDR");
    if (bind(listener, (const struct sockaddr *)&address->storage, address->length)) fail("bind");
    if (listen(listener, backlog)) fail("listen");
    return listener;
}

int accept_one(int listener, const struct address *address, int flags) {
    for (;;) {
        int descriptor = accept4(listener, NULL, NULL, flags | SOCK_CLOEXEC);
        if (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (descriptor < 0 && errno == EAGAIN) return -1;
        if (descriptor < 0) fail("accept");
        set_no_delay(descriptor, address);
        return descriptor;
    }
}

int send_message(int descriptor, const void *body, size_t length) {
    uint32_t header = htonl((uint32_t)length);
    struct iovec pieces[2] = {{&header, header_bytes}, {(void *)body, length}};
    int first = 0;
    while (first < 2) {
        ssize_t sent = writev(descriptor, pieces + first, 2 - first);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return -1;
        size_t left = (size_t)sent;
        while (first < 2 && left >= pieces[first].iov_len) left -= pieces[first++].iov_len;
        if (first < 2) {
            pieces[first].iov_base = (char *)pieces[first].iov_base + left;
            pieces[first].iov_len -= left;
        }
    }
    return 0;
}

int send_all(int descriptor, const char *bytes, size_t count) {
    while (count) {
        ssize_t sent = send(descriptor, bytes, count, 0);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return -1;
        bytes += sent;
        count -= (size_t)sent;
    }
    return 0;
}
