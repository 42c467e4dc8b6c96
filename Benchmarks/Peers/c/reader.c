#include "reader.h"

#include "program.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>

enum {
    exact_start_bytes = 4 << 10,
    buffered_start_bytes = 256 << 10,
};

struct reader make_reader(int descriptor, bool buffered, bool spinning) {
    size_t capacity = buffered ? buffered_start_bytes : exact_start_bytes;
    return (struct reader){descriptor, buffered, spinning, {allocate(NULL, capacity), capacity, 0, 0}};
}

static inline void breathe(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Returns how many bytes came: at least one; 0 at the end of the stream; below 0 after an error.
static ssize_t receive_some(const struct reader *reader, char *bytes, size_t count) {
    for (;;) {
        ssize_t received = recv(reader->descriptor, bytes, count, reader->spinning ? MSG_DONTWAIT : 0);
        if (received >= 0) return received;
        if (errno == EAGAIN && reader->spinning)
            breathe();
        else if (errno != EINTR)
            return received;
    }
}

static int receive_all(const struct reader *reader, char *bytes, size_t count) {
    while (count) {
        ssize_t received = receive_some(reader, bytes, count);
        if (received <= 0) return -1;
        bytes += received;
        count -= (size_t)received;
    }
    return 0;
}

static char *next_exact(struct reader *reader, size_t *length) {
    struct inbox *inbox = &reader->inbox;
    uint32_t header;
    if (receive_all(reader, (char *)&header, header_bytes)) return NULL;
    *length = ntohl(header);
    if (!*length || *length > largest_message_bytes) return NULL;
    if (*length > inbox->capacity) {
        inbox->capacity = *length;
        inbox->data = allocate(inbox->data, inbox->capacity);
    }
    return receive_all(reader, inbox->data, *length) ? NULL : inbox->data;
}

static char *next_buffered(struct reader *reader, size_t *length) {
    struct inbox *inbox = &reader->inbox;
    for (;;) {
        char *body = cut_message(inbox, length);
        if (body || !*length) return body;
        make_room(inbox, *length);
        ssize_t received = receive_some(reader, inbox->data + inbox->end, inbox->capacity - inbox->end);
        if (received <= 0) return NULL;
        inbox->end += (size_t)received;
    }
}

char *next_message(struct reader *reader, size_t *length) {
    return reader->buffered ? next_buffered(reader, length) : next_exact(reader, length);
}
