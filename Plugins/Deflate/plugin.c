/* The processor `deflate`: RFC 1951, bare or in the wrapping of RFC 1950 or RFC 1952, over zlib. */
#include "deflate.h"

#include <stdlib.h>
#include <string.h>

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "deflate",
    "version": "1.0.0",
    "summary": "deflate, the compression of zlib and gzip, for messages and for streams",
    "layers": [{
        "kind": "processor",
        "name": "deflate",
        "summary": "compresses with deflate; on a stream what is sent can be read at once",
        "positions": ["message", "stream"],
        "expansion": 1032,
        "options": [
            {
                "name": "wrapping",
                "summary": "around the compressed data: zlib (RFC 1950), gzip (RFC 1952), or none (RFC 1951), which has no checksum",
                "type": "choice",
                "choices": ["zlib", "gzip", "none"],
                "default": "zlib",
                "changesWire": true
            },
            {
                "name": "level",
                "summary": "0 stores, 1 is fastest, 9 is smallest",
                "type": "integer",
                "minimum": 0,
                "maximum": 9,
                "default": "6"
            }
        ],
        "examples": ["json+deflate+tcp://127.0.0.1:7000", "lines+deflate+bare+tcp://127.0.0.1:7000?deflate.wrapping=none"]
    }]
})

/* 15 is the window of 32 KiB that every decoder has; the sign and the 16 are zlib's way to name the wrapping. */
static int window_bits(const patchbay_settings *settings) {
    const patchbay_option *wrapping = patchbay_find_option(settings, "wrapping");
    if (wrapping == NULL || wrapping->text.count != 4) return 15;
    if (memcmp(wrapping->text.data, "gzip", 4) == 0) return 15 + 16;
    return memcmp(wrapping->text.data, "none", 4) == 0 ? -15 : 15;
}

static int32_t create(const patchbay_settings *settings, uint32_t which, void **instance, patchbay_error *error) {
    const patchbay_option *level = patchbay_find_option(settings, "level");
    direction *self = calloc(1, sizeof *self);
    int result;
    if (self == NULL) return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left for a compressor");
    self->which = which;
    result = which == PATCHBAY_ENCODE ? deflateInit2(&self->stream, level == NULL ? 6 : (int)level->integer, Z_DEFLATED,
                                                     window_bits(settings), 8, Z_DEFAULT_STRATEGY)
                                      : inflateInit2(&self->stream, window_bits(settings));
    if (result != Z_OK) {
        free(self);
        return patchbay_fail(error, result == Z_MEM_ERROR ? PATCHBAY_OUT_OF_MEMORY : PATCHBAY_FAILED, 0, "zlib could not start");
    }
    *instance = self;
    return PATCHBAY_OK;
}

static int32_t push(void *instance, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
    direction *self = instance;
    return self->which == PATCHBAY_ENCODE ? encoder_push(self, data, count, flush, sink, error)
                                          : decoder_push(self, data, count, flush, sink, error);
}

static int32_t reset(void *instance, patchbay_error *error) {
    direction *self = instance;
    int result = self->which == PATCHBAY_ENCODE ? deflateReset(&self->stream) : inflateReset(&self->stream);
    self->ended = 0;
    return result == Z_OK ? PATCHBAY_OK : patchbay_fail(error, PATCHBAY_FAILED, 0, "zlib could not start anew");
}

static void destroy(void *instance) {
    direction *self = instance;
    if (self->which == PATCHBAY_ENCODE) {
        deflateEnd(&self->stream);
    } else {
        inflateEnd(&self->stream);
    }
    free(self);
}

int32_t output_begin(output *output, z_stream *stream) {
    size_t left = output->sink->remaining(output->sink);
    output->in_scrap = left < sizeof output->scrap;
    if (output->in_scrap) {
        output->room = sizeof output->scrap;
        stream->next_out = output->scrap;
    } else {
        int32_t status = output->sink->reserve(output->sink, left < 16384 ? left : 16384);
        if (status < 0) return status;
        output->room = output->sink->room_count < LARGEST_PIECE ? output->sink->room_count : LARGEST_PIECE;
        stream->next_out = output->sink->room;
    }
    stream->avail_out = (uInt)output->room;
    return PATCHBAY_OK;
}

int32_t output_end(output *output, const z_stream *stream) {
    size_t written = output->room - stream->avail_out;
    if (output->in_scrap) return written == 0 ? PATCHBAY_OK : output->sink->write(output->sink, output->scrap, written);
    return output->sink->commit(output->sink, written);
}

int32_t deflate_failure(patchbay_error *error, int32_t status, const z_stream *stream, const char *otherwise) {
    return patchbay_fail(error, status, 0, stream->msg != NULL ? stream->msg : otherwise);
}

static const patchbay_processor processor = {
    .size = sizeof processor, .create = create, .push = push, .reset = reset, .destroy = destroy};

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
    (void)host;
    (void)error;
    return &plugin;
}
