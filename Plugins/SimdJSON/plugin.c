#include "document.h"

#include <string.h>

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "simdjson",
    "version": "1.0.0",
    "summary": "JSON, over simdjson",
    "layers": [{
        "kind": "codec",
        "name": "simdjson",
        "summary": "JSON (RFC 8259) read by simdjson, for long documents; bytes as base64 text; integers of more than 64 bits are refused",
        "bytesAsText": true,
        "integerKeys": false,
        "examples": ["simdjson+tcp://127.0.0.1:7000"]
    }]
})

static int32_t create(const patchbay_settings *settings, void **instance, patchbay_error *error) {
    (void)settings;
    (void)error;
    *instance = NULL;
    return PATCHBAY_OK;
}

static void destroy(void *instance) { (void)instance; }

static const patchbay_codec table = {
    .size = sizeof table, .create = create, .decode = document_decode, .encode = document_encode, .destroy = destroy};

static const void *interface(const char *id) { return strcmp(id, PATCHBAY_CODEC) == 0 ? &table : NULL; }

/* There is nothing in an instance, so calls may overlap. */
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
