// nng. Version 1's pairs, which may be polyamorous: one socket serves many connections, and each answer goes back to the
// pipe that its message came from. It drops what is too much for a pipe, so that this is for modes with one message on its way
// on each. With the flag `pair`, which both ends take, one version 0 pair serves another, and a full queue makes its sender wait.

#include "histogram.h"
#include "modes.h"
#include "peer.h"
#include "program.h"
#include "results.h"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/protocol/pair1/pair.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    // Messages; the most that nng takes.
    queue_messages = 8192,
    patience_milliseconds = 10000,
};

struct connection {
    nng_socket socket;
    int readable, writable;
};

static void check(int result, const char *what) {
    if (result) fail_because(what, nng_strerror(result));
}

static const char *sp_url(const char *url) {
    static char rewritten[256];
    if (strncmp(url, "unix://", 7)) return url;
    snprintf(rewritten, sizeof rewritten, "ipc://%s", url + 7);
    return rewritten;
}

static nng_socket open_socket(bool many) {
    nng_socket socket;
    check(has_flag("pair") ? nng_pair0_open(&socket) : many ? nng_pair1_open_poly(&socket) : nng_pair1_open(&socket), "open");
    // No limit: a message that is longer would end the connection.
    check(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 0), NNG_OPT_RECVMAXSZ);
    check(nng_socket_set_int(socket, NNG_OPT_SENDBUF, queue_messages), NNG_OPT_SENDBUF);
    check(nng_socket_set_int(socket, NNG_OPT_RECVBUF, queue_messages), NNG_OPT_RECVBUF);
    return socket;
}

static void serve(const char *url) {
    nng_socket socket = open_socket(true);
    check(nng_listen(socket, sp_url(url), NULL, 0), "listen");
    say_ready();
    for (;;) {
        nng_msg *message;
        check(nng_recvmsg(socket, &message, 0), "receive");
        if (!nng_msg_len(message)) fail_because("receive", "an empty message");
        char kind = *(char *)nng_msg_body(message);
        if (kind == 'S') {
            nng_msg_free(message);
            continue;
        }
        if (kind != 'E') {
            nng_msg_clear(message);
            check(nng_msg_append(message, "A", 1), "append");
        }
        // The pipe of the message that came is the one that it leaves by, unless it has gone.
        if (nng_sendmsg(socket, message, 0)) nng_msg_free(message);
    }
}

static void *open_connection(const char *url) {
    struct connection *connection = allocate(NULL, sizeof *connection);
    *connection = (struct connection){open_socket(false), -1, -1};
    check(nng_dial(connection->socket, sp_url(url), NULL, 0), "dial");
    return connection;
}

static void close_connection(void *opaque) {
    struct connection *connection = opaque;
    check(nng_close(connection->socket), "close");
    free(connection);
}

static void send_message(void *opaque, const char *message, size_t size) {
    struct connection *connection = opaque;
    check(nng_send(connection->socket, (void *)message, size, 0), "send");
}

static size_t receive(void *opaque) {
    struct connection *connection = opaque;
    nng_msg *message;
    check(nng_recvmsg(connection->socket, &message, 0), "receive");
    size_t length = nng_msg_len(message);
    nng_msg_free(message);
    return length;
}

static bool try_send(void *opaque, const char *message, size_t size) {
    struct connection *connection = opaque;
    int result = nng_send(connection->socket, (void *)message, size, NNG_FLAG_NONBLOCK);
    if (result == NNG_EAGAIN) return false;
    check(result, "send");
    return true;
}

static bool try_receive(void *opaque, size_t *length) {
    struct connection *connection = opaque;
    nng_msg *message;
    int result = nng_recvmsg(connection->socket, &message, NNG_FLAG_NONBLOCK);
    if (result == NNG_EAGAIN) return false;
    check(result, "receive");
    *length = nng_msg_len(message);
    nng_msg_free(message);
    return true;
}

static void wait_for(void *opaque, bool to_send, uint64_t nanoseconds) {
    struct connection *connection = opaque;
    if (connection->readable < 0) {
        check(nng_socket_get_int(connection->socket, NNG_OPT_RECVFD, &connection->readable), NNG_OPT_RECVFD);
        check(nng_socket_get_int(connection->socket, NNG_OPT_SENDFD, &connection->writable), NNG_OPT_SENDFD);
    }
    int descriptors[] = {connection->readable, connection->writable};
    wait_for_descriptors(descriptors, to_send ? 2 : 1, nanoseconds);
}

static int open_pipes;

static void count_pipe(nng_pipe pipe, nng_pipe_ev event, void *pipes) {
    int number = __atomic_fetch_add(&open_pipes, 1, __ATOMIC_SEQ_CST);
    (void)event;
    ((nng_pipe *)pipes)[number] = pipe;
}

// One polyamorous socket with so many pipes. A message carries its pipe's number, and its answer brings it back.
static void fan_in(const char *url, int count, double seconds) {
    struct histogram *latencies = make_histogram();
    uint64_t *departures = allocate(NULL, (size_t)count * sizeof *departures);
    nng_pipe *pipes = allocate(NULL, (size_t)count * sizeof *pipes);
    nng_socket socket = open_socket(true);
    check(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, patience_milliseconds), NNG_OPT_RECVTIMEO);
    check(nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST, count_pipe, pipes), "notify");
    for (int i = 0; i < count; i++) check(nng_dial(socket, sp_url(url), NULL, 0), "dial");
    if (__atomic_load_n(&open_pipes, __ATOMIC_SEQ_CST) != count) fail_because("dial", "not every connection has a pipe");
    for (int i = 0; i < count; i++) {
        nng_msg *message;
        check(nng_msg_alloc(&message, small_message_bytes), "message");
        char *body = nng_msg_body(message);
        body[0] = 'E';
        memcpy(body + 1, &i, sizeof i);
        nng_msg_set_pipe(message, pipes[i]);
        departures[i] = now_nanoseconds();
        check(nng_sendmsg(socket, message, 0), "send");
    }

    uint64_t total = 0, begin = now_nanoseconds(), now = begin;
    uint64_t warm = begin + (uint64_t)(seconds * 1e9 / 4), end = warm + (uint64_t)(seconds * 1e9);
    while (now < end) {
        nng_msg *message;
        check(nng_recvmsg(socket, &message, 0), "receive");
        int number;
        memcpy(&number, (char *)nng_msg_body(message) + 1, sizeof number);
        now = now_nanoseconds();
        total++;
        if (now >= warm && now < end) add_sample(latencies, now - departures[number]);
        departures[number] = now;
        check(nng_sendmsg(socket, message, 0), "send");
    }
    print_round_trips(latencies, total, end - warm);
}

static const char *refusal(const char *mode) {
    bool many_messages = !strcmp(mode, "both") || !strcmp(mode, "inflight") || !strcmp(mode, "openloop");
    if (many_messages && !has_flag("pair")) return "a polyamorous server drops what its pipes cannot take: use 'pair'";
    return !strcmp(mode, "fanin") && has_flag("pair") ? "a pair of version 0 has one connection" : NULL;
}

int main(int count, char **arguments) {
    static const struct peer peer = {
        .flags = {"pair"},
        .serve = serve,
        .open = open_connection,
        .close = close_connection,
        .send = send_message,
        .receive = receive,
        .has_two_ways = true,
        .try_send = try_send,
        .try_receive = try_receive,
        .wait = wait_for,
        .refusal = refusal,
        .fan_in = fan_in,
    };
    return run_peer(&peer, count, arguments);
}
