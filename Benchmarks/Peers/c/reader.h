// Messages read one by one from a socket that blocks.

#pragma once

#include "inbox.h"

// "Exact" asks the kernel for the header, then for the body: two calls a message, nothing copied twice. "Buffered" asks
// for as much as there is and cuts messages out of it: many small ones a call. "Spinning" asks without ever sleeping.
struct reader {
    int descriptor;
    bool buffered, spinning;
    struct inbox inbox;
};

struct reader make_reader(int descriptor, bool buffered, bool spinning);

// The next message's body, valid until the next call, or NULL when there is none.
char *next_message(struct reader *reader, size_t *length);
