// The limit: a server of one thread and one epoll. It reads as much as there is, cuts all messages out of it, and lets all
// their answers go with one call. With `noframing` it sends back the bytes that came, whatever they are: what is left of
// a server when everything but the system calls is taken away. The client is raw C's, in batches.

#define _GNU_SOURCE  // accept4's flags

#include "framed.h"
#include "inbox.h"
#include "outbox.h"
#include "program.h"
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    events_at_once = 1024,
    scratch_bytes = 256 << 10,
    // A client that does not read is not read either.
    most_unsent_bytes = 4 << 20,
};

struct client {
    int descriptor;
    uint32_t interest;
    struct inbox inbox;  // Holds no memory but while a message is not whole.
    struct outbox outbox;
};

static int epoll;
static char *scratch;
// The memory of the outbox that was emptied last, for the client that comes next: idle ones hold none.
static struct outbox spare;

static void watch(struct client *client, int operation, uint32_t interest) {
    struct epoll_event event = {.events = interest, .data.ptr = client};
    if (epoll_ctl(epoll, operation, client->descriptor, &event)) fail("epoll_ctl");
    client->interest = interest;
}

static void drop(struct client *client) {
    close(client->descriptor);
    free(client->inbox.data);
    free(client->outbox.data);
    free(client);
}

// Answers every whole message. Returns -1 when the connection is of no more use.
static int answer_all(struct client *client, struct inbox *inbox, size_t *need) {
    char *body;
    while ((body = cut_message(inbox, need))) {
        if (body[0] == 'S') continue;
        bool echo = body[0] == 'E';
        if (put_message(&client->outbox, client->descriptor, echo ? body : "A", echo ? *need : 1)) return -1;
    }
    return *need ? 0 : -1;
}

// Reads into memory that all clients share; only what is left of a message stays with its client.
static int read_framed(struct client *client) {
    bool borrowed = !client->inbox.data;
    struct inbox *own = &client->inbox, shared = {scratch, scratch_bytes, 0, 0}, *inbox = borrowed ? &shared : own;
    ssize_t received = recv(client->descriptor, inbox->data + inbox->end, inbox->capacity - inbox->end, MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN) return 0;
    if (received <= 0) return -1;
    inbox->end += (size_t)received;
    size_t need, left;
    if (answer_all(client, inbox, &need)) return -1;
    left = inbox->end - inbox->start;
    if (borrowed && left) {
        own->capacity = need > scratch_bytes ? need + scratch_bytes : scratch_bytes;
        own->data = allocate(NULL, own->capacity);
        memcpy(own->data, shared.data + shared.start, left);
        own->start = 0;
        own->end = left;
    } else if (!borrowed && left) {
        make_room(own, need);
    } else if (!borrowed) {
        free(own->data);
        *own = (struct inbox){0};
    }
    return 0;
}

static int read_bytes(struct client *client) {
    ssize_t received = recv(client->descriptor, scratch, scratch_bytes, MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN) return 0;
    if (received <= 0) return -1;
    return put_bytes(&client->outbox, client->descriptor, scratch, (size_t)received);
}

static void handle(struct client *client, uint32_t events, int (*read)(struct client *)) {
    if (!client->outbox.data) {
        client->outbox = spare;
        spare = (struct outbox){0};
    }
    if ((events & ~(uint32_t)EPOLLOUT && read(client)) || send_unsent(&client->outbox, client->descriptor)) {
        drop(client);
        return;
    }
    size_t left = unsent(&client->outbox);
    uint32_t interest = left > most_unsent_bytes ? EPOLLOUT : left ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (interest != client->interest) watch(client, EPOLL_CTL_MOD, interest);
    if (left) return;
    free(spare.data);
    spare = client->outbox;
    client->outbox = (struct outbox){0};
}

static void serve(const char *url) {
    struct address address = parse_url(url);
    int (*read)(struct client *) = has_flag("noframing") ? read_bytes : read_framed;
    struct client listener = {.descriptor = listen_on(&address)};
    static struct epoll_event events[events_at_once];
    scratch = allocate(NULL, scratch_bytes);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) fail("epoll_create1");
    watch(&listener, EPOLL_CTL_ADD, EPOLLIN);
    say_ready();
    for (;;) {
        int ready = epoll_wait(epoll, events, events_at_once, -1);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            if (client != &listener) {
                handle(client, events[i].events, read);
                continue;
            }
            client = allocate(NULL, sizeof *client);
            *client = (struct client){.descriptor = accept_one(listener.descriptor, &address, SOCK_NONBLOCK)};
            watch(client, EPOLL_CTL_ADD, EPOLLIN);
        }
    }
}

int main(int count, char **arguments) {
    static const struct peer peer = {
        .flags = {"noframing", "exact", "buffered", "single", "batched", "spin"},
        .serve = serve,
        .open = open_framed,
        .close = close_framed,
        .send = send_framed,
        .receive = receive_framed,
        .send_batch = send_batch_framed,
        .try_send = try_send_framed,
        .try_receive = try_receive_framed,
        .flush = flush_framed,
        .wait = wait_framed,
        .fan_in = fan_in_framed,
    };
    return run_peer(&peer, count, arguments);
}
