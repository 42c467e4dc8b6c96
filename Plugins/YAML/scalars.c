/* What a scalar is: by its tag, or, unquoted, by the core schema of YAML 1.2 (section 10.3). */
#define _GNU_SOURCE
#include "codec.h"

#include "base64.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int is_one_of(const char *text, size_t count, const char *const words[]) {
    for (; *words != NULL; words += 1) {
        if (strlen(*words) == count && memcmp(text, *words, count) == 0) return 1;
    }
    return 0;
}

static int is_null(const char *text, size_t count) {
    static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
    return is_one_of(text, count, words);
}

/* 1, 0, or -1 where it is no bool. */
static int bool_value(const char *text, size_t count) {
    static const char *const yes[] = {"true", "True", "TRUE", NULL}, *const no[] = {"false", "False", "FALSE", NULL};
    return is_one_of(text, count, yes) ? 1 : is_one_of(text, count, no) ? 0 : -1;
}

static int32_t push_text(patchbay_tape *tape, uint8_t kind, const char *text, size_t count) {
    return count > UINT32_MAX ? PATCHBAY_LIMIT : patchbay_push_copy(tape, kind, text, (uint32_t)count);
}

static int32_t push_resolved(const codec *codec, patchbay_tape *tape, const char *text, size_t count) {
    int truth = bool_value(text, count);
    int32_t status;
    if (is_null(text, count)) return patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0);
    if (truth >= 0) return patchbay_push_scalar(tape, PATCHBAY_BOOL, (uint8_t)truth, 0);
    status = push_integer(tape, text, count);
    if (status == NOT_A_NUMBER) status = push_float(codec, tape, text, count);
    return status == NOT_A_NUMBER ? push_text(tape, PATCHBAY_STRING, text, count) : status;
}

static int32_t push_binary(patchbay_tape *tape, const yaml_event_t *event, patchbay_error *error) {
    const char *text = (const char *)event->data.scalar.value;
    size_t count = event->data.scalar.length, written = 0;
    uint8_t *bytes = malloc(count / 4 * 3 + 3);
    int32_t status;
    if (bytes == NULL) return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to decode");
    status = base64_decode(text, count, 1, bytes, &written) ? push_text(tape, PATCHBAY_BYTES, (const char *)bytes, written)
                                                            : fail_at(error, PATCHBAY_CORRUPT, event->start_mark, "a !!binary is no base64");
    free(bytes);
    return status;
}

/* `2001-12-14T21:59:43.10-05:00` of RFC 3339, which CBOR's tag 0 takes; YAML's timestamps may be less. */
static int is_date_and_time(const char *text, size_t count) {
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    size_t index, rest;
    if (count < sizeof form) return 0;
    for (index = 0; index + 1 < sizeof form; index += 1) {
        if (form[index] == 'd' ? text[index] < '0' || text[index] > '9' : text[index] != form[index]) return 0;
    }
    if (text[index] == '.') {
        size_t digits = strspn(text + index + 1, "0123456789");
        if (digits == 0) return 0;
        index += 1 + digits;
    }
    rest = count - index;
    if (rest == 1) return text[index] == 'Z';
    return rest == 6 && (text[index] == '+' || text[index] == '-') && strspn(text + index + 1, "0123456789") == 2 && text[index + 3] == ':' &&
           strspn(text + index + 4, "0123456789") == 2;
}

static int32_t push_named(patchbay_tape *tape, const char *tag, uint32_t *tags) {
    *tags = 1;
    return push_text(tape, PATCHBAY_NAMED_TAG, tag, strlen(tag));
}

/* A scalar whose tag is of YAML's own types; NOT_A_NUMBER for a type that the tape has no kind for. */
static int32_t push_typed(const codec *codec, patchbay_tape *tape, const char *type, const yaml_event_t *event, uint32_t *tags, patchbay_error *error) {
    const char *text = (const char *)event->data.scalar.value;
    size_t count = event->data.scalar.length;
    int32_t status = NOT_A_NUMBER;
    if (strcmp(type, "str") == 0) return push_text(tape, PATCHBAY_STRING, text, count);
    if (strcmp(type, "binary") == 0) return push_binary(tape, event, error);
    if (strcmp(type, "timestamp") == 0 && is_date_and_time(text, count)) {
        *tags = 1;
        status = patchbay_push_scalar(tape, PATCHBAY_TAG, 0, 0);
        return status < 0 ? status : push_text(tape, PATCHBAY_STRING, text, count);
    }
    if (strcmp(type, "null") == 0) {
        if (is_null(text, count)) return patchbay_push_scalar(tape, PATCHBAY_NULL, 0, 0);
    } else if (strcmp(type, "bool") == 0) {
        if (bool_value(text, count) >= 0) return patchbay_push_scalar(tape, PATCHBAY_BOOL, (uint8_t)bool_value(text, count), 0);
    } else if (strcmp(type, "int") == 0) {
        status = push_integer(tape, text, count);
    } else if (strcmp(type, "float") == 0) {
        status = push_float(codec, tape, text, count);
    } else {
        return NOT_A_NUMBER;
    }
    return status != NOT_A_NUMBER ? status : fail_at(error, PATCHBAY_CORRUPT, event->start_mark, "the text does not fit its tag");
}

int32_t push_scalar(const codec *codec, patchbay_tape *tape, const yaml_event_t *event, uint32_t *tags, patchbay_error *error) {
    const char *tag = (const char *)event->data.scalar.tag, *text = (const char *)event->data.scalar.value;
    size_t count = event->data.scalar.length, prefix = strlen(YAML_TYPE);
    int32_t status;
    if (tag == NULL && event->data.scalar.plain_implicit) return push_resolved(codec, tape, text, count);
    if (tag == NULL || strcmp(tag, "!") == 0) return push_text(tape, PATCHBAY_STRING, text, count);
    if (strncmp(tag, YAML_TYPE, prefix) == 0) {
        status = push_typed(codec, tape, tag + prefix, event, tags, error);
        if (status != NOT_A_NUMBER) return status;
    }
    status = push_named(tape, tag, tags);
    return status < 0 ? status : push_text(tape, PATCHBAY_STRING, text, count);
}

int32_t push_container_tag(patchbay_tape *tape, const char *tag, uint32_t *tags, int *is_set, patchbay_error *error, yaml_mark_t mark) {
    const char *type = tag == NULL || strncmp(tag, YAML_TYPE, strlen(YAML_TYPE)) != 0 ? "" : tag + strlen(YAML_TYPE);
    static const char *const scalars[] = {"str", "binary", "null", "bool", "int", "float", "timestamp", NULL};
    *is_set = strcmp(type, "set") == 0;
    if (is_one_of(type, strlen(type), scalars)) return fail_at(error, PATCHBAY_CORRUPT, mark, "the value does not fit its tag");
    if (tag == NULL || strcmp(tag, "!") == 0 || *is_set || strcmp(type, "seq") == 0 || strcmp(type, "map") == 0) return PATCHBAY_OK;
    return push_named(tape, tag, tags);
}

int is_ambiguous(const char *text, size_t count) {
    /* Those of YAML 1.1 as well: its readers are the ones out there. */
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", "<<", "=", NULL};
    size_t index;
    if (count == 0) return 1;
    /* Numbers in every base, times and dates begin like this. */
    if (strchr("0123456789+-.", text[0]) != NULL) return 1;
    for (index = 0; words[index] != NULL; index += 1) {
        if (strlen(words[index]) == count && strncasecmp(words[index], text, count) == 0) return 1;
    }
    return 0;
}
