/* SOCKS version 5: RFC 1928, with the user name and password of RFC 1929. */
#define _GNU_SOURCE
#include "proxy.h"

#include <arpa/inet.h>
#include <string.h>

enum { VERSION = 5, NO_AUTHENTICATION = 0, USER_AND_PASSWORD = 2, NO_ACCEPTABLE_METHOD = 255 };
enum { CONNECT = 1, IPV4 = 1, DOMAIN_NAME = 3, IPV6 = 4 };

int32_t check_socks5(tunnel *tunnel, const request *request) {
    if (strlen(request->host) > 255) return tunnel_fail(tunnel, PATCHBAY_INVALID, 0, "a host's name has at most 255 bytes for SOCKS 5");
    if (request->user.data != NULL && (request->user.count == 0 || request->user.count > 255 || request->password.count > 255))
        return tunnel_fail(tunnel, PATCHBAY_INVALID, 0, "for SOCKS 5 a user has 1 to 255 bytes, and a password at most 255");
    return PATCHBAY_OK;
}

/* RFC 1929: a version of its own, the two strings with their lengths, and an answer of which 0 is success. */
static int32_t authenticate(tunnel *tunnel, const request *request) {
    uint8_t message[3 + 255 + 255], answer[2];
    size_t count = 0;
    int32_t status;
    message[count++] = 1;
    message[count++] = (uint8_t)request->user.count;
    memcpy(message + count, request->user.data, request->user.count);
    count += request->user.count;
    message[count++] = (uint8_t)request->password.count;
    if (request->password.count > 0) memcpy(message + count, request->password.data, request->password.count);
    count += request->password.count;
    status = tunnel_write(tunnel, message, count);
    explicit_bzero(message, sizeof message);
    if (status == PATCHBAY_OK) status = tunnel_read(tunnel, answer, sizeof answer);
    if (status < 0) return status;
    if (answer[1] != 0) return tunnel_fail(tunnel, PATCHBAY_REFUSED, 0, "the proxy refused the user or the password");
    return PATCHBAY_OK;
}

static int32_t agree_on_method(tunnel *tunnel, const request *request) {
    uint8_t greeting[4] = {VERSION, 1, NO_AUTHENTICATION, USER_AND_PASSWORD}, answer[2];
    int knows_user = request->user.data != NULL;
    int32_t status;
    if (knows_user) greeting[1] = 2;
    status = tunnel_write(tunnel, greeting, 2 + (size_t)greeting[1]);
    if (status == PATCHBAY_OK) status = tunnel_read(tunnel, answer, sizeof answer);
    if (status < 0) return status;
    if (answer[0] != VERSION)
        return tunnel_fail(tunnel, PATCHBAY_CORRUPT, 0, "what answers there is no SOCKS 5 proxy: its first byte is %d", answer[0]);
    if (answer[1] == NO_AUTHENTICATION) return PATCHBAY_OK;
    if (answer[1] == USER_AND_PASSWORD && knows_user) return authenticate(tunnel, request);
    if (answer[1] == NO_ACCEPTABLE_METHOD)
        return tunnel_fail(tunnel, PATCHBAY_REFUSED, 0,
                           knows_user ? "the proxy takes neither a user with a password nor nobody; it may want GSSAPI, which socks5 has not"
                                      : "the proxy wants authentication: give user= and password-file=");
    return tunnel_fail(tunnel, PATCHBAY_CORRUPT, 0, "the proxy chose the method %d, which was not offered", answer[1]);
}

/* The address as RFC 1928 section 5 writes it: its type, then the bytes. */
static size_t write_address(const char *host, uint8_t *out) {
    size_t count = strlen(host);
    if (inet_pton(AF_INET, host, out + 1) == 1) {
        out[0] = IPV4;
        return 1 + 4;
    }
    if (inet_pton(AF_INET6, host, out + 1) == 1) {
        out[0] = IPV6;
        return 1 + 16;
    }
    out[0] = DOMAIN_NAME;
    out[1] = (uint8_t)count;
    memcpy(out + 2, host, count);
    return 2 + count;
}

/* RFC 1928 section 6, in its words. */
static int32_t explain(tunnel *tunnel, uint8_t reply) {
    static const struct {
        int32_t status;
        const char *words;
    } replies[] = {
        {PATCHBAY_OK, ""},
        {PATCHBAY_FAILED, "general SOCKS server failure"},
        {PATCHBAY_PERMISSION_DENIED, "connection not allowed by ruleset"},
        {PATCHBAY_UNREACHABLE, "network unreachable"},
        {PATCHBAY_UNREACHABLE, "host unreachable"},
        {PATCHBAY_CONNECTION_REFUSED, "connection refused"},
        {PATCHBAY_UNREACHABLE, "TTL expired"},
        {PATCHBAY_UNSUPPORTED, "command not supported"},
        {PATCHBAY_UNSUPPORTED, "address type not supported"},
    };
    if (reply < sizeof replies / sizeof *replies)
        return tunnel_fail(tunnel, replies[reply].status, 0, "the proxy could not connect: %s", replies[reply].words);
    return tunnel_fail(tunnel, PATCHBAY_FAILED, 0, "the proxy could not connect: it answered %d, which SOCKS 5 does not define", reply);
}

/* The address in the answer is the proxy's own, which nobody needs; but its length says where the answer ends. */
static int32_t skip_address(tunnel *tunnel, uint8_t type) {
    uint8_t address[255 + 2], count;
    int32_t status;
    switch (type) {
    case IPV4: count = 4; break;
    case IPV6: count = 16; break;
    case DOMAIN_NAME:
        status = tunnel_read(tunnel, &count, 1);
        if (status < 0) return status;
        break;
    default: return tunnel_fail(tunnel, PATCHBAY_CORRUPT, 0, "the proxy's answer has an address of the unknown type %d", type);
    }
    return tunnel_read(tunnel, address, (size_t)count + 2);
}

int32_t ask_socks5(tunnel *tunnel, const request *request) {
    uint8_t message[3 + 2 + 255 + 2] = {VERSION, CONNECT, 0}, answer[4];
    size_t count = 3;
    int32_t status = agree_on_method(tunnel, request);
    if (status < 0) return status;
    count += write_address(request->host, message + count);
    message[count++] = (uint8_t)(request->port >> 8);
    message[count++] = (uint8_t)request->port;
    status = tunnel_write(tunnel, message, count);
    if (status == PATCHBAY_OK) status = tunnel_read(tunnel, answer, sizeof answer);
    if (status < 0) return status;
    if (answer[0] != VERSION) return tunnel_fail(tunnel, PATCHBAY_CORRUPT, 0, "the proxy's answer is not of SOCKS 5: its first byte is %d", answer[0]);
    /* Some close at once behind a failure, with a shorter answer than the rules say. */
    if (answer[1] != 0) return explain(tunnel, answer[1]);
    return skip_address(tunnel, answer[3]);
}
