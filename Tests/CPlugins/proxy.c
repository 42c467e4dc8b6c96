/* `socks5` and `http-connect` against proxies that follow a script, byte by byte; the Swift tests have the real ones. */
#define _GNU_SOURCE
#include "host.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const patchbay_transport *table;

/* One exchange: the proxy reads these bytes, compares, and answers. A step without an answer stays silent until the client goes. */
typedef struct step {
    const char *wanted;
    size_t wanted_count;
    const char *answer;
    size_t answer_count;
} step;

#define BYTES(text) text, sizeof(text) - 1
#define END \
    { NULL, 0, NULL, 0 }

typedef struct script {
    const step *steps;
    int listener;
    /* All of an answer at once, or a byte at a time with a pause that makes it a segment of its own. */
    int at_once;
    int matched;
} script;

static void *serve(void *context) {
    script *script = context;
    int peer = accept(script->listener, NULL, NULL), yes = 1;
    const step *step;
    char buffer[4096];
    EXPECT(peer >= 0);
    setsockopt(peer, IPPROTO_TCP, 1 /* TCP_NODELAY */, &yes, sizeof yes);
    script->matched = 1;
    for (step = script->steps; step->wanted != NULL && script->matched; step += 1) {
        size_t index;
        if (recv(peer, buffer, step->wanted_count, MSG_WAITALL) != (ssize_t)step->wanted_count ||
            memcmp(buffer, step->wanted, step->wanted_count) != 0)
            script->matched = 0;
        if (step->answer == NULL) {
            EXPECT(recv(peer, buffer, 1, 0) <= 0);
        } else if (script->at_once) {
            send(peer, step->answer, step->answer_count, MSG_NOSIGNAL);
        } else {
            for (index = 0; index < step->answer_count; index += 1) {
                const struct timespec pause = {0, 200000};
                send(peer, step->answer + index, 1, MSG_NOSIGNAL);
                nanosleep(&pause, NULL);
            }
        }
    }
    close(peer);
    return NULL;
}

static int listen_anywhere(char proxy[32]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 4) == 0);
    EXPECT(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    snprintf(proxy, 32, "proxy=127.0.0.1:%d", ntohs(address.sin_port));
    return listener;
}

static int32_t dial(const char *layer, const char *host, int port, const char *const pairs[], int64_t timeout, host_outcome *outcome) {
    patchbay_settings *settings = host_settings(layer, pairs);
    patchbay_target target = {.size = sizeof target, .port = port, .settings = settings, .host = host, .timeout = timeout};
    patchbay_error *error = host_error();
    void *operation = NULL;
    int32_t status;
    memset(outcome, 0, sizeof *outcome);
    status = table->connect(&target, host_done, outcome, &operation, error);
    EXPECT(operation == NULL);
    EXPECT(outcome->calls == (status == PATCHBAY_OK));
    EXPECT((status < 0) == (error->message[0] != 0));
    memcpy(outcome->message, error->message, sizeof error->message);
    EXPECT(strstr(outcome->message, "wonder") == NULL);
    host_settings_free(settings);
    return status;
}

/* Plays the script in both paces. `words` must stand in the error; NULL where the tunnel opens, behind which "PEER" follows. */
static void play(const char *layer, const char *host, const char *user, const step *steps, int32_t expected, const char *words) {
    int at_once;
    for (at_once = 0; at_once < 2; at_once += 1) {
        char proxy[32], name[64];
        script script = {.steps = steps, .at_once = at_once};
        const char *pairs[] = {proxy, name, "!password=wonderland", NULL};
        host_outcome outcome;
        pthread_t thread;
        int32_t status;
        script.listener = listen_anywhere(proxy);
        if (user == NULL) {
            pairs[1] = NULL;
        } else {
            snprintf(name, sizeof name, "user=%s", user);
        }
        EXPECT(pthread_create(&thread, NULL, serve, &script) == 0);
        status = dial(layer, host, 7000, pairs, 5000000000, &outcome);
        if (status != expected) fprintf(stderr, "%s: %d instead of %d: %s\n", layer, status, expected, outcome.message);
        EXPECT(status == expected);
        if (status == PATCHBAY_OK) {
            char peer[4];
            size_t count = 0;
            EXPECT(fcntl(outcome.descriptor, F_GETFL) & O_NONBLOCK);
            EXPECT(fcntl(outcome.descriptor, F_GETFD) & FD_CLOEXEC);
            EXPECT(outcome.flags == 0);
            while (count < sizeof peer) {
                struct pollfd entry = {.fd = outcome.descriptor, .events = POLLIN};
                ssize_t received;
                EXPECT(poll(&entry, 1, 5000) == 1);
                received = recv(outcome.descriptor, peer + count, sizeof peer - count, 0);
                EXPECT(received > 0);
                count += (size_t)received;
            }
            EXPECT(memcmp(peer, "PEER", 4) == 0);
            close(outcome.descriptor);
        } else if (strstr(outcome.message, words) == NULL) {
            fprintf(stderr, "%s\n", outcome.message);
            EXPECT(strstr(outcome.message, words) != NULL);
        }
        EXPECT(pthread_join(thread, NULL) == 0);
        EXPECT(script.matched);
        close(script.listener);
    }
}

