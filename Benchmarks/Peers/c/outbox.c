#include "outbox.h"

#include "program.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

enum {
    large_message_bytes = 16 << 10,
    start_bytes = 16 << 10,
};

size_t unsent(const struct outbox *outbox) {
    return outbox->end - outbox->start;
}

static void append(struct outbox *outbox, const void *bytes, size_t count) {
    if (outbox->capacity - outbox->end < count) {
        size_t have = unsent(outbox);
        if (have) memmove(outbox->data, outbox->data + outbox->start, have);
        outbox->start = 0;
        outbox->end = have;
        if (outbox->capacity < have + count) {
            outbox->capacity = 2 * (have + count) + start_bytes;
            outbox->data = allocate(outbox->data, outbox->capacity);
        }
    }
    memcpy(outbox->data + outbox->end, bytes, count);
    outbox->end += count;
}

// How many bytes the socket took, or -1 after an error.
static ssize_t send_now(int descriptor, struct iovec *pieces, size_t count) {
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    for (;;) {
        ssize_t sent = sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        return sent < 0 && errno == EAGAIN ? 0 : sent;
    }
}

int send_unsent(struct outbox *outbox, int descriptor) {
    while (unsent(outbox)) {
        struct iovec piece = {outbox->data + outbox->start, unsent(outbox)};
        ssize_t sent = send_now(descriptor, &piece, 1);
        if (sent < 0) return -1;
        if (!sent) return 0;
        outbox->start += (size_t)sent;
    }
    outbox->start = outbox->end = 0;
    return 0;
}

int put_message(struct outbox *outbox, int descriptor, const char *body, size_t length) {
    uint32_t header = htonl((uint32_t)length);
    size_t sent = 0;
    if (length >= large_message_bytes) {
        if (send_unsent(outbox, descriptor)) return -1;
        if (!unsent(outbox)) {
            struct iovec pieces[2] = {{&header, header_bytes}, {(void *)body, length}};
            ssize_t taken = send_now(descriptor, pieces, 2);
            if (taken < 0) return -1;
            sent = (size_t)taken;
        }
    }
    if (sent < header_bytes) append(outbox, (char *)&header + sent, header_bytes - sent);
    size_t skipped = sent > header_bytes ? sent - header_bytes : 0;
    if (skipped < length) append(outbox, body + skipped, length - skipped);
    return 0;
}

int put_bytes(struct outbox *outbox, int descriptor, const char *bytes, size_t count) {
    size_t sent = 0;
    if (!unsent(outbox)) {
        struct iovec piece = {(void *)bytes, count};
        ssize_t taken = send_now(descriptor, &piece, 1);
        if (taken < 0) return -1;
        sent = (size_t)taken;
    }
    if (sent < count) append(outbox, bytes + sent, count - sent);
    return 0;
}
