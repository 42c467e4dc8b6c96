// Raw C's messages through a TURN relay over TCP (RFC 8656 and RFC 6062), such as coturn; one connection after the other.
//
// The server's URL is the relay's. It allocates there without credentials, and serves what the relay tells of, each connection
// bound to one of its own to the relay. The client's URL is the relayed address, to which it speaks as to any server; that
// address's port must be known before, by a relay that has but one to give.
//
// The client waits for a message before it sends: what reaches coturn 4.6.1 before the connection is bound is lost, and nobody
// is told.

#include "framed.h"
#include "program.h"
#include "serving.h"
#include "stun.h"
#include "wire.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t requested_transport[4] = {IPPROTO_TCP};

static uint32_t next_attempt(int control) {
    struct stun_message message;
    do message = next_stun_message(control);
    while (type_of(&message) != stun_connection_attempt);
    uint32_t connection;
    memcpy(&connection, attribute_of(&message, stun_connection_id, sizeof connection), sizeof connection);
    return connection;
}

static int bind_connection(const struct address *relay, uint32_t connection) {
    int data = dial(relay);
    struct stun_message request = make_request(stun_connection_bind);
    add_attribute(&request, stun_connection_id, &connection, sizeof connection);
    ask(data, &request, "ConnectionBind");
    return data;
}

static void serve(const char *url) {
    struct address relay = parse_url(url);
    if (!relay.tcp) fail_because(url, "a relay is reached over TCP");
    int control = dial(&relay);

    struct stun_message request = make_request(stun_allocate);
    add_attribute(&request, stun_requested_transport, requested_transport, sizeof requested_transport);
    struct stun_message response = ask(control, &request, "Allocate");
    struct sockaddr_in relayed = relayed_address(&response);

    // Clients come from where the relay is: all are on this machine.
    request = make_request(stun_create_permission);
    add_peer_address(&request, relayed.sin_addr);
    ask(control, &request, "CreatePermission");

    say_ready();
    for (;;) {
        int data = bind_connection(&relay, next_attempt(control));
        if (send_message(data, "A", 1)) fail("send");
        serve_messages(data);
    }
}

static void *open_relayed(const char *url) {
    void *connection = open_framed(url);
    receive_framed(connection);
    return connection;
}

static const char *refusal(const char *mode) {
    return strcmp(mode, "fanin") && strcmp(mode, "idle") ? NULL : "one connection after the other is served";
}

int main(int count, char **arguments) {
    static const struct peer turn = {
        .flags = {"exact", "buffered", "single", "batched"},
        .serve = serve,
        .open = open_relayed,
        .close = close_framed,
        .send = send_framed,
        .receive = receive_framed,
        .has_two_ways = true,
        .send_batch = send_batch_framed,
        .try_send = try_send_framed,
        .try_receive = try_receive_framed,
        .flush = flush_framed,
        .wait = wait_framed,
        .refusal = refusal,
    };
    return run_peer(&turn, count, arguments);
}