/* RFC 1928 section 4: version, CONNECT, reserved, address type, address, port; 7000 is 1B 58. */
#define ASK_NAME BYTES("\5\1\0\3\13example.org\x1b\x58")

static void socks5(void) {
    static const step named[] = {{BYTES("\5\1\0"), BYTES("\5\0")}, {ASK_NAME, BYTES("\5\0\0\1\1\2\3\4\x1f\x90PEER")}, END};
    static const step four[] = {{BYTES("\5\1\0"), BYTES("\5\0")},
                                {BYTES("\5\1\0\1\xc0\0\2\7\x1b\x58"), BYTES("\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x1f\x90PEER")},
                                END};
    static const step six[] = {{BYTES("\5\1\0"), BYTES("\5\0")},
                               {BYTES("\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7\x1b\x58"), BYTES("\5\0\0\3\4host\x1f\x90PEER")},
                               END};
    /* RFC 1929: 1, "alice", "wonderland". */
    static const step user[] = {{BYTES("\5\2\0\2"), BYTES("\5\2")},
                                {BYTES("\1\5alice\12wonderland"), BYTES("\1\0")},
                                {ASK_NAME, BYTES("\5\0\0\1\0\0\0\0\0\0PEER")},
                                END};
    static const step user_not_wanted[] = {{BYTES("\5\2\0\2"), BYTES("\5\0")}, {ASK_NAME, BYTES("\5\0\0\1\0\0\0\0\0\0PEER")}, END};
    static const step wrong_password[] = {{BYTES("\5\2\0\2"), BYTES("\5\2")}, {BYTES("\1\5alice\12wonderland"), BYTES("\1\1")}, END};
    static const step no_method[] = {{BYTES("\5\1\0"), BYTES("\5\xff")}, END};
    static const step unasked[] = {{BYTES("\5\1\0"), BYTES("\5\2")}, END};
    static const step version_four[] = {{BYTES("\5\1\0"), BYTES("\4\0")}, END};
    static const step cut[] = {{BYTES("\5\1\0"), BYTES("\5\0")}, {ASK_NAME, BYTES("\5\0\0\1\0\0")}, END};
    static const step odd_address[] = {{BYTES("\5\1\0"), BYTES("\5\0")}, {ASK_NAME, BYTES("\5\0\0\2\0\0\0\0\0\0")}, END};
    static const struct {
        char answer[10];
        int32_t status;
        const char *words;
    } failures[] = {
        {"\5\1\0\1", PATCHBAY_FAILED, "general SOCKS server failure"},
        {"\5\2\0\1", PATCHBAY_PERMISSION_DENIED, "connection not allowed by ruleset"},
        {"\5\3\0\1", PATCHBAY_UNREACHABLE, "network unreachable"},
        {"\5\4\0\1", PATCHBAY_UNREACHABLE, "host unreachable"},
        {"\5\5\0\1", PATCHBAY_CONNECTION_REFUSED, "connection refused"},
        {"\5\6\0\1", PATCHBAY_UNREACHABLE, "TTL expired"},
        {"\5\7\0\1", PATCHBAY_UNSUPPORTED, "command not supported"},
        {"\5\10\0\1", PATCHBAY_UNSUPPORTED, "address type not supported"},
        {"\5\11\0\1", PATCHBAY_FAILED, "answered 9"},
    };
    size_t index;
    play("socks5", "example.org", NULL, named, PATCHBAY_OK, NULL);
    play("socks5", "192.0.2.7", NULL, four, PATCHBAY_OK, NULL);
    play("socks5", "2001:db8::7", NULL, six, PATCHBAY_OK, NULL);
    play("socks5", "example.org", "alice", user, PATCHBAY_OK, NULL);
    play("socks5", "example.org", "alice", user_not_wanted, PATCHBAY_OK, NULL);
    play("socks5", "example.org", "alice", wrong_password, PATCHBAY_REFUSED, "refused the user or the password");
    play("socks5", "example.org", NULL, no_method, PATCHBAY_REFUSED, "wants authentication");
    play("socks5", "example.org", NULL, unasked, PATCHBAY_CORRUPT, "was not offered");
    play("socks5", "example.org", NULL, version_four, PATCHBAY_CORRUPT, "no SOCKS 5 proxy");
    play("socks5", "example.org", NULL, cut, PATCHBAY_CLOSED, "before its answer was whole");
    play("socks5", "example.org", NULL, odd_address, PATCHBAY_CORRUPT, "unknown type 2");
    for (index = 0; index < sizeof failures / sizeof *failures; index += 1) {
        const step failing[] = {{BYTES("\5\1\0"), BYTES("\5\0")}, {ASK_NAME, failures[index].answer, 10}, END};
        play("socks5", "example.org", NULL, failing, failures[index].status, failures[index].words);
    }
}

