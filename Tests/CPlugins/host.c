#define _GNU_SOURCE
#include "host.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>

/* ---- Loading ---- */

static const patchbay_plugin *loaded;

static void host_log(const patchbay_host *host, uint32_t level, const char *text, size_t count) {
    (void)host;
    fprintf(stderr, "log %u: %.*s\n", level, (int)count, text);
}

static int32_t stream_pair(const patchbay_host *host, int32_t pair[2]) {
    (void)host;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0 ? PATCHBAY_OK : PATCHBAY_FAILED;
}

static const void *host_interface(const patchbay_host *host, const char *id) {
    (void)host;
    (void)id;
    return NULL;
}

static const patchbay_host host = {
    .size = sizeof host,
    .magic = PATCHBAY_MAGIC,
    .major = PATCHBAY_ABI_MAJOR,
    .minor = PATCHBAY_ABI_MINOR,
    .name = "test",
    .version = "1",
    .log = host_log,
    .stream_pair = stream_pair,
    .interface = host_interface,
};

patchbay_error *host_error(void) {
    static patchbay_error error;
    memset(&error, 0, sizeof error);
    error.size = sizeof error;
    return &error;
}

const void *host_load(const char *path, const char *interface_id) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE), *symbol;
    patchbay_entry_function entry;
    const void *table;
    if (library == NULL) fprintf(stderr, "%s\n", dlerror());
    EXPECT(library != NULL);
    symbol = dlsym(library, PATCHBAY_ENTRY);
    EXPECT(symbol != NULL);
    memcpy(&entry, &symbol, sizeof entry);
    loaded = entry(&host, host_error());
    EXPECT(loaded != NULL);
    EXPECT(loaded->size >= sizeof *loaded);
    EXPECT(loaded->magic == PATCHBAY_MAGIC);
    EXPECT(loaded->major == PATCHBAY_ABI_MAJOR);
    EXPECT(loaded->required == 0);
    EXPECT(loaded->metadata != NULL && loaded->metadata[0] == '{');
    EXPECT(loaded->interface("patchbay.nonsense/1") == NULL);
    table = loaded->interface(interface_id);
    EXPECT(table != NULL);
    return table;
}

const patchbay_plugin *host_plugin(void) { return loaded; }

/* ---- Settings ---- */

typedef struct secrets {
    char *names[8];
    char *values[8];
    size_t count;
} secrets;

static int32_t secret(const patchbay_settings *settings, const char *name, patchbay_bytes *value) {
    const secrets *all = settings->host;
    size_t index;
    for (index = 0; index < all->count; index += 1) {
        if (strcmp(all->names[index], name) != 0) continue;
        value->data = all->values[index];
        value->count = strlen(all->values[index]);
        return PATCHBAY_OK;
    }
    return PATCHBAY_NOT_FOUND;
}

patchbay_settings *host_settings(const char *layer, const char *const pairs[]) {
    patchbay_settings *settings = calloc(1, sizeof *settings);
    patchbay_option *options = calloc(16, sizeof *options);
    secrets *hidden = calloc(1, sizeof *hidden);
    size_t index;
    for (index = 0; pairs != NULL && pairs[index] != NULL; index += 1) {
        const char *pair = pairs[index], *equals = strchr(pair, '=');
        if (pair[0] == '!') {
            hidden->names[hidden->count] = strndup(pair + 1, (size_t)(equals - pair - 1));
            hidden->values[hidden->count] = strdup(equals + 1);
            hidden->count += 1;
        } else {
            patchbay_option *option = &options[settings->option_count];
            char *end;
            option->name = strndup(pair, (size_t)(equals - pair));
            option->text.data = strdup(equals + 1);
            option->text.count = strlen(equals + 1);
            option->integer = strtoll(equals + 1, &end, 10);
            option->kind = *end == 0 ? PATCHBAY_OPTION_INTEGER : PATCHBAY_OPTION_TEXT;
            settings->option_count += 1;
        }
    }
    settings->size = sizeof *settings;
    settings->layer = layer;
    settings->options = options;
    settings->host = hidden;
    settings->secret = secret;
    return settings;
}

void host_settings_free(patchbay_settings *settings) {
    secrets *hidden = settings->host;
    size_t index;
    for (index = 0; index < hidden->count; index += 1) {
        free(hidden->names[index]);
        free(hidden->values[index]);
    }
    for (index = 0; index < settings->option_count; index += 1) {
        free((void *)(uintptr_t)settings->options[index].name);
        free((void *)(uintptr_t)settings->options[index].text.data);
    }
    free((void *)(uintptr_t)settings->options);
    free(hidden);
    free(settings);
}

