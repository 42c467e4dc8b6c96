/* Drives the authenticator as a host would: both ends, and carries their messages. */
#include "host.h"

static const patchbay_authenticator *authenticator;

/* What an end sent last. */
typedef struct {
    uint8_t bytes[256];
    size_t count, messages;
} outbox;

static int32_t handshake_send(const patchbay_handshake *handshake, const void *data, size_t count) {
    outbox *sent = handshake->host;
    CHECK(count <= sizeof sent->bytes);
    memcpy(sent->bytes, data, count);
    sent->count = count;
    sent->messages += 1;
    return PATCHBAY_OK;
}

static int32_t handshake_identify(const patchbay_handshake *handshake, const char *name, size_t count) {
    (void)handshake, (void)name, (void)count;
    return PATCHBAY_OK;
}

static const patchbay_settings *settings;

static patchbay_handshake make_handshake(uint32_t role, outbox *sent) {
    return (patchbay_handshake){sizeof(patchbay_handshake), role, sent, settings, {NULL, 0}, {NULL, 0}, {"unnamed", 7}, -1, -1, -1,
                                handshake_send,             handshake_identify};
}

/* What the listener says to a dialer with another secret. */
static int32_t verdict(const char *dialers, const char *listeners) {
    outbox sent = {{0}, 0, 0}, answer = {{0}, 0, 0};
    void *dialer = NULL, *listener = NULL;
    patchbay_handshake dial = make_handshake(PATCHBAY_DIALER, &sent), listen = make_handshake(PATCHBAY_LISTENER, &answer);
    test_secret = dialers;
    CHECK(authenticator->create(&dial, &dialer, &failure) == PATCHBAY_OK);
    test_secret = listeners;
    CHECK(authenticator->create(&listen, &listener, &failure) == PATCHBAY_OK);
    CHECK(authenticator->step(listener, &listen, NULL, 0, &failure) == PATCHBAY_CONTINUE);
    CHECK(authenticator->step(dialer, &dial, NULL, 0, &failure) == PATCHBAY_CONTINUE);
    CHECK(sent.messages == 1);
    failure.message[0] = 0;
    int32_t status = authenticator->step(listener, &listen, sent.bytes, sent.count, &failure);
    CHECK(status == PATCHBAY_OK || failure.message[0] != 0);
    /* An error's text is shown to people: it holds no secret. */
    CHECK(strstr(failure.message, dialers) == NULL && strstr(failure.message, listeners) == NULL);
    CHECK(answer.messages == (status == PATCHBAY_OK ? 1u : 0u));
    /* The dialer takes the answer, and nothing else for it. */
    if (status == PATCHBAY_OK) CHECK(authenticator->step(dialer, &dial, answer.bytes, answer.count, &failure) == PATCHBAY_OK);
    else CHECK(authenticator->step(dialer, &dial, "anything", 8, &failure) == PATCHBAY_CORRUPT);
    authenticator->destroy(dialer);
    authenticator->destroy(listener);
    return status;
}

int main(int count, char **arguments) {
    authenticator = load(count > 1 ? arguments[1] : "./libacme.so", PATCHBAY_AUTHENTICATOR);
    patchbay_settings made = make_settings("acme", NULL, 0);
    settings = &made;

    CHECK(verdict("open sesame", "open sesame") == PATCHBAY_OK);
    CHECK(verdict("open sesamf", "open sesame") == PATCHBAY_REFUSED);
    CHECK(verdict("open", "open sesame") == PATCHBAY_REFUSED);

    /* Without a token it does not start. */
    outbox sent = {{0}, 0, 0};
    patchbay_handshake dial = make_handshake(PATCHBAY_DIALER, &sent);
    void *instance = NULL;
    test_secret = NULL;
    CHECK(authenticator->create(&dial, &instance, &failure) < 0);
    puts("acme: every test passed");
    return 0;
}
