// What a peer has to offer to be measured: everything that differs from one to the next. The modes, the command line and
// the results are the same for all.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Errors end the process, wherever they are seen.
struct peer {
    // The words that may follow the arguments, on either side, and NULL.
    const char *flags[9];

    // Prints "ready" once it listens, and never returns.
    void (*serve)(const char *url);

    // A connection that is ready to send.
    void *(*open)(const char *url);
    void (*close)(void *connection);

    // Return when the peer has taken the message, or the next one has come, whose length it is. Two threads may call one
    // each at the same time if `has_two_ways`.
    void (*send)(void *connection, const char *message, size_t size);
    size_t (*receive)(void *connection);
    bool has_two_ways;

    // Sends a message again and again, as often as a batch holds, and returns how often. NULL: there are no batches.
    size_t (*send_batch)(void *connection, const char *message, size_t size);

    // Never wait. try_send's message stays as it is for good, so that no peer has to copy it.
    bool (*try_send)(void *connection, const char *message, size_t size);
    bool (*try_receive)(void *connection, size_t *length);
    // Lets go what try_send gathered. NULL: it gathers nothing.
    void (*flush)(void *connection);
    // Until a message is there, or with `to_send` there is room for one, or so many nanoseconds have passed.
    void (*wait)(void *connection, bool to_send, uint64_t nanoseconds);

    // Why a mode is left out, or NULL when it is not. NULL instead of the function: no mode is.
    const char *(*refusal)(const char *mode);

    // Modes that a peer has to do in its own way. NULL for the second: it holds connections as it opens others.
    void (*fan_in)(const char *url, int count, double seconds);
    void (*hold)(const char *url, int count);
};

// Whether a flag was given.
bool has_flag(const char *flag);

// Does what the command line asks of this peer. Returns main's status.
int run_peer(const struct peer *peer, int count, char **arguments);

// Tells whoever started this server that it listens.
void say_ready(void);
