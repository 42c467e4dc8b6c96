// libzmq over its own wire, ZMTP. A ROUTER serves many DEALERs; with the flag `pair`, which both ends take, one PAIR serves
// another, which saves the routing and is the faster for all that one connection can do.
//
// A socket belongs to one thread at a time: to send and receive at once, one thread does both without waiting, and libzmq's own
// thread the rest.

#include "histogram.h"
#include "modes.h"
#include "peer.h"
#include "program.h"
#include "results.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

enum {
    zero_copy_bytes = 16 << 10,
    most_sockets = 60000,
    backlog = 4096,
    router_id_bytes = 5,
};

static void *context;

static const char *zmq_url(const char *url) {
    static char rewritten[256];
    if (strncmp(url, "unix://", 7)) return url;
    snprintf(rewritten, sizeof rewritten, "ipc://%s", url + 7);
    return rewritten;
}

static void check(int result, const char *what) {
    if (result < 0) fail_because(what, zmq_strerror(zmq_errno()));
}

static void set(void *socket, int option, int value, const char *name) {
    check(zmq_setsockopt(socket, option, &value, sizeof value), name);
}

static void *make_socket(int type) {
    if (!context) {
        context = zmq_ctx_new();
        check(zmq_ctx_set(context, ZMQ_MAX_SOCKETS, most_sockets), "ZMQ_MAX_SOCKETS");
    }
    void *socket = zmq_socket(context, type);
    if (!socket) check(-1, "socket");
    set(socket, ZMQ_LINGER, 0, "ZMQ_LINGER");
    set(socket, ZMQ_BACKLOG, backlog, "ZMQ_BACKLOG");
    // A ROUTER drops what is over a high-water mark, and the clients bound what is on its way. PAIR and DEALER wait there, with
    // the thousand messages of the default.
    if (type == ZMQ_ROUTER) {
        set(socket, ZMQ_SNDHWM, 0, "ZMQ_SNDHWM");
        set(socket, ZMQ_ROUTER_MANDATORY, 1, "ZMQ_ROUTER_MANDATORY");
    }
    return socket;
}

static int receive_message(zmq_msg_t *message, void *socket, int flags) {
    int received;
    do received = zmq_msg_recv(message, socket, flags);
    while (received < 0 && zmq_errno() == EINTR);
    return received;
}

static void serve(const char *url) {
    bool routed = !has_flag("pair");
    void *socket = make_socket(routed ? ZMQ_ROUTER : ZMQ_PAIR);
    check(zmq_bind(socket, zmq_url(url)), "bind");
    say_ready();
    zmq_msg_t sender, message;
    zmq_msg_init(&sender);
    zmq_msg_init(&message);
    for (;;) {
        if (routed) check(receive_message(&sender, socket, 0), "receive");
        check(receive_message(&message, socket, 0), "receive");
        if (!zmq_msg_size(&message)) fail_because("receive", "an empty message");
        char kind = *(char *)zmq_msg_data(&message);
        if (kind == 'S') continue;
        // The sender may have gone: its answer then goes nowhere, and is closed with the next receive.
        if (routed && zmq_msg_send(&sender, socket, ZMQ_SNDMORE) < 0) continue;
        if (kind == 'E')
            check(zmq_msg_send(&message, socket, 0), "send");
        else
            check(zmq_send(socket, "A", 1, 0), "send");
    }
}

static void *open_connection(const char *url) {
    void *socket = make_socket(has_flag("pair") ? ZMQ_PAIR : ZMQ_DEALER);
    check(zmq_connect(socket, zmq_url(url)), "connect");
    return socket;
}

static void close_connection(void *socket) {
    check(zmq_close(socket), "close");
}

// A large message is not copied, as it stays as it is.
static int send_with_flags(void *socket, const char *bytes, size_t size, int flags) {
    if (size < zero_copy_bytes) return zmq_send(socket, bytes, size, flags);
    zmq_msg_t message;
    check(zmq_msg_init_data(&message, (void *)bytes, size, NULL, NULL), "message");
    int sent = zmq_msg_send(&message, socket, flags);
    if (sent < 0) zmq_msg_close(&message);
    return sent;
}

static void send_message(void *socket, const char *message, size_t size) {
    check(send_with_flags(socket, message, size, 0), "send");
}

