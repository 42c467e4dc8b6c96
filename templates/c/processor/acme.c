/*
 * The processor `acme`, as a plugin for Patchbay: it exclusive-ors every byte with a mask, which hides nothing from anybody.
 *
 * Replace `push` with yours. A processor that keeps bytes back between two calls keeps them in its instance, gives all of them at
 * PATCHBAY_FLUSH_SYNC and PATCHBAY_FLUSH_FINISH, and forgets them in `reset`.
 */
#include <stdlib.h>
#include <string.h>

#include "patchbay_plugin.h"

/* What `patchbay list` and resolution read from the file, with none of this code run. docs/plugin-abi.md has every field. */
PATCHBAY_METADATA({
  "patchbay": "1.0",
  "name": "acme",
  "version": "0.1.0",
  "summary": "bytes under a mask",
  "layers": [
    {
      "kind": "processor",
      "name": "acme",
      "summary": "exclusive-ors every byte with a mask",
      "options": [
        { "name": "mask", "summary": "what every byte is exclusive-ored with", "type": "byte", "default": "0x20", "changesWire": true }
      ],
      "examples": ["json+acme+tcp://127.0.0.1:7000", "json+acme+tcp://127.0.0.1:7000?acme.mask=0xff"],
      "positions": ["message", "stream"],
      "expansion": 1
    }
  ]
})

/* One direction on one connection. */
typedef struct {
    uint8_t mask;
} step;

static int32_t create(const patchbay_settings *settings, uint32_t direction, void **instance, patchbay_error *error) {
    /* Both directions do the same here; a compression would look at PATCHBAY_ENCODE and PATCHBAY_DECODE. */
    (void)direction;
    const patchbay_option *mask = patchbay_find_option(settings, "mask");
    step *made = malloc(sizeof *made);
    if (made == NULL) return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory left");
    made->mask = mask ? (uint8_t)mask->integer : 0x20;
    *instance = made;
    return PATCHBAY_OK;
}

static int32_t push(void *instance, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
    const step *step = instance;
    const uint8_t *bytes = data;
    /* Nothing is kept back, so there is nothing to flush. */
    (void)flush;
    if (count == 0) return PATCHBAY_OK;
    int32_t status = sink->reserve(sink, count);
    if (status < 0) return patchbay_fail(error, status, 0, "more than the host allows; raise max-message if that is intended");
    uint8_t *room = sink->room;
    for (size_t index = 0; index < count; index += 1) room[index] = bytes[index] ^ step->mask;
    return sink->commit(sink, count);
}

static int32_t reset(void *instance, patchbay_error *error) {
    (void)instance, (void)error;
    return PATCHBAY_OK;
}

static void destroy(void *instance) {
    free(instance);
}

static const patchbay_processor table = {sizeof table, 0, create, push, reset, destroy};

static const void *interface(const char *id) {
    return strcmp(id, PATCHBAY_PROCESSOR) == 0 ? &table : NULL;
}

const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    static const patchbay_plugin plugin = {sizeof plugin, PATCHBAY_MAGIC, PATCHBAY_ABI_MAJOR, PATCHBAY_ABI_MINOR, PATCHBAY_THREADS_INSTANCE, 0,
                                           patchbay_metadata, interface};
    if (host->major != PATCHBAY_ABI_MAJOR) {
        patchbay_fail(error, PATCHBAY_UNSUPPORTED, 0, "acme is built for version 1 of the plugin interface");
        return NULL;
    }
    return &plugin;
}
