/* The processor of the benchmarks: masking.h behind the plugin interface. */
#include "masking.h"
#include "patchbay_plugin.h"

#include <string.h>

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "c-masking",
    "version": "1.0.0",
    "summary": "a processor for the benchmarks",
    "layers": [{"kind": "processor", "name": "c-masking", "summary": "masks every byte", "positions": ["message"], "expansion": 1}]
})

static int32_t create(const patchbay_settings *settings, uint32_t direction, void **instance, patchbay_error *error) {
    (void)settings;
    (void)direction;
    (void)error;
    *instance = NULL;
    return PATCHBAY_OK;
}

static int32_t push(void *instance, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
    int32_t status = sink->reserve(sink, count);
    (void)instance;
    (void)flush;
    if (status < 0) return patchbay_fail(error, status, 0, "the message is larger than the host allows");
    masking_apply((const uint8_t *)data, (uint8_t *)sink->room, count);
    return sink->commit(sink, count);
}

static int32_t reset(void *instance, patchbay_error *error) {
    (void)instance;
    (void)error;
    return PATCHBAY_OK;
}

static void destroy(void *instance) { (void)instance; }

static const patchbay_processor processor = {sizeof processor, 0, create, push, reset, destroy};

static const void *interface(const char *id) { return strcmp(id, PATCHBAY_PROCESSOR) == 0 ? &processor : NULL; }

static const patchbay_plugin plugin = {
    sizeof plugin, PATCHBAY_MAGIC, PATCHBAY_ABI_MAJOR, PATCHBAY_ABI_MINOR, PATCHBAY_THREADS_INSTANCE, 0, patchbay_metadata, interface};

PATCHBAY_EXPORT const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    (void)host;
    (void)error;
    return &plugin;
}
