// Bytes on their way into a socket that is not waited for.

#pragma once

#include <stdbool.h>
#include <stddef.h>

struct outbox {
    char *data;  // The owner of the outbox frees it.
    size_t capacity, start, end;
};

// How many bytes the socket has not taken.
size_t unsent(const struct outbox *outbox);

// Takes a message as a frame. A small one waits for send_unsent, as do those that follow it; a large one leaves at once from
// where it lies, after all that waits, and only what the socket does not take is copied. Returns -1 after an error.
int put_message(struct outbox *outbox, int descriptor, const char *body, size_t length);

// Takes bytes as they are, and leaves to send_unsent what the socket does not take at once. Returns -1 after an error.
int put_bytes(struct outbox *outbox, int descriptor, const char *bytes, size_t count);

// Sends as much as the socket takes. Returns -1 after an error.
int send_unsent(struct outbox *outbox, int descriptor);
