#include "deflate.h"

/* Runs zlib until it took all its input and, for a flush, gave all its output. */
static int32_t run(direction *self, int mode, patchbay_sink *sink, patchbay_error *error) {
    output output = {.sink = sink};
    for (;;) {
        int32_t status = output_begin(&output, &self->stream);
        int result;
        if (status < 0) return patchbay_fail(error, status, 0, "the compressed data is larger than the limit; raise max-message");
        result = deflate(&self->stream, mode);
        /* Z_BUF_ERROR is no failure: there was nothing to do, as for a second flush behind a first. */
        if (result == Z_STREAM_ERROR) return deflate_failure(error, PATCHBAY_FAILED, &self->stream, "zlib lost its state");
        status = output_end(&output, &self->stream);
        if (status < 0) return patchbay_fail(error, status, 0, "the compressed data is larger than the limit; raise max-message");
        if (mode == Z_FINISH ? result == Z_STREAM_END : self->stream.avail_out != 0) return PATCHBAY_OK;
    }
}

int32_t encoder_push(direction *self, const void *data, size_t count, uint32_t flush, patchbay_sink *sink, patchbay_error *error) {
    const Bytef *next = data;
    int32_t status = PATCHBAY_OK;
    while (count > LARGEST_PIECE) {
        self->stream.next_in = (z_const Bytef *)next;
        self->stream.avail_in = (uInt)LARGEST_PIECE;
        status = run(self, Z_NO_FLUSH, sink, error);
        if (status < 0) return status;
        next += LARGEST_PIECE;
        count -= LARGEST_PIECE;
    }
    self->stream.next_in = (z_const Bytef *)next;
    self->stream.avail_in = (uInt)count;
    status = run(self, flush == PATCHBAY_FLUSH_FINISH ? Z_FINISH : flush == PATCHBAY_FLUSH_SYNC ? Z_SYNC_FLUSH : Z_NO_FLUSH, sink, error);
    if (status == PATCHBAY_OK && flush == PATCHBAY_FLUSH_FINISH) deflateReset(&self->stream);
    return status;
}
