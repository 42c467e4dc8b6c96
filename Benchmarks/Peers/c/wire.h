// Messages over blocking sockets: a big-endian 32-bit length, then that many bytes.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { header_bytes = 4 };

// Ends the process with a message, and with the reason in errno where there is one.
_Noreturn void fail(const char *what);

// realloc that never returns NULL.
void *allocate(void *old, size_t bytes);

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
    bool tcp;
};

// Takes tcp://ADDRESS:PORT and unix:///path; ends the process for anything else.
struct address parse_url(const char *url);

// Does nothing on Unix sockets. On TCP a small message would else wait for the acknowledgement of the one before.
void set_no_delay(int descriptor, const struct address *address);

// A connected socket, which the caller closes.
int dial(const struct address *address);

// Sends header and body with one system call, unless the socket takes less than all. Returns -1 after an error.
int send_message(int descriptor, const void *body, size_t length);

// Sends bytes as they are. Returns -1 after an error.
int send_all(int descriptor, const char *bytes, size_t count);

// Reads messages one by one. "exact" asks the kernel for the header, then for the body: two calls a message, nothing
// copied twice. "buffered" asks for as much as there is and cuts frames out of it: many small messages a call.
struct reader {
    int descriptor;
    bool buffered;
    char *data;  // The owner of the reader frees it.
    size_t capacity, start, end;
};

struct reader make_reader(int descriptor, bool buffered);

// The next message's body, valid until the next call, or NULL when there is none.
char *next_message(struct reader *reader, size_t *length);
