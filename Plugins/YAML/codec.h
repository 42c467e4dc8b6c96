/* The codec `yaml`: YAML 1.2 in its core schema, from libyaml's events to a tape and back. */
#ifndef CODEC_H
#define CODEC_H

#include "patchbay_plugin.h"

#include <locale.h>
#include <yaml.h>

typedef struct codec {
    /* Numbers are read and written as C does, whatever the application chose for its users. */
    locale_t locale;
    int flow;
    /* Tokens that aliases may add to one message: a few lines of them can stand for more than any memory holds. */
    size_t alias_tokens;
} codec;

/* decoding.c, encoding.c */
int32_t decode(void *instance, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error);
int32_t encode(void *instance, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error);

/* Longer numbers are refused: their conversion takes the square of their length. In digits. */
enum { LONGEST_NUMBER = 4096 };

/* The tags of YAML's own types: http://yaml.org/type/ */
#define YAML_TYPE "tag:yaml.org,2002:"

/* A failure that says where, counted from 1. */
int32_t fail_at(patchbay_error *error, int32_t status, yaml_mark_t mark, const char *text);

/* anchors.c: what aliases can name. */
typedef struct anchor {
    char *name;
    /* Its tokens; `end` is 0 as long as it is open, and cannot be named. */
    size_t start;
    size_t end;
    uint32_t height;
} anchor;

typedef struct anchors {
    void *tree;
} anchors;

/* The anchor of that name, made where it is not there and `make` is set; NULL where it is not there, or no memory is left. */
anchor *anchors_find(anchors *anchors, const char *name, int make);
void anchors_free(anchors *anchors);

/* duplicates.c: 1 where two keys of the container at `index` are equal, 0 where none are, -1 where no memory is left. */
int has_duplicates(const patchbay_tape *tape, size_t index);
/* The token behind the value at `index`. */
size_t value_end(const patchbay_tape *tape, size_t index);

/* scalars.c: pushes one scalar, with its tag, to the tape. `tokens_before` it are for tags. */
int32_t push_scalar(const codec *codec, patchbay_tape *tape, const yaml_event_t *event, uint32_t *tags, patchbay_error *error);
/* Pushes the token for the tag of a container, if it has one that YAML does not define; says in `is_set` whether it is a !!set. */
int32_t push_container_tag(patchbay_tape *tape, const char *tag, uint32_t *tags, int *is_set, patchbay_error *error, yaml_mark_t mark);
/* Whether this text, unquoted, is anything else than a string for a reader of YAML 1.2 or of YAML 1.1, or could be. */
int is_ambiguous(const char *text, size_t count);

/* numbers.c */
enum { NOT_A_NUMBER = 2 };
/* Pushes what the text is in the core schema: an integer, or a float. NOT_A_NUMBER where it is neither. */
int32_t push_integer(patchbay_tape *tape, const char *text, size_t count);
int32_t push_float(const codec *codec, patchbay_tape *tape, const char *text, size_t count);
/* Both write at most `capacity` bytes with their NUL, and give 0 where that is not enough. */
size_t write_double(double value, int is_narrow, char *out, size_t capacity);
size_t write_big(int is_negative, const uint8_t *magnitude, size_t count, char *out, size_t capacity);

#endif
