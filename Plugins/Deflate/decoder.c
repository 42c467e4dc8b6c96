#include "deflate.h"

/* Runs zlib until it has taken one piece of the input and given all that came of it. */
static int32_t run(direction *self, patchbay_sink *sink, patchbay_error *error) {
    output output = {.sink = sink};
    while (!self->ended) {
        int32_t status = output_begin(&output, &self->stream);
        int result;
        if (status < 0) return patchbay_fail(error, status, 0, "the data expands beyond the limit; raise max-message if it is trusted");
        result = inflate(&self->stream, Z_SYNC_FLUSH);
        switch (result) {
        case Z_OK:
        case Z_BUF_ERROR: break;
        case Z_STREAM_END: self->ended = 1; break;
        case Z_NEED_DICT:
            return patchbay_fail(error, PATCHBAY_UNSUPPORTED, 0, "the data needs a preset dictionary, which deflate here has not");
        case Z_MEM_ERROR: return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to decompress");
        case Z_DATA_ERROR: return deflate_failure(error, PATCHBAY_CORRUPT, &self->stream, "the compressed data is damaged");
        default: return deflate_failure(error, PATCHBAY_FAILED, &self->stream, "zlib lost its state");
        }
        status = output_end(&output, &self->stream);
        if (status < 0) return patchbay_fail(error, status, 0, "the data expands beyond the limit; raise max-message if it is trusted");
        if (self->stream.avail_out != 0) break;
    }
    if (self->stream.avail_in != 0) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "there are bytes behind the end of the compressed data");
    return PATCHBAY_OK;
}

int32_t decoder_push(direction *self, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
    const Bytef *next = data;
    while (count > 0) {
        size_t piece = count < LARGEST_PIECE ? count : LARGEST_PIECE;
        int32_t status;
        self->stream.next_in = (z_const Bytef *)next;
        self->stream.avail_in = (uInt)piece;
        status = run(self, sink, error);
        if (status < 0) return status;
        next += piece;
        count -= piece;
    }
    if (flush != PATCHBAY_FLUSH_FINISH) return PATCHBAY_OK;
    if (!self->ended) return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the compressed data ends too early");
    self->ended = 0;
    inflateReset(&self->stream);
    return PATCHBAY_OK;
}