/* ---- Sinks ---- */

static int32_t sink_write(patchbay_sink *base, const void *data, size_t count) {
    host_sink *self = base->host;
    if (count > self->bound - self->count) return PATCHBAY_LIMIT;
    if (count == 0) return PATCHBAY_OK;
    self->data = realloc(self->data, self->count + count);
    memcpy(self->data + self->count, data, count);
    self->count += count;
    return PATCHBAY_OK;
}

static int32_t sink_reserve(patchbay_sink *base, size_t count) {
    host_sink *self = base->host;
    if (count > self->bound - self->count) return PATCHBAY_LIMIT;
    /* Exactly as much as was asked for, and another piece of memory each time. */
    free(self->room);
    self->room = malloc(count == 0 ? 1 : count);
    base->room = self->room;
    base->room_count = count;
    return PATCHBAY_OK;
}

static int32_t sink_commit(patchbay_sink *base, size_t count) {
    EXPECT(count <= base->room_count);
    base->room_count = 0;
    return sink_write(base, base->room, count);
}

static int32_t sink_end_message(patchbay_sink *base) {
    host_sink *self = base->host;
    self->messages += 1;
    return PATCHBAY_OK;
}

static size_t sink_remaining(const patchbay_sink *base) {
    const host_sink *self = base->host;
    return self->bound - self->count;
}

host_sink *host_sink_new(size_t bound) {
    host_sink *self = calloc(1, sizeof *self);
    self->bound = bound;
    self->sink.size = sizeof self->sink;
    self->sink.host = self;
    self->sink.write = sink_write;
    self->sink.reserve = sink_reserve;
    self->sink.commit = sink_commit;
    self->sink.end_message = sink_end_message;
    self->sink.remaining = sink_remaining;
    return self;
}

void host_sink_clear(host_sink *self) { self->count = 0; }

void host_sink_free(host_sink *self) {
    free(self->data);
    free(self->room);
    free(self);
}

/* ---- Tapes ---- */

typedef struct bounds {
    size_t tokens;
    size_t arena;
} bounds;

static int32_t grow_tokens(patchbay_tape *tape, size_t more) {
    const bounds *bound = tape->host;
    patchbay_token *moved;
    if (more > bound->tokens - tape->token_count) return PATCHBAY_LIMIT;
    /* Exact while it is small; a tape that grows one by one for ever takes the square of its length. */
    tape->token_capacity = tape->token_count + (tape->token_count < 1000 ? more : tape->token_count);
    moved = malloc(tape->token_capacity * sizeof *moved);
    if (tape->token_count > 0) memcpy(moved, tape->tokens, tape->token_count * sizeof *moved);
    free(tape->tokens);
    tape->tokens = moved;
    return PATCHBAY_OK;
}

static int32_t grow_arena(patchbay_tape *tape, size_t more) {
    const bounds *bound = tape->host;
    if (more > bound->arena - tape->arena_count) return PATCHBAY_LIMIT;
    tape->arena_capacity = tape->arena_count + more;
    tape->arena = realloc(tape->arena, tape->arena_capacity);
    return PATCHBAY_OK;
}

patchbay_tape *host_tape_new(size_t token_bound, size_t arena_bound) {
    patchbay_tape *tape = calloc(1, sizeof *tape);
    bounds *bound = malloc(sizeof *bound);
    bound->tokens = token_bound;
    bound->arena = arena_bound;
    tape->size = sizeof *tape;
    tape->depth_limit = 64;
    tape->host = bound;
    tape->grow_tokens = grow_tokens;
    tape->grow_arena = grow_arena;
    return tape;
}

void host_tape_free(patchbay_tape *tape) {
    free(tape->tokens);
    free(tape->arena);
    free(tape->host);
    free(tape);
}

static int has_bytes(uint8_t kind) {
    return (kind >= PATCHBAY_STRING && kind <= PATCHBAY_NUMBER) || kind == PATCHBAY_NAMED_TAG || kind == PATCHBAY_EXTENSION ||
           kind == PATCHBAY_GLOBAL;
}

