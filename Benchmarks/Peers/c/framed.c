#define _GNU_SOURCE  // ppoll

#include "framed.h"

#include "inbox.h"
#include "outbox.h"
#include "program.h"
#include "reader.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    batch_bytes = 64 << 10,
    calls_at_once = 64,
    most_unsent_bytes = 256 << 10,
    inbox_bytes = 256 << 10,
};

struct connection {
    struct reader reader;
    struct inbox inbox;
    struct outbox outbox;
    char *batch;  // What send_batch sends: copies of one message.
    bool drained;
    bool batched;
};

void *open_framed(const char *url) {
    struct address address = parse_url(url);
    struct connection *connection = allocate(NULL, sizeof *connection);
    *connection = (struct connection){
        .reader = make_reader(dial(&address), has_flag("buffered"), has_flag("spin")),
        .batched = has_flag("batched"),
    };
    return connection;
}

void close_framed(void *opaque) {
    struct connection *connection = opaque;
    close(connection->reader.descriptor);
    free(connection->reader.inbox.data);
    free(connection->inbox.data);
    free(connection->outbox.data);
    free(connection->batch);
    free(connection);
}

void send_framed(void *opaque, const char *message, size_t size) {
    struct connection *connection = opaque;
    if (send_message(connection->reader.descriptor, message, size)) fail("send");
}

size_t receive_framed(void *opaque) {
    struct connection *connection = opaque;
    size_t length;
    errno = 0;
    if (!next_message(&connection->reader, &length)) fail("receive");
    return length;
}

size_t send_batch_framed(void *opaque, const char *message, size_t size) {
    struct connection *connection = opaque;
    size_t frame = header_bytes + size, count = batch_bytes / frame;
    if (!connection->batched || count < 2) {
        size_t calls = size > 4096 ? 1 : calls_at_once;
        for (size_t i = 0; i < calls; i++) send_framed(connection, message, size);
        return calls;
    }
    // Filled anew each time, as by a program whose messages differ.
    if (!connection->batch) connection->batch = allocate(NULL, batch_bytes);
    uint32_t header = htonl((uint32_t)size);
    for (size_t i = 0; i < count; i++) {
        memcpy(connection->batch + i * frame, &header, header_bytes);
        memcpy(connection->batch + i * frame + header_bytes, message, size);
    }
    if (send_all(connection->reader.descriptor, connection->batch, count * frame)) fail("send");
    return count;
}

bool try_send_framed(void *opaque, const char *message, size_t size) {
    struct connection *connection = opaque;
    if (unsent(&connection->outbox) > most_unsent_bytes) {
        flush_framed(connection);
        if (unsent(&connection->outbox) > most_unsent_bytes) return false;
    }
    if (put_message(&connection->outbox, connection->reader.descriptor, message, size)) fail("send");
    if (!connection->batched) flush_framed(connection);
    return true;
}

void flush_framed(void *opaque) {
    struct connection *connection = opaque;
    if (send_unsent(&connection->outbox, connection->reader.descriptor)) fail("send");
}

// A read that does not fill the buffer has emptied the socket: the next call then says so without another.
bool try_receive_framed(void *opaque, size_t *length) {
    struct connection *connection = opaque;
    struct inbox *inbox = &connection->inbox;
    for (;;) {
        if (cut_message(inbox, length)) return true;
        errno = 0;
        if (!*length) fail("receive");
        if (connection->drained) {
            connection->drained = false;
            return false;
        }
        make_room(inbox, *length > inbox_bytes ? *length : inbox_bytes);
        size_t room = inbox->capacity - inbox->end;
        ssize_t received = recv(connection->reader.descriptor, inbox->data + inbox->end, room, MSG_DONTWAIT);
        if (received < 0 && errno == EAGAIN) return false;
        if (received <= 0) fail("receive");
        inbox->end += (size_t)received;
        connection->drained = (size_t)received < room;
    }
}

void wait_framed(void *opaque, bool to_send, uint64_t nanoseconds) {
    struct connection *connection = opaque;
    bool unsent_bytes = unsent(&connection->outbox);
    struct pollfd poll = {connection->reader.descriptor, (short)(POLLIN | (to_send || unsent_bytes ? POLLOUT : 0)), 0};
    struct timespec time = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    if (ppoll(&poll, 1, &time, NULL) < 0 && errno != EINTR) fail("ppoll");
}
