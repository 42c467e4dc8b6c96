/* JSON to tokens and back, over simdjson. */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include "patchbay_plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [any] Each thread has a parser of its own, which keeps its memory for the next message. */
int32_t document_decode(void *instance, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error);
int32_t document_encode(void *instance, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error);

#ifdef __cplusplus
}
#endif

#endif
