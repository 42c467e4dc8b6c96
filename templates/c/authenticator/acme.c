/*
 * The authenticator `acme`, as a plugin for Patchbay: the dialer says a token that both ends know.
 *
 * It sends the secret as it is, and says so in its metadata, so that Patchbay refuses it over a network without an encrypting layer.
 * A method that proves the knowledge of a secret without sending it binds its proof to `transcript`, and gives `export_mac`.
 */
#include <stdlib.h>
#include <string.h>

#include "patchbay_plugin.h"

/* What `patchbay list` and resolution read from the file, with none of this code run. docs/plugin-abi.md has every field. */
PATCHBAY_METADATA({
  "patchbay": "1.0",
  "name": "acme",
  "version": "0.1.0",
  "summary": "a token that both ends know",
  "layers": [
    {
      "kind": "authenticator",
      "name": "acme",
      "summary": "the dialer says a token, and the listener compares it",
      "options": [
        { "name": "token", "summary": "what both ends know", "type": "text", "secret": true, "required": true }
      ],
      "examples": ["json+acme+unix:///run/worker.sock?acme.token-file=worker.token"],
      "medium": "greeting",
      "revealsSecret": true,
      "leavesStreamOpen": true,
      "passwordOption": "token",
      "rounds": 1
    }
  ]
})

/* What the listener answers to the right token. */
static const char welcome[] = "welcome";

/* One end of one authentication. */
typedef struct {
    uint32_t role;
    size_t count;
    uint8_t token[];
} end;

static int32_t create(const patchbay_handshake *handshake, void **instance, patchbay_error *error) {
    patchbay_bytes token;
    /* Lent for this call; a copy lives as long as the handshake. */
    int32_t status = handshake->settings->secret(handshake->settings, "token", &token);
    if (status < 0 || token.count == 0) return patchbay_fail(error, PATCHBAY_INVALID, 0, "acme needs a token, as in acme.token-file=worker.token");
    end *made = malloc(sizeof *made + token.count);
    if (made == NULL) return patchbay_fail(error, PATCHBAY_OUT_OF_MEMORY, 0, "no memory left");
    made->role = handshake->role;
    made->count = token.count;
    memcpy(made->token, token.data, token.count);
    *instance = made;
    return PATCHBAY_OK;
}

/* As long for a token that differs in its first byte as for one that differs in its last. */
static int is_same(const end *end, const uint8_t *message, size_t count) {
    if (count != end->count) return 0;
    volatile uint8_t difference = 0;
    for (size_t index = 0; index < count; index += 1) difference |= message[index] ^ end->token[index];
    return difference == 0;
}

static int32_t step(void *instance, const patchbay_handshake *handshake, const void *message, size_t count, patchbay_error *error) {
    const end *end = instance;
    if (end->role == PATCHBAY_DIALER) {
        if (message == NULL) {
            int32_t status = handshake->send(handshake, end->token, end->count);
            return status < 0 ? patchbay_fail(error, status, 0, "the token cannot be sent; it may be too long") : PATCHBAY_CONTINUE;
        }
        if (count != strlen(welcome) || memcmp(message, welcome, count) != 0)
            return patchbay_fail(error, PATCHBAY_CORRUPT, 0, "the listener's answer is none of acme's; check that both ends speak it");
        return PATCHBAY_OK;
    }
    if (message == NULL) return PATCHBAY_CONTINUE;
    if (!is_same(end, message, count)) return patchbay_fail(error, PATCHBAY_REFUSED, 0, "the peer's token is another; give both ends the same");
    int32_t status = handshake->send(handshake, welcome, strlen(welcome));
    return status < 0 ? patchbay_fail(error, status, 0, "the answer cannot be sent") : PATCHBAY_OK;
}

static void destroy(void *instance) {
    end *end = instance;
    /* Through volatile, which a compiler does not leave out. */
    for (size_t index = 0; index < end->count; index += 1) ((volatile uint8_t *)end->token)[index] = 0;
    free(end);
}

static const patchbay_authenticator table = {sizeof table, 0, create, step, NULL, destroy};

static const void *interface(const char *id) {
    return strcmp(id, PATCHBAY_AUTHENTICATOR) == 0 ? &table : NULL;
}

const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    static const patchbay_plugin plugin = {sizeof plugin, PATCHBAY_MAGIC, PATCHBAY_ABI_MAJOR, PATCHBAY_ABI_MINOR, PATCHBAY_THREADS_INSTANCE, 0,
                                           patchbay_metadata, interface};
    if (host->major != PATCHBAY_ABI_MAJOR) {
        patchbay_fail(error, PATCHBAY_UNSUPPORTED, 0, "acme is built for version 1 of the plugin interface");
        return NULL;
    }
    return &plugin;
}
