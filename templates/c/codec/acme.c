/*
 * The codec `acme`, as a plugin for Patchbay.
 *
 * A letter for each value: n, t, f for null and booleans, i42e, r and 16 hexadecimal digits for a double, s5:hello, b3:… for bytes,
 * l…e for lists, d…e for dictionaries. Replace `decode` and `encode` with your format's, and the metadata's words with yours.
 */
#include <stdlib.h>
#include <string.h>

#include "patchbay_plugin.h"

/* What `patchbay list` and resolution read from the file, with none of this code run. docs/plugin-abi.md has every field. */
PATCHBAY_METADATA({
  "patchbay": "1.0",
  "name": "acme",
  "version": "0.1.0",
  "summary": "values as letters, numbers and texts with their lengths",
  "layers": [
    {
      "kind": "codec",
      "name": "acme",
      "summary": "a value a message: n, t, f, i42e, r and 16 hexadecimal digits, s5:hello, b3:…, l…e, d…e",
      "options": [
        {
          "name": "depth",
          "summary": "how deep lists and dictionaries of a message may lie in each other",
          "type": "integer",
          "default": "128",
          "minimum": 1,
          "maximum": 512
        }
      ],
      "examples": ["acme+tcp://127.0.0.1:7000"]
    }
  ]
})

/* ---- Reading ------------------------------------------------------------------------------------------------------------ */

/* One message under way. Whatever its bytes are, nothing may be read beyond them: they come from the network. */
typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t position;
    patchbay_tape *tape;
    uint32_t depth;
    patchbay_error *error;
} reader;

static int32_t corrupt(reader *reader, const char *message) {
    return patchbay_fail(reader->error, PATCHBAY_CORRUPT, 0, message);
}

/* A decimal number that `end` follows. One way to write each: no plus sign, no leading zero, no minus zero. */
static int32_t read_integer(reader *reader, char end, int64_t *number) {
    uint64_t magnitude = 0;
    size_t digits = 0;
    int negative = reader->position < reader->count && reader->bytes[reader->position] == '-';
    if (negative) reader->position += 1;
    uint8_t first = reader->position < reader->count ? reader->bytes[reader->position] : 0;
    while (reader->position < reader->count && reader->bytes[reader->position] >= '0' && reader->bytes[reader->position] <= '9') {
        uint64_t digit = (uint64_t)(reader->bytes[reader->position] - '0');
        if (magnitude > (UINT64_MAX - digit) / 10) return corrupt(reader, "an integer is too large");
        magnitude = magnitude * 10 + digit;
        digits += 1;
        reader->position += 1;
    }
    if (digits == 0 || (first == '0' && (digits > 1 || negative))) return corrupt(reader, "an integer is due");
    if (reader->position == reader->count || reader->bytes[reader->position] != (uint8_t)end) return corrupt(reader, "an integer does not end");
    if (magnitude > (uint64_t)INT64_MAX + (uint64_t)negative) return corrupt(reader, "an integer is too large");
    reader->position += 1;
    *number = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return PATCHBAY_OK;
}

