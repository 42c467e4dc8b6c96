/* CONNECT of HTTP/1.1: RFC 9110 section 9.3.6, with the Basic credentials of RFC 7617. */
#define _GNU_SOURCE
#include "base64.h"
#include "proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the head of an answer may have, in bytes; and how many interim answers (1xx) may come before the one that counts. */
enum { LARGEST_HEAD = 65536, MOST_INTERIM = 16, LARGEST_STATUS_LINE = 512 };

/* What would end the line, or the target, that the host stands in. */
static int is_safe(const char *host) {
    for (; *host != 0; host += 1) {
        unsigned char byte = (unsigned char)*host;
        if (byte <= ' ' || byte == 127 || strchr("/?#@[]\\\"<>", byte) != NULL) return 0;
    }
    return 1;
}

int32_t check_http_connect(tunnel *tunnel, const request *request) {
    if (request->host[0] == 0 || !is_safe(request->host))
        return tunnel_fail(tunnel, PATCHBAY_INVALID, 0, "the target's host has characters that HTTP cannot carry");
    if (request->user.data == NULL) return PATCHBAY_OK;
    if (memchr(request->user.data, ':', request->user.count) != NULL)
        return tunnel_fail(tunnel, PATCHBAY_INVALID, 0, "a user for an HTTP proxy has no colon: RFC 7617");
    if (request->user.count > 4096 || request->password.count > 4096)
        return tunnel_fail(tunnel, PATCHBAY_INVALID, 0, "a user and a password for an HTTP proxy have at most 4096 bytes each");
    return PATCHBAY_OK;
}

/* "user:password" in base64, ended by a NUL; to be wiped and freed. NULL where no memory is left. */
static char *credentials(const request *request, size_t *capacity) {
    size_t count = request->user.count + 1 + request->password.count;
    uint8_t *plain = malloc(count);
    char *text;
    *capacity = BASE64_COUNT(count) + 1;
    text = malloc(*capacity);
    if (plain != NULL && text != NULL) {
        memcpy(plain, request->user.data, request->user.count);
        plain[request->user.count] = ':';
        if (request->password.count > 0) memcpy(plain + request->user.count + 1, request->password.data, request->password.count);
        text[base64_encode(plain, count, text)] = 0;
    } else {
        free(text);
        text = NULL;
    }
    if (plain != NULL) explicit_bzero(plain, count);
    free(plain);
    return text;
}

