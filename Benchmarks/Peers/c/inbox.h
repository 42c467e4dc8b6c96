// Bytes that came, cut into messages.

#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { largest_message_bytes = 64 << 20 };

struct inbox {
    char *data;  // The owner of the inbox frees it.
    size_t capacity, start, end;
};

// The next whole message's body, valid until more bytes are read, or NULL: then `length` is the number of bytes, header
// included, that the message needs as far as is known, and 0 for one that is longer than is allowed.
char *cut_message(struct inbox *inbox, size_t *length);

// Makes room behind the bytes that are there for a message of that many in all, header included.
void make_room(struct inbox *inbox, size_t need);
