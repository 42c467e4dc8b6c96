#define _GNU_SOURCE
#include "codec.h"

#include <stdlib.h>
#include <string.h>

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "yaml",
    "version": "1.0.0",
    "summary": "YAML 1.2, over libyaml",
    "layers": [{
        "kind": "codec",
        "name": "yaml",
        "summary": "YAML documents, one for each message, read in the core schema; duplicate keys and merge keys are refused",
        "bytesAsText": false,
        "integerKeys": true,
        "options": [
            {
                "name": "style",
                "summary": "of what is written: block, with a line for each value, or flow, all on one line",
                "type": "choice",
                "choices": ["block", "flow"],
                "default": "block"
            },
            {
                "name": "alias-values",
                "summary": "how many values, and containers, aliases may add to one message",
                "type": "integer",
                "minimum": 0,
                "maximum": 1000000000,
                "default": "100000"
            }
        ],
        "examples": ["yaml+tcp://127.0.0.1:7000", "yaml+lines+bare+unix:///run/worker.sock?style=flow"]
    }]
})

static int32_t create(const patchbay_settings *settings, void **instance, patchbay_error *error) {
    const patchbay_option *style = patchbay_find_option(settings, "style"), *aliases = patchbay_find_option(settings, "alias-values");
    codec *self = calloc(1, sizeof *self);
    if (self != NULL) self->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (self == NULL || self->locale == (locale_t)0) {
        free(self);
        return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left for a codec");
    }
    self->flow = style != NULL && style->text.count == 4 && memcmp(style->text.data, "flow", 4) == 0;
    self->alias_tokens = aliases == NULL ? 100000 : (size_t)aliases->integer;
    *instance = self;
    return PATCHBAY_OK;
}

static void destroy(void *instance) {
    codec *self = instance;
    freelocale(self->locale);
    free(self);
}

/* With the C locale around it, on this thread alone. */
static int32_t decode_locally(void *instance, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error) {
    locale_t before = uselocale(((const codec *)instance)->locale);
    int32_t status = decode(instance, message, count, tape, error);
    uselocale(before);
    return status;
}

static int32_t encode_locally(void *instance, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error) {
    locale_t before = uselocale(((const codec *)instance)->locale);
    int32_t status = encode(instance, tape, sink, error);
    uselocale(before);
    return status;
}

static const patchbay_codec table = {
    .size = sizeof table, .create = create, .decode = decode_locally, .encode = encode_locally, .destroy = destroy};

static const void *interface(const char *id) { return strcmp(id, PATCHBAY_CODEC) == 0 ? &table : NULL; }

/* An instance never changes, so calls may overlap. */
static const patchbay_plugin plugin = {
    .size = sizeof plugin,
    .magic = PATCHBAY_MAGIC,
    .major = PATCHBAY_ABI_MAJOR,
    .minor = PATCHBAY_ABI_MINOR,
    .threads = PATCHBAY_THREADS_PARALLEL,
    .metadata = patchbay_metadata,
    .interface = interface,
};

const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    (void)host;
    (void)error;
    return &plugin;
}