static int32_t send_request(tunnel *tunnel, const request *request) {
    int is_ipv6 = strchr(request->host, ':') != NULL;
    const char *open = is_ipv6 ? "[" : "", *close = is_ipv6 ? "]" : "";
    char *head = NULL, *secret = NULL;
    size_t secret_capacity = 0;
    int count;
    int32_t status;
    if (request->user.data != NULL) {
        secret = credentials(request, &secret_capacity);
        if (secret == NULL) return tunnel_fail(tunnel, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to ask the proxy");
    }
    count = asprintf(&head, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n%s%s%s\r\n", open, request->host, close, request->port, open,
                     request->host, close, request->port, secret == NULL ? "" : "Proxy-Authorization: Basic ", secret == NULL ? "" : secret,
                     secret == NULL ? "" : "\r\n");
    if (count < 0) {
        status = tunnel_fail(tunnel, PATCHBAY_OUT_OF_MEMORY, 0, "no memory is left to ask the proxy");
    } else {
        status = tunnel_write(tunnel, head, (size_t)count);
        explicit_bzero(head, (size_t)count);
        free(head);
    }
    if (secret != NULL) explicit_bzero(secret, secret_capacity);
    free(secret);
    return status;
}

/* Takes the head of one answer from the connection, up to and with the empty line, and not a byte more; keeps its first line.
 * Lines may end with LF alone: RFC 9112 section 2.2. */
static int32_t read_head(tunnel *tunnel, char line[LARGEST_STATUS_LINE]) {
    char piece[2048];
    size_t total = 0, kept = 0, column = 0, seen, index;
    int in_first_line = 1, ended = 0;
    while (!ended) {
        int32_t status = tunnel_peek(tunnel, piece, sizeof piece, &seen);
        if (status < 0) return status;
        for (index = 0; index < seen && !ended; index += 1) {
            char byte = piece[index];
            if (byte == '\n') {
                ended = column == 0 && !in_first_line;
                in_first_line = 0;
                column = 0;
            } else if (byte != '\r') {
                column += 1;
                if (in_first_line && kept + 1 < LARGEST_STATUS_LINE) line[kept++] = byte;
            }
        }
        status = tunnel_read(tunnel, piece, index);
        if (status < 0) return status;
        total += index;
        if (total > LARGEST_HEAD) return tunnel_fail(tunnel, PATCHBAY_LIMIT, 0, "the proxy's answer has more than %d bytes of headers", LARGEST_HEAD);
        /* What is no HTTP never sends an empty line. */
        if (total >= 5 && (kept < 5 || memcmp(line, "HTTP/", 5) != 0))
            return tunnel_fail(tunnel, PATCHBAY_CORRUPT, 0, "what answers there is no HTTP proxy");
    }
    line[kept] = 0;
    return PATCHBAY_OK;
}

/* "HTTP/1.1 200 Established": the number, and where its words begin. */
static int32_t parse_status(tunnel *tunnel, char *line, int *code, char **words) {
    char *byte;
    if (strncmp(line, "HTTP/1.", 7) != 0 || line[7] < '0' || line[7] > '9' || line[8] != ' ' || strspn(line + 9, "0123456789") != 3 ||
        (line[12] != ' ' && line[12] != 0))
        return tunnel_fail(tunnel, PATCHBAY_CORRUPT, 0, "the proxy's answer does not begin as HTTP/1.1 answers do");
    *code = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    *words = line[12] == 0 ? line + 12 : line + 13;
    /* They end on somebody's terminal. */
    for (byte = *words; *byte != 0; byte += 1) {
        if (*byte < ' ' || *byte > '~') *byte = '?';
    }
    return PATCHBAY_OK;
}

static int32_t explain(tunnel *tunnel, const request *request, int code, const char *words) {
    int32_t status = PATCHBAY_FAILED;
    const char *advice = "";
    switch (code) {
    /* 407 by the rules; tinyproxy says 401 where the credentials are wrong, 407 where there are none. */
    case 401:
    case 407:
        status = PATCHBAY_REFUSED;
        advice = request->user.data == NULL ? "; give user= and password-file=" : "; it refused the user or the password";
        break;
    case 403:
    case 451: status = PATCHBAY_PERMISSION_DENIED, advice = "; its rules forbid this host or this port"; break;
    case 405:
    case 501: status = PATCHBAY_UNSUPPORTED, advice = "; it knows no CONNECT: it may be a plain web server"; break;
    case 408:
    case 504: status = PATCHBAY_TIMED_OUT, advice = "; the host beyond it did not answer in time"; break;
    case 404:
    case 500:
    case 502:
    case 503: status = PATCHBAY_UNREACHABLE, advice = "; it could not reach the host"; break;
    default: break;
    }
    return tunnel_fail(tunnel, status, 0, "the proxy answered %d %.200s%s", code, words, advice);
}

int32_t ask_http_connect(tunnel *tunnel, const request *request) {
    int interim;
    int32_t status = send_request(tunnel, request);
    if (status < 0) return status;
    for (interim = 0; interim < MOST_INTERIM; interim += 1) {
        char line[LARGEST_STATUS_LINE], *words = line;
        int code = 0;
        status = read_head(tunnel, line);
        if (status == PATCHBAY_OK) status = parse_status(tunnel, line, &code, &words);
        if (status < 0) return status;
        if (code >= 200) {
            /* Behind the empty line of a 2xx the tunnel begins, whatever a Content-Length says. */
            return code < 300 ? PATCHBAY_OK : explain(tunnel, request, code, words);
        }
        /* 101 would be another protocol, which nobody asked for. */
        if (code < 100 || code == 101) return explain(tunnel, request, code, words);
    }
    return tunnel_fail(tunnel, PATCHBAY_CORRUPT, 0, "the proxy sent %d interim answers and no other", MOST_INTERIM);
}
