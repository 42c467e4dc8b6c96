/* The processor `rot13`: letters move by 13 places, or by another number. docs/plugins/c.md explains it line by line. */
#include "patchbay_plugin.h"

#include <stdlib.h>
#include <string.h>

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "rot13",
    "version": "1.0.0",
    "summary": "moves letters along the alphabet: a toy, and no encryption",
    "layers": [{
        "kind": "processor",
        "name": "rot13",
        "summary": "moves letters along the alphabet",
        "positions": ["message", "stream"],
        "expansion": 1,
        "options": [{"name": "by", "summary": "how many places", "type": "integer", "minimum": 1, "maximum": 25, "default": "13"}],
        "examples": ["text+rot13+tcp://127.0.0.1:7000", "text+rot13+tcp://127.0.0.1:7000?by=3"]
    }]
})

typedef struct rotation {
    int by;
} rotation;

static int32_t create(const patchbay_settings *settings, uint32_t direction, void **instance, patchbay_error *error) {
    const patchbay_option *by = patchbay_find_option(settings, "by");
    rotation *self = malloc(sizeof *self);
    if (self == NULL) return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left for rot13");
    self->by = by == NULL ? 13 : (int)by->integer;
    if (direction == PATCHBAY_DECODE) self->by = 26 - self->by;
    *instance = self;
    return PATCHBAY_OK;
}

static uint8_t rotated(uint8_t byte, int by) {
    if (byte >= 'a' && byte <= 'z') return (uint8_t)('a' + (byte - 'a' + by) % 26);
    if (byte >= 'A' && byte <= 'Z') return (uint8_t)('A' + (byte - 'A' + by) % 26);
    return byte;
}

static int32_t push(void *instance, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
    const rotation *self = instance;
    const uint8_t *bytes = data;
    uint8_t *room;
    size_t index;
    int32_t status = sink->reserve(sink, count);
    (void)flush;
    if (status < 0) return patchbay_fail(error, status, 0, "the message is larger than the limit; raise max-message");
    room = sink->room;
    for (index = 0; index < count; index += 1) room[index] = rotated(bytes[index], self->by);
    return sink->commit(sink, count);
}

static int32_t reset(void *instance, patchbay_error *error) {
    (void)instance, (void)error;
    return PATCHBAY_OK;
}

static const patchbay_processor processor = {
    .size = sizeof processor, .create = create, .push = push, .reset = reset, .destroy = free};

static const void *interface(const char *id) { return strcmp(id, PATCHBAY_PROCESSOR) == 0 ? &processor : NULL; }

static const patchbay_plugin plugin = {
    .size = sizeof plugin,
    .magic = PATCHBAY_MAGIC,
    .major = PATCHBAY_ABI_MAJOR,
    .minor = PATCHBAY_ABI_MINOR,
    .threads = PATCHBAY_THREADS_INSTANCE,
    .metadata = patchbay_metadata,
    .interface = interface,
};

const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    (void)host, (void)error;
    return &plugin;
}
