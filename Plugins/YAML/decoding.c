#define _GNU_SOURCE
#include "codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A container that is open. */
typedef struct frame {
    /* Where its value begins, with its tag, and where its own token is. */
    size_t start;
    size_t token;
    uint32_t children;
    /* How deep its values reach below it. */
    uint32_t height;
    uint32_t tags;
    int is_map;
    int is_set;
    char *anchor;
} frame;

typedef struct reader {
    const codec *codec;
    patchbay_tape *tape;
    patchbay_error *error;
    anchors anchors;
    frame *frames;
    size_t frame_count;
    size_t frame_capacity;
    /* Containers and tags that are open. */
    uint32_t depth;
    size_t alias_tokens;
    uint32_t documents;
} reader;

int32_t fail_at(patchbay_error *error, int32_t status, yaml_mark_t mark, const char *text) {
    snprintf(error->message, sizeof error->message, "line %zu, column %zu: %s", mark.line + 1, mark.column + 1, text);
    return status;
}

static int32_t fail(reader *self, int32_t status, const yaml_event_t *event, const char *text) {
    return fail_at(self->error, status, event->start_mark, text);
}

static int32_t no_memory(reader *self) { return patchbay_fail(self->error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to decode"); }

static int32_t too_large(reader *self, const yaml_event_t *event) {
    return fail(self, PATCHBAY_LIMIT, event, "the message holds more than the limits allow");
}

/* Counts one value that is whole, and lets aliases name it. */
static int32_t end_value(reader *self, const yaml_event_t *event, const char *anchor_name, size_t start, uint32_t height) {
    patchbay_tape *tape = self->tape;
    frame *parent = self->frame_count == 0 ? NULL : &self->frames[self->frame_count - 1];
    if (anchor_name != NULL) {
        anchor *anchor = anchors_find(&self->anchors, anchor_name, 1);
        if (anchor == NULL) return no_memory(self);
        anchor->start = start;
        anchor->end = tape->token_count;
        anchor->height = height;
    }
    if (parent == NULL) return PATCHBAY_OK;
    if (height > parent->height) parent->height = height;
    parent->children += 1;
    if (parent->is_set && parent->children % 2 == 0) {
        /* A !!set is a map to nulls; the tape's has its members alone. */
        if (tape->tokens[start].kind != PATCHBAY_NULL || anchor_name != NULL)
            return fail(self, PATCHBAY_CORRUPT, event, "a member of a !!set has a value");
        tape->token_count = start;
    }
    /* `<<` is YAML 1.1's; the core schema would make a string of it, in silence. */
    if (parent->is_map && parent->children % 2 == 1 && event->type == YAML_SCALAR_EVENT && event->data.scalar.plain_implicit &&
        event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && event->data.scalar.length == 2 && memcmp(event->data.scalar.value, "<<", 2) == 0)
        return fail(self, PATCHBAY_UNSUPPORTED, event, "merge keys are not of YAML 1.2: write the pairs out, or quote the key");
    return PATCHBAY_OK;
}

static int32_t read_scalar(reader *self, const yaml_event_t *event) {
    size_t start = self->tape->token_count;
    uint32_t tags = 0;
    int32_t status = push_scalar(self->codec, self->tape, event, &tags, self->error);
    if (status == PATCHBAY_LIMIT && self->error->message[0] == 0) return too_large(self, event);
    if (status < 0) return status;
    if (self->depth + tags > self->tape->depth_limit) return fail(self, PATCHBAY_LIMIT, event, "values lie too deep in each other");
    return end_value(self, event, (const char *)event->data.scalar.anchor, start, tags);
}

/* Copies what the anchor named. Bytes are shared; the ends of containers move along. */
static int32_t read_alias(reader *self, const yaml_event_t *event) {
    patchbay_tape *tape = self->tape;
    const anchor *anchor = anchors_find(&self->anchors, (const char *)event->data.alias.anchor, 0);
    size_t start = tape->token_count, index, count;
    if (anchor == NULL) return fail(self, PATCHBAY_CORRUPT, event, "an alias names an anchor that is not there");
    if (anchor->end == 0) return fail(self, PATCHBAY_CORRUPT, event, "a value contains itself");
    count = anchor->end - anchor->start;
    if (count > self->alias_tokens) return fail(self, PATCHBAY_LIMIT, event, "aliases stand for more values than alias-values allows");
    self->alias_tokens -= count;
    if (self->depth + anchor->height > tape->depth_limit) return fail(self, PATCHBAY_LIMIT, event, "values lie too deep in each other");
    for (index = 0; index < count; index += 1) {
        patchbay_token token = tape->tokens[anchor->start + index];
        if (token.kind >= PATCHBAY_ARRAY && token.kind <= PATCHBAY_MAP) token.payload += start - anchor->start;
        if (patchbay_push_token(tape, token) < 0) return too_large(self, event);
    }
    return end_value(self, event, NULL, start, anchor->height);
}

static int32_t begin_container(reader *self, const yaml_event_t *event, int is_map, const yaml_char_t *tag, const yaml_char_t *anchor_name) {
    patchbay_tape *tape = self->tape;
    frame frame = {.start = tape->token_count, .is_map = is_map};
    int32_t status = push_container_tag(tape, (const char *)tag, &frame.tags, &frame.is_set, self->error, event->start_mark);
    if (status == PATCHBAY_LIMIT && self->error->message[0] == 0) return too_large(self, event);
    if (status < 0) return status;
    if (frame.is_set && !is_map) return fail(self, PATCHBAY_CORRUPT, event, "a !!set is written as a map");
    frame.token = tape->token_count;
    self->depth += 1 + frame.tags;
    if (self->depth > tape->depth_limit) return fail(self, PATCHBAY_LIMIT, event, "values lie too deep in each other");
    if (patchbay_push_scalar(tape, frame.is_set ? PATCHBAY_SET : is_map ? PATCHBAY_MAP : PATCHBAY_ARRAY, 0, 0) < 0) return too_large(self, event);
    if (self->frame_count == self->frame_capacity) {
        size_t capacity = self->frame_capacity * 2 + 16;
        struct frame *moved = realloc(self->frames, capacity * sizeof *moved);
        if (moved == NULL) return no_memory(self);
        self->frames = moved;
        self->frame_capacity = capacity;
    }
    if (anchor_name != NULL) {
        anchor *anchor = anchors_find(&self->anchors, (const char *)anchor_name, 1);
        if (anchor == NULL) return no_memory(self);
        anchor->end = 0;
        frame.anchor = strdup((const char *)anchor_name);
        if (frame.anchor == NULL) return no_memory(self);
    }
    self->frames[self->frame_count++] = frame;
    return PATCHBAY_OK;
}

static int32_t end_container(reader *self, const yaml_event_t *event) {
    frame frame = self->frames[--self->frame_count];
    int duplicates = 0;
    int32_t status;
    patchbay_end_container(self->tape, frame.token, frame.is_map ? frame.children / 2 : frame.children);
    self->depth -= 1 + frame.tags;
    if (frame.is_map) duplicates = has_duplicates(self->tape, frame.token);
    status = duplicates > 0   ? fail(self, PATCHBAY_CORRUPT, event, "a key stands twice in the map that ends here")
             : duplicates < 0 ? no_memory(self)
                              : end_value(self, event, frame.anchor, frame.start, frame.height + 1 + frame.tags);
    free(frame.anchor);
    return status;
}

static int32_t handle(reader *self, const yaml_event_t *event) {
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        self->documents += 1;
        return self->documents == 1 ? PATCHBAY_OK : fail(self, PATCHBAY_CORRUPT, event, "a message is one document, and a second one begins here");
    case YAML_SCALAR_EVENT: return read_scalar(self, event);
    case YAML_ALIAS_EVENT: return read_alias(self, event);
    case YAML_SEQUENCE_START_EVENT: return begin_container(self, event, 0, event->data.sequence_start.tag, event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT: return begin_container(self, event, 1, event->data.mapping_start.tag, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return end_container(self, event);
    default: return PATCHBAY_OK;
    }
}

static int32_t explain(reader *self, const yaml_parser_t *parser) {
    if (parser->error == YAML_MEMORY_ERROR) return no_memory(self);
    if (parser->error == YAML_READER_ERROR) {
        snprintf(self->error->message, sizeof self->error->message, "byte %zu: %s", parser->problem_offset, parser->problem);
        return PATCHBAY_CORRUPT;
    }
    return fail_at(self->error, PATCHBAY_CORRUPT, parser->problem_mark, parser->problem == NULL ? "this is no YAML" : parser->problem);
}

int32_t decode(void *instance, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error) {
    reader self = {.codec = instance, .tape = tape, .error = error};
    yaml_parser_t parser;
    int32_t status = PATCHBAY_OK;
    int ended = 0;
    if (!yaml_parser_initialize(&parser)) return no_memory(&self);
    yaml_parser_set_input_string(&parser, count == 0 ? (const unsigned char *)"" : message, count);
    self.alias_tokens = self.codec->alias_tokens;
    while (status == PATCHBAY_OK && !ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = explain(&self, &parser);
        } else {
            ended = event.type == YAML_STREAM_END_EVENT;
            status = handle(&self, &event);
            yaml_event_delete(&event);
        }
    }
    /* No document at all is a null, as for every reader of YAML. */
    if (status == PATCHBAY_OK && self.documents == 0 && patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0) < 0)
        status = patchbay_fail(error, PATCHBAY_LIMIT, 0, "the message holds more than the limits allow");
    while (self.frame_count > 0) free(self.frames[--self.frame_count].anchor);
    free(self.frames);
    anchors_free(&self.anchors);
    yaml_parser_delete(&parser);
    return status;
}