static size_t check_value(const patchbay_tape *tape, size_t index, size_t message_count, uint32_t depth) {
    patchbay_token token;
    size_t children = 0, child;
    EXPECT(index < tape->token_count);
    EXPECT(depth <= tape->depth_limit);
    token = tape->tokens[index];
    EXPECT(token.kind <= PATCHBAY_GLOBAL && token.reserved == 0);
    if (has_bytes(token.kind)) {
        size_t end = token.in_message ? message_count : tape->arena_count;
        EXPECT(token.payload <= end && token.length <= end - token.payload);
    } else {
        EXPECT(token.in_message == 0);
    }
    switch (token.kind) {
    case PATCHBAY_ARRAY:
    case PATCHBAY_TUPLE:
    case PATCHBAY_SET: children = token.length; break;
    case PATCHBAY_MAP: children = (size_t)token.length * 2; break;
    case PATCHBAY_TAG:
    case PATCHBAY_NAMED_TAG: return check_value(tape, index + 1, message_count, depth + 1);
    default: return index + 1;
    }
    index += 1;
    for (child = 0; child < children; child += 1) index = check_value(tape, index, message_count, depth + 1);
    EXPECT(token.payload == index);
    return index;
}

void host_tape_check(const patchbay_tape *tape, size_t message_count) {
    EXPECT(check_value(tape, 0, message_count, 0) == tape->token_count);
}

static size_t print_value(FILE *out, const patchbay_tape *tape, const char *message, size_t index) {
    const patchbay_token *token = &tape->tokens[index];
    const char *bytes = (token->in_message ? message : (const char *)tape->arena);
    size_t children, child;
    double real;
    float narrow;
    index += 1;
    switch (token->kind) {
    case PATCHBAY_NULL: fputs("null", out); return index;
    case PATCHBAY_BOOL: fputs(token->detail ? "true" : "false", out); return index;
    case PATCHBAY_INT: fprintf(out, "%lld", (long long)token->payload); return index;
    case PATCHBAY_UNSIGNED: fprintf(out, "%llu", (unsigned long long)token->payload); return index;
    case PATCHBAY_FLOAT: {
        uint32_t bits = (uint32_t)token->payload;
        memcpy(&narrow, &bits, sizeof narrow);
        fprintf(out, "float:%.9g", (double)narrow);
        return index;
    }
    case PATCHBAY_DOUBLE:
        memcpy(&real, &token->payload, sizeof real);
        fprintf(out, "double:%.17g", real);
        return index;
    case PATCHBAY_BYTES:
    case PATCHBAY_BIG_POSITIVE:
    case PATCHBAY_BIG_NEGATIVE:
        fputs(token->kind == PATCHBAY_BYTES ? "bytes:" : token->kind == PATCHBAY_BIG_POSITIVE ? "+big:" : "-big:", out);
        for (child = 0; child < token->length; child += 1) fprintf(out, "%02x", (uint8_t)bytes[token->payload + child]);
        return index;
    case PATCHBAY_NAMED_TAG:
        fprintf(out, "<%.*s>", (int)token->length, bytes + token->payload);
        return print_value(out, tape, message, index);
    case PATCHBAY_TAG:
        fprintf(out, "<%llu>", (unsigned long long)token->payload);
        return print_value(out, tape, message, index);
    case PATCHBAY_ARRAY:
    case PATCHBAY_TUPLE:
    case PATCHBAY_SET:
    case PATCHBAY_MAP:
        fputs(token->kind == PATCHBAY_MAP ? "{" : token->kind == PATCHBAY_SET ? "set[" : "[", out);
        children = (size_t)token->length * (token->kind == PATCHBAY_MAP ? 2 : 1);
        for (child = 0; child < children; child += 1) {
            if (child > 0) fputs(token->kind == PATCHBAY_MAP && child % 2 == 1 ? ": " : ", ", out);
            index = print_value(out, tape, message, index);
        }
        fputs(token->kind == PATCHBAY_MAP ? "}" : "]", out);
        return index;
    default:
        fprintf(out, "\"%.*s\"", (int)token->length, bytes == NULL ? "" : bytes + token->payload);
        return index;
    }
}

char *host_tape_text(const patchbay_tape *tape, const void *message) {
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    print_value(out, tape, message, 0);
    fclose(out);
    return text;
}

/* ---- Outcomes ---- */

void host_done(void *context, const patchbay_outcome *outcome) {
    host_outcome *result = context;
    result->calls += 1;
    result->status = outcome->status;
    result->descriptor = outcome->descriptor;
    result->flags = outcome->flags;
    if (outcome->error != NULL) memcpy(result->message, outcome->error->message, sizeof outcome->error->message);
}

uint32_t host_random(uint32_t *seed) {
    /* xorshift32, Marsaglia 2003 */
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}
