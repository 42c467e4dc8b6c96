/* A host in C for the tests of the plugins in C: loads one as a host does, and plays the host's side of the tables. */
#ifndef HOST_H
#define HOST_H

#include "patchbay_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the test with the line that failed. */
#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

/* Loads the plugin, and gives its table for `interface_id`. */
const void *host_load(const char *path, const char *interface_id);
const patchbay_plugin *host_plugin(void);

/* Settings from `name=value` pairs ended by NULL; secrets are written `!name=value`. Text that is a number is an integer as well. */
patchbay_settings *host_settings(const char *layer, const char *const pairs[]);
void host_settings_free(patchbay_settings *settings);

/* A sink that keeps what it gets, up to its bound. */
typedef struct host_sink {
    patchbay_sink sink;
    uint8_t *data;
    size_t count;
    size_t bound;
    uint8_t *room;
    int messages;
} host_sink;

host_sink *host_sink_new(size_t bound);
void host_sink_clear(host_sink *sink);
void host_sink_free(host_sink *sink);

/* A tape that grows one step at a time, so that every write beyond its capacity is seen by the address sanitizer. */
patchbay_tape *host_tape_new(size_t token_bound, size_t arena_bound);
void host_tape_free(patchbay_tape *tape);
/* Ends the test where the tape breaks a rule of the interface. */
void host_tape_check(const patchbay_tape *tape, size_t message_count);
/* The value of a tape as one line, for comparing. Free it. */
char *host_tape_text(const patchbay_tape *tape, const void *message);

patchbay_error *host_error(void);

/* What `done` got; `calls` tells how often. */
typedef struct host_outcome {
    int calls;
    int32_t status;
    int32_t descriptor;
    uint32_t flags;
    char message[512];
} host_outcome;
void host_done(void *context, const patchbay_outcome *outcome);

/* Pseudorandom bytes from a seed, the same on every machine. */
uint32_t host_random(uint32_t *seed);

#endif
