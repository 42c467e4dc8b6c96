#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    largest_message_bytes = 64 << 20,
    exact_start_bytes = 4 << 10,
    buffered_start_bytes = 256 << 10,
};

_Noreturn void fail(const char *what) {
    fprintf(stderr, "raw: %s: %s\n", what, errno ? strerror(errno) : "the peer closed or sent something else");
    exit(1);
}

void *allocate(void *old, size_t bytes) {
    void *memory = realloc(old, bytes);
    if (!memory) fail("realloc");
    return memory;
}

// Sockets

static _Noreturn void bad_url(const char *url) {
    fprintf(stderr, "raw: '%s' is neither tcp://ADDRESS:PORT nor unix:///path\n", url);
    exit(2);
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

// Sending

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

// Receiving

struct reader make_reader(int descriptor, bool buffered) {
    size_t capacity = buffered ? buffered_start_bytes : exact_start_bytes;
    return (struct reader){descriptor, buffered, allocate(NULL, capacity), capacity, 0, 0};
}

// Returns how many bytes came: at least one; 0 at the end of the stream; below 0 after an error.
static ssize_t receive_some(int descriptor, char *bytes, size_t count) {
    for (;;) {
        ssize_t received = recv(descriptor, bytes, count, 0);
        if (received >= 0 || errno != EINTR) return received;
    }
}

static int receive_all(int descriptor, char *bytes, size_t count) {
    while (count) {
        ssize_t received = receive_some(descriptor, bytes, count);
        if (received <= 0) return -1;
        bytes += received;
        count -= (size_t)received;
    }
    return 0;
}

static char *next_exact(struct reader *reader, size_t *length) {
    uint32_t header;
    if (receive_all(reader->descriptor, (char *)&header, header_bytes)) return NULL;
    *length = ntohl(header);
    if (*length > largest_message_bytes) return NULL;
    if (*length > reader->capacity) {
        reader->capacity = *length;
        reader->data = allocate(reader->data, reader->capacity);
    }
    return receive_all(reader->descriptor, reader->data, *length) ? NULL : reader->data;
}

static char *next_buffered(struct reader *reader, size_t *length) {
    for (;;) {
        size_t have = reader->end - reader->start, need = header_bytes;
        if (have >= header_bytes) {
            uint32_t header;
            memcpy(&header, reader->data + reader->start, header_bytes);
            *length = ntohl(header);
            if (*length > largest_message_bytes) return NULL;
            need += *length;
            if (have >= need) {
                char *body = reader->data + reader->start + header_bytes;
                reader->start += need;
                return body;
            }
        }
        // A frame that is not whole moves to the front when it would not fit, or when little room is left behind it.
        if (reader->start && (have == 0 || reader->capacity - reader->start < need
                              || reader->capacity - reader->end < reader->capacity / 4)) {
            memmove(reader->data, reader->data + reader->start, have);
            reader->start = 0;
            reader->end = have;
        }
        if (need > reader->capacity) {
            reader->capacity = 2 * need;
            reader->data = allocate(reader->data, reader->capacity);
        }
        ssize_t received = receive_some(reader->descriptor, reader->data + reader->end, reader->capacity - reader->end);
        if (received <= 0) return NULL;
        reader->end += (size_t)received;
    }
}

char *next_message(struct reader *reader, size_t *length) {
    return reader->buffered ? next_buffered(reader, length) : next_exact(reader, length);
}