#define CONNECT_NAME "CONNECT example.org:7000 HTTP/1.1\r\nHost: example.org:7000\r\n"

static void http_connect(void) {
    static const step plain[] = {{BYTES(CONNECT_NAME "\r\n"), BYTES("HTTP/1.1 200 Established\r\nVia: x\r\n\r\nPEER")}, END};
    static const step bare_lines[] = {{BYTES(CONNECT_NAME "\r\n"), BYTES("HTTP/1.0 200\nContent-Length: 3\n\nPEER")}, END};
    static const step interim[] = {
        {BYTES(CONNECT_NAME "\r\n"), BYTES("HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 \r\n\r\nPEER")}, END};
    static const step six[] = {
        {BYTES("CONNECT [2001:db8::7]:7000 HTTP/1.1\r\nHost: [2001:db8::7]:7000\r\n\r\n"), BYTES("HTTP/1.1 200 OK\r\n\r\nPEER")}, END};
    /* RFC 7617 section 2 has this pair: Aladdin, open sesame; here alice and wonderland. */
    static const step user[] = {{BYTES(CONNECT_NAME "Proxy-Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n\r\n"),
                                 BYTES("HTTP/1.1 200 OK\r\n\r\nPEER")},
                                END};
    static const step refused[] = {{BYTES(CONNECT_NAME "Proxy-Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n\r\n"),
                                    BYTES("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")},
                                   END};
    static const step silent[] = {{BYTES(CONNECT_NAME "\r\n"), BYTES("")}, END};
    static const step no_http[] = {{BYTES(CONNECT_NAME "\r\n"), BYTES("220 mail.example.org ESMTP\r\n")}, END};
    static const step escape[] = {{BYTES(CONNECT_NAME "\r\n"), BYTES("HTTP/1.1 418 \33[31mred\r\n\r\n")}, END};
    static const struct {
        const char *answer;
        int32_t status;
        const char *words;
    } failures[] = {
        {"HTTP/1.1 403 Filtered\r\n\r\n", PATCHBAY_PERMISSION_DENIED, "403 Filtered"},
        {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", PATCHBAY_REFUSED, "give user= and password-file="},
        {"HTTP/1.1 401 Unauthorized\r\n\r\n", PATCHBAY_REFUSED, "give user= and password-file="},
        {"HTTP/1.1 405 Method Not Allowed\r\n\r\n", PATCHBAY_UNSUPPORTED, "knows no CONNECT"},
        {"HTTP/1.1 502 Bad Gateway\r\n\r\n", PATCHBAY_UNREACHABLE, "502 Bad Gateway"},
        {"HTTP/1.1 504 Gateway Timeout\r\n\r\n", PATCHBAY_TIMED_OUT, "504 Gateway Timeout"},
        {"HTTP/1.1 302 Found\r\n\r\n", PATCHBAY_FAILED, "302 Found"},
        {"HTTP/1.1 101 Switching\r\n\r\n", PATCHBAY_FAILED, "101 Switching"},
        {"HTTP/1.1 20 Short\r\n\r\n", PATCHBAY_CORRUPT, "does not begin as"},
    };
    host_outcome outcome;
    size_t index;
    const char *pairs[] = {"proxy=127.0.0.1:1", NULL};
    play("http-connect", "example.org", NULL, plain, PATCHBAY_OK, NULL);
    play("http-connect", "example.org", NULL, bare_lines, PATCHBAY_OK, NULL);
    play("http-connect", "example.org", NULL, interim, PATCHBAY_OK, NULL);
    play("http-connect", "2001:db8::7", NULL, six, PATCHBAY_OK, NULL);
    play("http-connect", "example.org", "alice", user, PATCHBAY_OK, NULL);
    play("http-connect", "example.org", "alice", refused, PATCHBAY_REFUSED, "refused the user or the password");
    play("http-connect", "example.org", NULL, silent, PATCHBAY_CLOSED, "before its answer was whole");
    play("http-connect", "example.org", NULL, no_http, PATCHBAY_CORRUPT, "no HTTP proxy");
    play("http-connect", "example.org", NULL, escape, PATCHBAY_FAILED, "418 ?[31mred");
    for (index = 0; index < sizeof failures / sizeof *failures; index += 1) {
        const step failing[] = {{BYTES(CONNECT_NAME "\r\n"), failures[index].answer, strlen(failures[index].answer)}, END};
        play("http-connect", "example.org", NULL, failing, failures[index].status, failures[index].words);
    }
    EXPECT(dial("http-connect", "a\r\nb", 7000, pairs, -1, &outcome) == PATCHBAY_INVALID);
}

static void refusals(void) {
    static const char *const proxies[] = {"proxy=", "proxy=host", "proxy=:1", "proxy=host:", "proxy=h:0", "proxy=h:65536", "proxy=h:1x", "proxy=::1:80"};
    static const step silent[] = {{BYTES("\5\1\0"), NULL, 0}, END};
    char proxy[32];
    script script = {.steps = silent};
    const char *pairs[] = {proxy, NULL, NULL};
    host_outcome outcome;
    pthread_t thread;
    int64_t begun;
    struct timespec time;
    size_t index;
    char name[300];
    for (index = 0; index < sizeof proxies / sizeof *proxies; index += 1) {
        const char *wrong[] = {proxies[index], NULL};
        EXPECT(dial("socks5", "example.org", 7000, wrong, -1, &outcome) == PATCHBAY_INVALID);
    }
    strcpy(proxy, "proxy=127.0.0.1:1");
    EXPECT(dial("socks5", "example.org", 7000, pairs, -1, &outcome) == PATCHBAY_CONNECTION_REFUSED);
    EXPECT(dial("socks5", NULL, 7000, pairs, -1, &outcome) == PATCHBAY_INVALID);
    EXPECT(dial("socks5", "example.org", -1, pairs, -1, &outcome) == PATCHBAY_INVALID);
    EXPECT(dial("socks5", "fe80::1%eth0", 7000, pairs, -1, &outcome) == PATCHBAY_INVALID);
    pairs[1] = "!password=wonderland";
    EXPECT(dial("socks5", "example.org", 7000, pairs, -1, &outcome) == PATCHBAY_INVALID);
    pairs[1] = NULL;
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = 0;
    /* A proxy that says nothing is left within the timeout. */
    script.listener = listen_anywhere(proxy);
    EXPECT(dial("socks5", name, 7000, pairs, -1, &outcome) == PATCHBAY_INVALID);
    EXPECT(pthread_create(&thread, NULL, serve, &script) == 0);
    clock_gettime(CLOCK_MONOTONIC, &time);
    begun = time.tv_sec;
    EXPECT(dial("socks5", "example.org", 7000, pairs, 100000000, &outcome) == PATCHBAY_TIMED_OUT);
    clock_gettime(CLOCK_MONOTONIC, &time);
    EXPECT(time.tv_sec - begun < 30);
    EXPECT(pthread_join(thread, NULL) == 0);
    EXPECT(script.matched);
    close(script.listener);
}

int main(int count, char **arguments) {
    EXPECT(count == 2);
    table = host_load(arguments[1], PATCHBAY_TRANSPORT);
    socks5();
    http_connect();
    refusals();
    puts("proxy: all tests passed");
    return 0;
}
