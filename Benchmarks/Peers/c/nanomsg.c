// nanomsg. A PAIR takes one connection and is there for the modes that need one; with the flag `request`, which both ends
// take, REP serves many REQs, a request after the other. It cannot fan in: a process has at most 512 sockets, and a REQ has
// one request on its way, whatever it is connected to.
//
// It sends each message by a call of its own, and Nagle's algorithm, which it leaves on, then makes a stream of small ones two to three
// times as fast. The flag `nodelay` turns it off, for modes in which a message must not wait for the one before.

#include "modes.h"
#include "peer.h"
#include "program.h"

#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <nanomsg/reqrep.h>
#include <nanomsg/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void check(int result, const char *what) {
    if (result < 0) fail_because(what, nn_strerror(nn_errno()));
}

static const char *nanomsg_url(const char *url) {
    static char rewritten[256];
    if (strncmp(url, "unix://", 7)) return url;
    snprintf(rewritten, sizeof rewritten, "ipc://%s", url + 7);
    return rewritten;
}

static void set(int socket, int level, int option, int value, const char *name) {
    check(nn_setsockopt(socket, level, option, &value, sizeof value), name);
}

static int open_socket(int protocol) {
    int socket = nn_socket(AF_SP, protocol);
    check(socket, "socket");
    set(socket, NN_SOL_SOCKET, NN_RCVMAXSIZE, -1, "NN_RCVMAXSIZE");
    if (has_flag("nodelay")) set(socket, NN_TCP, NN_TCP_NODELAY, 1, "NN_TCP_NODELAY");
    return socket;
}

static void serve(const char *url) {
    bool replies = has_flag("request");
    int socket = open_socket(replies ? NN_REP : NN_PAIR);
    check(nn_bind(socket, nanomsg_url(url)), "bind");
    say_ready();
    for (;;) {
        char *message;
        int length = nn_recv(socket, &message, NN_MSG, 0);
        if (length < 0 && nn_errno() == EINTR) continue;
        check(length, "receive");
        char kind = length ? message[0] : 0;
        if (kind == 'E') {
            check(nn_send(socket, &message, NN_MSG, 0), "send");
            continue;
        }
        nn_freemsg(message);
        if (kind != 'S') check(nn_send(socket, "A", 1, 0), "send");
    }
}

static void *open_connection(const char *url) {
    int socket = open_socket(has_flag("request") ? NN_REQ : NN_PAIR);
    check(nn_connect(socket, nanomsg_url(url)), "connect");
    return (void *)(intptr_t)socket;
}

static void close_connection(void *socket) {
    check(nn_close((int)(intptr_t)socket), "close");
}

static void send_message(void *socket, const char *message, size_t size) {
    check(nn_send((int)(intptr_t)socket, message, size, 0), "send");
}

static bool receive_with_flags(void *socket, size_t *length, int flags) {
    char *message;
    int received;
    do received = nn_recv((int)(intptr_t)socket, &message, NN_MSG, flags);
    while (received < 0 && nn_errno() == EINTR);
    if (received < 0 && nn_errno() == EAGAIN) return false;
    check(received, "receive");
    *length = (size_t)received;
    nn_freemsg(message);
    return true;
}

static size_t receive(void *socket) {
    size_t length = 0;
    receive_with_flags(socket, &length, 0);
    return length;
}

static bool try_send(void *socket, const char *message, size_t size) {
    int sent = nn_send((int)(intptr_t)socket, message, size, NN_DONTWAIT);
    if (sent < 0 && nn_errno() == EAGAIN) return false;
    check(sent, "send");
    return true;
}

static bool try_receive(void *socket, size_t *length) {
    return receive_with_flags(socket, length, NN_DONTWAIT);
}

static void wait_for(void *socket, bool to_send, uint64_t nanoseconds) {
    int descriptors[2];
    size_t size = sizeof *descriptors;
    check(nn_getsockopt((int)(intptr_t)socket, NN_SOL_SOCKET, NN_RCVFD, &descriptors[0], &size), "NN_RCVFD");
    if (to_send) check(nn_getsockopt((int)(intptr_t)socket, NN_SOL_SOCKET, NN_SNDFD, &descriptors[1], &size), "NN_SNDFD");
    wait_for_descriptors(descriptors, to_send ? 2 : 1, nanoseconds);
}

// One REQ, which takes its connections in turn.
static void hold(const char *url, int count) {
    char *message = make_message(small_message_bytes, 'E');
    int socket = open_socket(NN_REQ);
    size_t length;
    for (int i = 0; i < count; i++) check(nn_connect(socket, nanomsg_url(url)), "connect");
    for (int i = 0; i < count; i++) {
        check(nn_send(socket, message, small_message_bytes, 0), "send");
        receive_with_flags((void *)(intptr_t)socket, &length, 0);
    }
}

static const char *refusal(const char *mode) {
    bool many_connections = !strcmp(mode, "connect") || !strcmp(mode, "idle");
    if (!strcmp(mode, "fanin")) return "a process has at most 512 sockets, and a REQ one request on its way";
    if (many_connections && !has_flag("request")) return "a PAIR has one connection: use 'request'";
    return has_flag("request") && !many_connections && strcmp(mode, "latency") ? "a REQ has one request on its way" : NULL;
}

int main(int count, char **arguments) {
    static const struct peer peer = {
        .flags = {"request", "nodelay"},
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
        .hold = hold,
    };
    return run_peer(&peer, count, arguments);
}