static int32_t read_double(reader *reader) {
    uint64_t bits = 0;
    if (reader->count - reader->position < 16) return corrupt(reader, "16 hexadecimal digits are due");
    for (size_t index = 0; index < 16; index += 1) {
        uint8_t digit = reader->bytes[reader->position + index];
        if (digit >= '0' && digit <= '9') bits = bits << 4 | (uint64_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f') bits = bits << 4 | (uint64_t)(digit - 'a' + 10);
        else return corrupt(reader, "16 hexadecimal digits are due");
    }
    reader->position += 16;
    return patchbay_push_scalar(reader->tape, PATCHBAY_DOUBLE, 0, bits);
}

/* The host checks text too; found here, the error can say more. */
static int is_utf8(const uint8_t *bytes, size_t count) {
    size_t index = 0;
    while (index < count) {
        uint8_t first = bytes[index];
        size_t more = first < 0x80 ? 0 : first >= 0xC2 && first < 0xE0 ? 1 : first >= 0xE0 && first < 0xF0 ? 2 : first >= 0xF0 && first < 0xF5 ? 3 : 4;
        if (more == 4 || count - index <= more) return 0;
        for (size_t offset = 1; offset <= more; offset += 1) {
            uint8_t low = 0x80, high = 0xBF;
            /* Unicode's table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. */
            if (offset == 1 && first == 0xE0) low = 0xA0;
            if (offset == 1 && first == 0xED) high = 0x9F;
            if (offset == 1 && first == 0xF0) low = 0x90;
            if (offset == 1 && first == 0xF4) high = 0x8F;
            if (bytes[index + offset] < low || bytes[index + offset] > high) return 0;
        }
        index += more + 1;
    }
    return 1;
}

/* A length, a colon, and so many bytes, which stay where they are. */
static int32_t read_counted(reader *reader, uint8_t kind) {
    int64_t length;
    int32_t status = read_integer(reader, ':', &length);
    if (status < 0) return status;
    if (length < 0 || (uint64_t)length > reader->count - reader->position || length > UINT32_MAX)
        return corrupt(reader, "a text is longer than the message");
    if (kind == PATCHBAY_STRING && !is_utf8(reader->bytes + reader->position, (size_t)length)) return corrupt(reader, "text is not UTF-8");
    status = patchbay_push_slice(reader->tape, kind, reader->position, (uint32_t)length);
    reader->position += (size_t)length;
    return status;
}

static int32_t read_value(reader *reader, uint32_t depth);

/* Values up to an `e`; a dictionary's come in pairs. */
static int32_t read_container(reader *reader, uint8_t kind, uint32_t depth) {
    if (depth >= reader->depth) return patchbay_fail(reader->error, PATCHBAY_LIMIT, 0, "the message is nested too deep; raise acme.depth");
    size_t index = reader->tape->token_count;
    int32_t status = patchbay_push_scalar(reader->tape, kind, 0, 0);
    uint32_t values = 0;
    while (status == PATCHBAY_OK) {
        if (reader->position == reader->count) return corrupt(reader, "the message ends before its value does");
        if (reader->bytes[reader->position] == 'e') {
            reader->position += 1;
            if (kind == PATCHBAY_MAP && values % 2 != 0) return corrupt(reader, "a dictionary ends between a key and its value");
            patchbay_end_container(reader->tape, index, kind == PATCHBAY_MAP ? values / 2 : values);
            return PATCHBAY_OK;
        }
        status = read_value(reader, depth + 1);
        values += 1;
    }
    return status;
}

static int32_t read_value(reader *reader, uint32_t depth) {
    if (reader->position == reader->count) return corrupt(reader, "the message ends before its value does");
    uint8_t letter = reader->bytes[reader->position];
    reader->position += 1;
    int64_t number;
    int32_t status;
    switch (letter) {
    case 'n': return patchbay_push_scalar(reader->tape, PATCHBAY_NULL, 0, 0);
    case 't': return patchbay_push_scalar(reader->tape, PATCHBAY_BOOL, 1, 0);
    case 'f': return patchbay_push_scalar(reader->tape, PATCHBAY_BOOL, 0, 0);
    case 'i':
        status = read_integer(reader, 'e', &number);
        return status < 0 ? status : patchbay_push_scalar(reader->tape, PATCHBAY_INT, 0, (uint64_t)number);
    case 'r': return read_double(reader);
    case 's': return read_counted(reader, PATCHBAY_STRING);
    case 'b': return read_counted(reader, PATCHBAY_BYTES);
    case 'l': return read_container(reader, PATCHBAY_ARRAY, depth);
    case 'd': return read_container(reader, PATCHBAY_MAP, depth);
    default: return corrupt(reader, "no value begins with that byte");
    }
}

/* ---- Writing ------------------------------------------------------------------------------------------------------------ */

static int32_t write_text(patchbay_sink *sink, const char *text) {
    return sink->write(sink, text, strlen(text));
}

static char *append_digits(char *end, uint64_t number) {
    do {
        end -= 1;
        *end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}

static int32_t write_integer(patchbay_sink *sink, uint64_t bits) {
    char text[24] = {0};
    int negative = (int64_t)bits < 0;
    text[22] = 'e';
    char *start = append_digits(text + 22, negative ? 0 - bits : bits);
    if (negative) *--start = '-';
    *--start = 'i';
    return write_text(sink, start);
}

static int32_t write_double(patchbay_sink *sink, uint64_t bits) {
    char text[18] = {'r'};
    for (size_t index = 0; index < 16; index += 1) text[1 + index] = "0123456789abcdef"[bits >> (60 - 4 * index) & 15];
    return write_text(sink, text);
}

static int32_t write_counted(patchbay_sink *sink, char letter, const patchbay_tape *tape, const patchbay_token *token) {
    char text[24] = {0};
    text[22] = ':';
    char *start = append_digits(text + 22, token->length);
    *--start = letter;
    int32_t status = write_text(sink, start);
    /* The host checked that the bytes lie within the arena, which has no address while it is empty. */
    return status < 0 || token->length == 0 ? status : sink->write(sink, tape->arena + token->payload, token->length);
}

/* Writes one token; of a container its begin. */
static int32_t write_token(patchbay_sink *sink, const patchbay_tape *tape, const patchbay_token *token, patchbay_error *error) {
    float single;
    double number;
    uint32_t low = (uint32_t)token->payload;
    uint64_t bits;
    switch (token->kind) {
    case PATCHBAY_NULL: return write_text(sink, "n");
    case PATCHBAY_BOOL: return write_text(sink, token->detail ? "t" : "f");
    case PATCHBAY_INT: return write_integer(sink, token->payload);
    case PATCHBAY_DOUBLE: return write_double(sink, token->payload);
    case PATCHBAY_FLOAT:
        memcpy(&single, &low, sizeof single);
        number = single;
        memcpy(&bits, &number, sizeof bits);
        return write_double(sink, bits);
    case PATCHBAY_STRING: return write_counted(sink, 's', tape, token);
    case PATCHBAY_BYTES: return write_counted(sink, 'b', tape, token);
    case PATCHBAY_ARRAY: return write_text(sink, "l");
    case PATCHBAY_MAP: return write_text(sink, "d");
    default: return patchbay_fail(error, PATCHBAY_UNFIT, 0, "acme has no form for this kind of value");
    }
}

/* ---- The table ---------------------------------------------------------------------------------------------------------- */

/* What an instance knows. It never changes, so any number of calls may use it at once. */
typedef struct {
    uint32_t depth;
} codec;

static int32_t create(const patchbay_settings *settings, void **instance, patchbay_error *error) {
    const patchbay_option *depth = patchbay_find_option(settings, "depth");
    codec *made = malloc(sizeof *made);
    if (made == NULL) return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory left");
    /* The host checked the range that the metadata declares. */
    made->depth = depth ? (uint32_t)depth->integer : 128;
    *instance = made;
    return PATCHBAY_OK;
}

static void destroy(void *instance) {
    free(instance);
}

static int32_t decode(void *instance, const void *message, size_t count, patchbay_tape *tape, patchbay_error *error) {
    const codec *codec = instance;
    uint32_t depth = codec->depth < tape->depth_limit ? codec->depth : tape->depth_limit;
    reader reader = {message, count, 0, tape, depth, error};
    int32_t status = read_value(&reader, 0);
    if (status == PATCHBAY_OK && reader.position != count) return corrupt(&reader, "there is more behind the value");
    return status;
}

static int32_t encode(void *instance, const patchbay_tape *tape, patchbay_sink *sink, patchbay_error *error) {
    (void)instance;
    /* Where the open containers end; deeper than the host allows no tape is. */
    uint64_t ends[512];
    size_t open = 0;
    for (size_t index = 0; index < tape->token_count; index += 1) {
        const patchbay_token *token = &tape->tokens[index];
        int32_t status = write_token(sink, tape, token, error);
        if (status < 0) return status;
        if (token->kind == PATCHBAY_ARRAY || token->kind == PATCHBAY_MAP) {
            if (open == sizeof ends / sizeof *ends) return patchbay_fail(error, PATCHBAY_LIMIT, 0, "the value is nested too deep");
            ends[open] = token->payload;
            open += 1;
        }
        while (open > 0 && ends[open - 1] == index + 1) {
            status = write_text(sink, "e");
            if (status < 0) return status;
            open -= 1;
        }
    }
    return PATCHBAY_OK;
}

static const patchbay_codec table = {sizeof table, 0, create, decode, encode, NULL, NULL, destroy};

static const void *interface(const char *id) {
    return strcmp(id, PATCHBAY_CODEC) == 0 ? &table : NULL;
}

const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    static const patchbay_plugin plugin = {sizeof plugin, PATCHBAY_MAGIC, PATCHBAY_ABI_MAJOR, PATCHBAY_ABI_MINOR, PATCHBAY_THREADS_PARALLEL, 0,
                                           patchbay_metadata, interface};
    if (host->major != PATCHBAY_ABI_MAJOR) {
        patchbay_fail(error, PATCHBAY_UNSUPPORTED, 0, "acme is built for version 1 of the plugin interface");
        return NULL;
    }
    return &plugin;
}
