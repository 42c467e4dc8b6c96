#define _GNU_SOURCE
#include "codec.h"

#include "base64.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A container that is open: the index behind its last token. */
typedef struct frame {
    size_t end;
    uint8_t kind;
} frame;

typedef struct writer {
    const codec *codec;
    const patchbay_tape *tape;
    patchbay_sink *sink;
    patchbay_error *error;
    yaml_emitter_t emitter;
    /* What the sink said, where it refused. */
    int32_t refused;
    /* A line end that was not written yet: the last one is dropped in the flow style. */
    int held_line_end;
    frame *frames;
    size_t frame_count;
} writer;

static int32_t unfit(writer *self, const char *text) { return patchbay_fail(self->error, PATCHBAY_UNFIT, 0, text); }

static int write_bytes(void *context, unsigned char *bytes, size_t count) {
    writer *self = context;
    if (count == 0) return 1;
    if (self->held_line_end) self->refused = self->sink->write(self->sink, "\n", 1);
    self->held_line_end = bytes[count - 1] == '\n';
    if (self->refused == PATCHBAY_OK && count > (size_t)self->held_line_end)
        self->refused = self->sink->write(self->sink, bytes, count - (size_t)self->held_line_end);
    return self->refused == PATCHBAY_OK;
}

/* `made` is whether the event could be made at all. The emitter takes it over. */
static int32_t emit(writer *self, yaml_event_t *event, int made) {
    if (!made) return patchbay_fail(self->error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to encode");
    if (yaml_emitter_emit(&self->emitter, event)) return PATCHBAY_OK;
    if (self->refused != PATCHBAY_OK) return patchbay_fail(self->error, self->refused, 0, "the message is larger than the limit; raise max-message");
    if (self->emitter.error == YAML_MEMORY_ERROR) return patchbay_fail(self->error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to encode");
    return unfit(self, self->emitter.problem == NULL ? "YAML cannot say this value" : self->emitter.problem);
}

static int32_t emit_scalar(writer *self, const char *tag, const void *text, size_t count, yaml_scalar_style_t style) {
    yaml_event_t event;
    if (count > INT_MAX) return patchbay_fail(self->error, PATCHBAY_LIMIT, 0, "a text of more than 2 GiB cannot be written as YAML");
    return emit(self, &event,
                yaml_scalar_event_initialize(&event, NULL, (const yaml_char_t *)tag, (const yaml_char_t *)(count == 0 ? "" : text), (int)count,
                                             tag == NULL, tag == NULL, style));
}

static int32_t emit_plain(writer *self, const char *text) { return emit_scalar(self, NULL, text, strlen(text), YAML_PLAIN_SCALAR_STYLE); }

/* Control characters, and the line ends that only YAML knows: U+0085, U+2028, U+2029. */
static int needs_escapes(const uint8_t *text, size_t count) {
    size_t index;
    for (index = 0; index < count; index += 1) {
        if (text[index] < ' ' || text[index] == 127) return 1;
        if (text[index] == 0xc2 && index + 1 < count && text[index + 1] < 0xa0) return 1;
        if (text[index] == 0xe2 && index + 2 < count && text[index + 1] == 0x80 && (text[index + 2] & 0xfe) == 0xa8) return 1;
    }
    return 0;
}

static int32_t emit_string(writer *self, const char *tag, const uint8_t *text, size_t count) {
    int quoted = tag != NULL || is_ambiguous((const char *)text, count) || needs_escapes(text, count);
    return emit_scalar(self, tag, text, count, quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
}

static int32_t emit_binary(writer *self, const uint8_t *bytes, size_t count) {
    char *text = malloc(BASE64_COUNT(count) + 1);
    int32_t status;
    if (text == NULL) return patchbay_fail(self->error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to encode");
    status = emit_scalar(self, YAML_TYPE "binary", text, base64_encode(bytes, count, text), YAML_DOUBLE_QUOTED_SCALAR_STYLE);
    free(text);
    return status;
}

static int32_t emit_number(writer *self, const patchbay_token *token, const uint8_t *bytes) {
    char text[LONGEST_NUMBER + 32];
    double value;
    float narrow;
    uint32_t bits = (uint32_t)token->payload;
    size_t count = 0;
    switch (token->kind) {
    case PATCHBAY_INT: count = (size_t)snprintf(text, sizeof text, "%" PRId64, (int64_t)token->payload); break;
    case PATCHBAY_UNSIGNED: count = (size_t)snprintf(text, sizeof text, "%" PRIu64, token->payload); break;
    case PATCHBAY_FLOAT:
        memcpy(&narrow, &bits, sizeof narrow);
        count = write_double((double)narrow, 1, text, sizeof text);
        break;
    case PATCHBAY_DOUBLE:
        memcpy(&value, &token->payload, sizeof value);
        count = write_double(value, 0, text, sizeof text);
        break;
    /* As JSON writes numbers, so does the core schema. */
    case PATCHBAY_NUMBER: return emit_scalar(self, NULL, bytes, token->length, YAML_PLAIN_SCALAR_STYLE);
    default: count = write_big(token->kind == PATCHBAY_BIG_NEGATIVE, bytes, token->length, text, sizeof text); break;
    }
    if (count == 0) return unfit(self, "a number has more digits than yaml writes");
    return emit_scalar(self, NULL, text, count, YAML_PLAIN_SCALAR_STYLE);
}

static int32_t begin(writer *self, size_t index, const char *tag) {
    const patchbay_token *token = &self->tape->tokens[index];
    int is_flow = self->codec->flow, is_map = token->kind == PATCHBAY_MAP || token->kind == PATCHBAY_SET;
    yaml_event_t event;
    if (token->kind == PATCHBAY_SET) {
        if (tag != NULL) return unfit(self, "YAML has no tag for a set but its own");
        tag = YAML_TYPE "set";
    }
    self->frames[self->frame_count].kind = token->kind;
    self->frames[self->frame_count].end = (size_t)token->payload;
    self->frame_count += 1;
    return emit(self, &event,
                is_map ? yaml_mapping_start_event_initialize(&event, NULL, (const yaml_char_t *)tag, tag == NULL,
                                                             is_flow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE)
                       : yaml_sequence_start_event_initialize(&event, NULL, (const yaml_char_t *)tag, tag == NULL,
                                                              is_flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE));
}

/* Emits what begins at `index`, all of it where it is a scalar. */
static int32_t emit_token(writer *self, size_t index, const char *tag) {
    const patchbay_token *token = &self->tape->tokens[index];
    const uint8_t *bytes = self->tape->arena == NULL ? NULL : self->tape->arena + token->payload;
    if (tag != NULL && token->kind != PATCHBAY_STRING && !(token->kind >= PATCHBAY_ARRAY && token->kind <= PATCHBAY_MAP))
        return unfit(self, "in YAML a tag takes the place of a scalar's type: tag a text, a list or a map");
    switch (token->kind) {
    case PATCHBAY_NULL: return emit_plain(self, "null");
    case PATCHBAY_BOOL: return emit_plain(self, token->detail ? "true" : "false");
    case PATCHBAY_STRING: return emit_string(self, tag, bytes, token->length);
    case PATCHBAY_BYTES: return emit_binary(self, bytes, token->length);
    case PATCHBAY_INT:
    case PATCHBAY_UNSIGNED:
    case PATCHBAY_FLOAT:
    case PATCHBAY_DOUBLE:
    case PATCHBAY_NUMBER:
    case PATCHBAY_BIG_POSITIVE:
    case PATCHBAY_BIG_NEGATIVE: return emit_number(self, token, bytes);
    case PATCHBAY_ARRAY:
    case PATCHBAY_TUPLE:
    case PATCHBAY_SET:
    case PATCHBAY_MAP: return begin(self, index, tag);
    case PATCHBAY_TAG: return unfit(self, "of CBOR's tags, YAML has those of text with a date and a time");
    case PATCHBAY_NAMED_TAG: return unfit(self, "in YAML a value has one tag");
    case PATCHBAY_EXTENSION: return unfit(self, "YAML has no extension types");
    case PATCHBAY_SIMPLE: return unfit(self, "YAML has no simple values");
    default: return unfit(self, "YAML names no globals");
    }
}

/* A tag's text, ended by a NUL; to be freed. */
static char *tag_text(const patchbay_tape *tape, const patchbay_token *token) {
    return token->length == 0 ? strdup("!") : strndup((const char *)tape->arena + token->payload, token->length);
}

static int32_t emit_value(writer *self, size_t *index) {
    const patchbay_token *token = &self->tape->tokens[*index];
    int32_t status;
    if (token->kind == PATCHBAY_NAMED_TAG) {
        char *tag;
        if (token->length > 0 && memchr(self->tape->arena + token->payload, 0, token->length) != NULL) return unfit(self, "a tag has no NUL in YAML");
        tag = tag_text(self->tape, token);
        if (tag == NULL) return patchbay_fail(self->error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to encode");
        *index += 1;
        status = emit_token(self, *index, tag);
        free(tag);
    } else if (token->kind == PATCHBAY_TAG && token->payload == 0 && token[1].kind == PATCHBAY_STRING) {
        *index += 1;
        status = emit_token(self, *index, YAML_TYPE "timestamp");
    } else {
        status = emit_token(self, *index, NULL);
    }
    *index += 1;
    return status;
}

/* Ends the containers whose last token was this one. A member of a set is a key to null. */
static int32_t end_containers(writer *self, size_t index, int was_scalar) {
    int32_t status = PATCHBAY_OK;
    int value_ended = was_scalar;
    while (status == PATCHBAY_OK && self->frame_count > 0) {
        const frame *frame = &self->frames[self->frame_count - 1];
        yaml_event_t event;
        if (value_ended && frame->kind == PATCHBAY_SET) status = emit_plain(self, "null");
        if (status != PATCHBAY_OK || frame->end != index) return status;
        self->frame_count -= 1;
        status = emit(self, &event,
                      frame->kind == PATCHBAY_MAP || frame->kind == PATCHBAY_SET ? yaml_mapping_end_event_initialize(&event)
                                                                                 : yaml_sequence_end_event_initialize(&event));
        value_ended = 1;
    }
    return status;
}

static int32_t write_document(writer *self) {
    yaml_event_t event;
    size_t index = 0;
    int32_t status = emit(self, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    if (status == PATCHBAY_OK) status = emit(self, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    while (status == PATCHBAY_OK && index < self->tape->token_count) {
        size_t frames = self->frame_count;
        status = emit_value(self, &index);
        if (status == PATCHBAY_OK) status = end_containers(self, index, self->frame_count == frames);
    }
    if (status == PATCHBAY_OK) status = emit(self, &event, yaml_document_end_event_initialize(&event, 1));
    if (status == PATCHBAY_OK) status = emit(self, &event, yaml_stream_end_event_initialize(&event));
    if (status == PATCHBAY_OK && self->held_line_end && !self->codec->flow) {
        status = self->sink->write(self->sink, "\n", 1);
        if (status < 0) patchbay_fail(self->error, status, 0, "the message is larger than the limit; raise max-message");
    }
    return status;
}

int32_t encode(void *instance, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error) {
    writer self = {.codec = instance, .tape = tape, .sink = sink, .error = error};
    int32_t status;
    /* Every container has a token, and the host saw to their depth. */
    self.frames = malloc((tape->token_count < tape->depth_limit ? tape->token_count + 1 : (size_t)tape->depth_limit + 1) * sizeof *self.frames);
    if (self.frames == NULL || !yaml_emitter_initialize(&self.emitter)) {
        free(self.frames);
        return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to encode");
    }
    yaml_emitter_set_output(&self.emitter, write_bytes, &self);
    yaml_emitter_set_unicode(&self.emitter, 1);
    yaml_emitter_set_break(&self.emitter, YAML_LN_BREAK);
    /* Lines as long as they come: a folded text is hard to search for. */
    yaml_emitter_set_width(&self.emitter, -1);
    status = write_document(&self);
    yaml_emitter_delete(&self.emitter);
    free(self.frames);
    return status;
}
