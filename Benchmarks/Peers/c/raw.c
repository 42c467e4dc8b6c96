// The yardstick: length-prefixed messages over blocking sockets, with nothing in between.
//
// The server reads exactly (two calls a message, nothing copied twice) or buffered (one call for as much as there is), has a
// thread for each connection or serves one after the other (which is faster to accept), and sleeps or spins for input. To
// each message its answer leaves by a call of its own.

#include "framed.h"
#include "program.h"
#include "serving.h"
#include "wire.h"

#include <errno.h>
#include <pthread.h>

enum { thread_stack_bytes = 128 << 10 };

static void *serve_connection(void *descriptor) {
    serve_messages((int)(intptr_t)descriptor);
    return NULL;
}

static void serve(const char *url) {
    struct address address = parse_url(url);
    int listener = listen_on(&address);
    bool serial = has_flag("serial");
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, thread_stack_bytes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    say_ready();
    for (;;) {
        void *descriptor = (void *)(intptr_t)accept_one(listener, &address, 0);
        pthread_t thread;
        if (serial)
            serve_connection(descriptor);
        else if ((errno = pthread_create(&thread, &attributes, serve_connection, descriptor)))
            fail("pthread_create");
    }
}

int main(int count, char **arguments) {
    static const struct peer raw = {
        .flags = {"exact", "buffered", "single", "batched", "threads", "serial", "spin"},
        .serve = serve,
        .open = open_framed,
        .close = close_framed,
        .send = send_framed,
        .receive = receive_framed,
        .has_two_ways = true,
        .send_batch = send_batch_framed,
        .try_send = try_send_framed,
        .try_receive = try_receive_framed,
        .flush = flush_framed,
        .wait = wait_framed,
        .fan_in = fan_in_framed,
    };
    return run_peer(&raw, count, arguments);
}
