// Stream sockets, and messages over them: a big-endian 32-bit length, then that many bytes.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { header_bytes = 4 };

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

// A socket that listens.
int listen_on(const struct address *address);

// The next connection, with `flags` of accept4. -1 when a listener that does not wait has none.
int accept_one(int listener, const struct address *address, int flags);

// Sends header and body with one system call, unless the socket takes less than all. Returns -1 after an error.
int send_message(int descriptor, const void *body, size_t length);

// Sends bytes as they are. Returns -1 after an error.
int send_all(int descriptor, const char *bytes, size_t count);
