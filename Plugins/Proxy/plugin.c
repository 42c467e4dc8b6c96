/* The transports `socks5` and `http-connect`: TCP connections that a proxy makes. */
#define _GNU_SOURCE
#include "proxy.h"

#include <string.h>
#include <unistd.h>

PATCHBAY_METADATA({
    "patchbay": "1.0",
    "name": "proxy",
    "version": "1.0.0",
    "summary": "TCP connections through a SOCKS 5 or an HTTP proxy",
    "layers": [
        {
            "kind": "transport",
            "name": "socks5",
            "summary": "asks a SOCKS 5 proxy for a connection; the proxy resolves names",
            "blocking": true,
            "target": "hostAndPort",
            "crossesNetwork": true,
            "cost": 150,
            "connects": true,
            "listens": false,
            "options": [
                {"name": "proxy", "summary": "the proxy, as host:port", "type": "text", "required": true},
                {"name": "user", "summary": "whom the proxy knows; RFC 1929 sends it, and the password, as they are", "type": "text"},
                {"name": "password", "summary": "the user's password at the proxy", "type": "text", "secret": true}
            ],
            "examples": ["json+socks5://example.org:7000?proxy=127.0.0.1:1080"]
        },
        {
            "kind": "transport",
            "name": "http-connect",
            "summary": "asks an HTTP proxy for a connection, with CONNECT; the proxy resolves names",
            "blocking": true,
            "target": "hostAndPort",
            "crossesNetwork": true,
            "cost": 150,
            "connects": true,
            "listens": false,
            "options": [
                {"name": "proxy", "summary": "the proxy, as host:port", "type": "text", "required": true},
                {"name": "user", "summary": "whom the proxy knows; sent, with the password, as they are (Basic)", "type": "text"},
                {"name": "password", "summary": "the user's password at the proxy", "type": "text", "secret": true}
            ],
            "examples": ["json+http-connect://example.org:7000?proxy=127.0.0.1:3128"]
        }
    ]
})

/* Reads what the URL says. */
static int32_t read_request(const patchbay_target *target, request *request, patchbay_error *error) {
    const patchbay_option *user = patchbay_find_option(target->settings, "user");
    int32_t status;
    if (target->host == NULL || target->host[0] == 0 || target->port < 1 || target->port > 65535)
        return patchbay_fail(error, PATCHBAY_INVALID, 0, "a proxy needs the host and the port of the target, as in //example.org:7000");
    /* A zone means something on this machine, and not on the proxy's. */
    if (strchr(target->host, '%') != NULL)
        return patchbay_fail(error, PATCHBAY_INVALID, 0, "an address with a zone cannot be reached through a proxy");
    request->host = target->host;
    request->port = (uint16_t)target->port;
    status = target->settings->secret(target->settings, "password", &request->password);
    if (status == PATCHBAY_NOT_FOUND) {
        request->password.data = NULL;
        request->password.count = 0;
    } else if (status < 0) {
        return patchbay_fail(error, status, 0, "the host gave no password");
    } else if (user == NULL) {
        return patchbay_fail(error, PATCHBAY_INVALID, 0, "a password for the proxy needs the option user");
    }
    if (user != NULL) request->user = user->text;
    return PATCHBAY_OK;
}

/* Waits, and is done when it returns: there is no operation to cancel. The timeout bounds all of it but the resolver. */
static int32_t dial(const patchbay_target *target, patchbay_done done, void *context, void **operation, patchbay_error *error) {
    const patchbay_option *proxy = patchbay_find_option(target->settings, "proxy");
    tunnel tunnel = {.descriptor = -1, .deadline = INT64_MAX, .error = error};
    patchbay_outcome outcome = {.size = sizeof outcome, .status = PATCHBAY_OK};
    int is_socks = strcmp(target->settings->layer, "socks5") == 0;
    request request = {0};
    int32_t status = read_request(target, &request, error);
    *operation = NULL;
    if (status < 0) return status;
    if (proxy == NULL) return patchbay_fail(error, PATCHBAY_INVALID, 0, "the option proxy is missing: proxy=host:port");
    if (target->timeout >= 0) {
        int64_t now = monotonic_now();
        tunnel.deadline = target->timeout < INT64_MAX - now ? now + target->timeout : INT64_MAX;
    }
    status = is_socks ? check_socks5(&tunnel, &request) : check_http_connect(&tunnel, &request);
    if (status == PATCHBAY_OK) status = dial_proxy(&tunnel, proxy->text.data, proxy->text.count);
    if (status < 0) return status;
    status = is_socks ? ask_socks5(&tunnel, &request) : ask_http_connect(&tunnel, &request);
    if (status < 0) {
        close(tunnel.descriptor);
        return status;
    }
    outcome.descriptor = tunnel.descriptor;
    done(context, &outcome);
    return PATCHBAY_OK;
}

static const patchbay_transport transport = {.size = sizeof transport, .connect = dial};

static const void *interface(const char *id) { return strcmp(id, PATCHBAY_TRANSPORT) == 0 ? &transport : NULL; }

static const patchbay_plugin plugin = {
    .size = sizeof plugin,
    .magic = PATCHBAY_MAGIC,
    .major = PATCHBAY_ABI_MAJOR,
    .minor = PATCHBAY_ABI_MINOR,
    .threads = PATCHBAY_THREADS_PARALLEL,
    .metadata = patchbay_metadata,
    .interface = interface,
};

const patchbay_plugin *patchbay_plugin_entry(const patchbay_host *host, patchbay_error *error) {
    (void)host;
    (void)error;
    return &plugin;
}
