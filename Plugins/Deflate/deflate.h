/* The two directions of `deflate`, each an instance of its own. */
#ifndef DEFLATE_H
#define DEFLATE_H

#include "patchbay_plugin.h"

#include <zlib.h>

/* One direction on one connection. */
typedef struct direction {
    z_stream stream;
    uint32_t which;
    /* Decoding: the compressed data ended, and nothing may follow before the message or the stream does. */
    int ended;
} direction;

/* What zlib is given at once: its counts have 32 bits. */
#define LARGEST_PIECE ((size_t)1 << 30)

/* Where zlib writes to: the host's own memory, or, close to the sink's bound, a scrap of ours, so that the byte too many is seen. */
typedef struct output {
    patchbay_sink *sink;
    Bytef scrap[64];
    size_t room;
    int in_scrap;
} output;

int32_t output_begin(output *output, z_stream *stream);
int32_t output_end(output *output, const z_stream *stream);

int32_t encoder_push(direction *self, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error);
int32_t decoder_push(direction *self, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error);

/* Says what zlib said. */
int32_t deflate_failure(patchbay_error *error, int32_t status, const z_stream *stream, const char *otherwise);

#endif