static size_t receive(void *socket) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    check(receive_message(&message, socket, 0), "receive");
    size_t length = zmq_msg_size(&message);
    zmq_msg_close(&message);
    return length;
}

static bool try_send(void *socket, const char *message, size_t size) {
    int sent = send_with_flags(socket, message, size, ZMQ_DONTWAIT);
    if (sent < 0 && zmq_errno() == EAGAIN) return false;
    check(sent, "send");
    return true;
}

static bool try_receive(void *socket, size_t *length) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    int received = receive_message(&message, socket, ZMQ_DONTWAIT);
    if (received < 0 && zmq_errno() == EAGAIN) return false;
    check(received, "receive");
    *length = zmq_msg_size(&message);
    zmq_msg_close(&message);
    return true;
}

// zmq_poll counts milliseconds, which is too coarse for a schedule. The socket's descriptor tells edges only: whether there is
// something to do has to be asked before each sleep.
static void wait_for(void *socket, bool to_send, uint64_t nanoseconds) {
    int descriptor, events;
    size_t size = sizeof descriptor;
    check(zmq_getsockopt(socket, ZMQ_FD, &descriptor, &size), "ZMQ_FD");
    size = sizeof events;
    check(zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size), "ZMQ_EVENTS");
    if (events & (ZMQ_POLLIN | (to_send ? ZMQ_POLLOUT : 0))) return;
    wait_for_descriptors(&descriptor, 1, nanoseconds);
}

// One ROUTER with so many connections. A DEALER takes one for each endpoint, and a socket for each connection would have
// the client wake and be woken through thousands of descriptors.
static void fan_in(const char *url, int count, double seconds) {
    struct histogram *latencies = make_histogram();
    char *message = make_message(small_message_bytes, 'E'), answer[small_message_bytes];
    uint64_t *departures = allocate(NULL, (size_t)count * sizeof *departures);
    void *socket = make_socket(ZMQ_ROUTER);
    for (int i = 0; i < count; i++) {
        // The id may not begin with a zero byte.
        char id[router_id_bytes] = {'c'};
        memcpy(id + 1, &i, sizeof i);
        check(zmq_setsockopt(socket, ZMQ_CONNECT_ROUTING_ID, id, sizeof id), "ZMQ_CONNECT_ROUTING_ID");
        check(zmq_connect(socket, zmq_url(url)), "connect");
        departures[i] = now_nanoseconds();
        check(zmq_send(socket, id, sizeof id, ZMQ_SNDMORE), "send");
        check(zmq_send(socket, message, small_message_bytes, 0), "send");
    }

    // The first answers are those of the connections themselves.
    uint64_t total = 0, warm = 0, end = UINT64_MAX, now = 0;
    while (now < end) {
        char id[router_id_bytes];
        check(zmq_recv(socket, id, sizeof id, 0), "receive");
        check(zmq_recv(socket, answer, sizeof answer, 0), "receive");
        int number;
        memcpy(&number, id + 1, sizeof number);
        now = now_nanoseconds();
        if (++total == (uint64_t)count) {
            warm = now + (uint64_t)(seconds * 1e9 / 4);
            end = warm + (uint64_t)(seconds * 1e9);
        }
        if (warm && now >= warm && now < end) add_sample(latencies, now - departures[number]);
        departures[number] = now;
        check(zmq_send(socket, id, sizeof id, ZMQ_SNDMORE), "send");
        check(zmq_send(socket, message, small_message_bytes, 0), "send");
    }
    print_round_trips(latencies, total, end - warm);
}

static const char *refusal(const char *mode) {
    bool many_connections = !strcmp(mode, "fanin") || !strcmp(mode, "connect") || !strcmp(mode, "idle");
    return many_connections && has_flag("pair") ? "a PAIR has one connection" : NULL;
}

int main(int count, char **arguments) {
    static const struct peer peer = {
        .flags = {"pair"},
        .serve = serve,
        .open = open_connection,
        .close = close_connection,
        .send = send_message,
        .receive = receive,
        .try_send = try_send,
        .try_receive = try_receive,
        .wait = wait_for,
        .refusal = refusal,
        .fan_in = fan_in,
    };
    return run_peer(&peer, count, arguments);
}
