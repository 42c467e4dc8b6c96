// Several messages on their way at once: in a closed loop, and in both directions.

#include "modes.h"

#include "histogram.h"
#include "program.h"
#include "results.h"

#include <errno.h>
#include <pthread.h>

enum {
    // How many answers share one look at the clock.
    clock_interval = 64,
    most_bytes_both_ways = 4 << 20,
    most_messages_both_ways = 1024,
    fewest_messages_both_ways = 4,
};

struct window {
    const struct peer *peer;
    void *connection;
    const char *message;
    size_t size, limit;
    uint64_t *departures;  // A ring: when the messages left that are in flight. NULL: nobody wants to know.
    uint64_t sent, received;
};

// Fills the window, takes every answer that is there, and waits where it could do neither. Returns the time.
static uint64_t turn(struct window *window, struct histogram *latencies) {
    const struct peer *peer = window->peer;
    uint64_t now = now_nanoseconds(), sent = window->sent, received = window->received;
    bool blocked = false;
    while (window->sent - window->received < window->limit) {
        blocked = !peer->try_send(window->connection, window->message, window->size);
        if (blocked) break;
        if (window->departures) window->departures[window->sent % window->limit] = now;
        window->sent++;
    }
    if (peer->flush) peer->flush(window->connection);
    size_t length;
    while (window->received < window->sent && peer->try_receive(window->connection, &length)) {
        errno = 0;
        if (length != window->size) fail("echo");
        if ((window->received - received) % clock_interval == 0) now = now_nanoseconds();
        if (latencies) add_sample(latencies, now - window->departures[window->received % window->limit]);
        window->received++;
    }
    if (window->sent == sent && window->received == received) peer->wait(window->connection, blocked, 1000000000);
    return now;
}

// How long the loop ran. A peer that stands still is an error, not a slow one.
static uint64_t run_window(struct window *window, uint64_t nanoseconds, struct histogram *latencies) {
    uint64_t start = now_nanoseconds(), now = start, received = window->received;
    while (now < start + nanoseconds) now = turn(window, latencies);
    errno = ETIMEDOUT;
    if (window->received == received) fail("echo");
    return now_nanoseconds() - start;
}

static struct window make_window(const struct peer *peer, const char *url, size_t size, size_t limit) {
    return (struct window){peer, peer->open(url), make_message(size, 'E'), size, limit, NULL, 0, 0};
}

void measure_in_flight(const struct peer *peer, const char *url, size_t size, double seconds, size_t limit) {
    struct histogram *latencies = make_histogram();
    struct window window = make_window(peer, url, size, limit);
    window.departures = allocate(NULL, limit * sizeof *window.departures);
    run_window(&window, (uint64_t)(seconds * 1e9 / 4), NULL);
    uint64_t elapsed = run_window(&window, (uint64_t)(seconds * 1e9), latencies);
    print_round_trips(latencies, window.received, elapsed);
}

// Two threads, a blocking call each. The sender sleeps when the window is full, until half of it is free: to wake it for
// each answer would cost more than the answer.
struct two_ways {
    struct window window;
    pthread_mutex_t lock;
    pthread_cond_t half_free;
    bool sender_sleeps;
    size_t in_flight;
    uint64_t end;
};

static void *send_for_long(void *argument) {
    struct two_ways *both = argument;
    struct window *window = &both->window;
    while (now_nanoseconds() < both->end) {
        for (size_t i = 0; i < fewest_messages_both_ways; i++) {
            if (__atomic_add_fetch(&both->in_flight, 1, __ATOMIC_ACQ_REL) > window->limit) {
                pthread_mutex_lock(&both->lock);
                __atomic_store_n(&both->sender_sleeps, true, __ATOMIC_SEQ_CST);
                while (__atomic_load_n(&both->in_flight, __ATOMIC_SEQ_CST) > window->limit / 2 + 1)
                    pthread_cond_wait(&both->half_free, &both->lock);
                __atomic_store_n(&both->sender_sleeps, false, __ATOMIC_SEQ_CST);
                pthread_mutex_unlock(&both->lock);
            }
            window->peer->send(window->connection, window->message, window->size);
            window->sent++;
        }
    }
    window->peer->send(window->connection, "F", 1);
    return NULL;
}

// One message more than the echoes comes back: the one byte that answers the sender's last. How long it all took.
static uint64_t run_two_ways(struct two_ways *both, uint64_t nanoseconds) {
    struct window *window = &both->window;
    uint64_t start = now_nanoseconds();
    both->end = start + nanoseconds;
    pthread_t sender;
    if ((errno = pthread_create(&sender, NULL, send_for_long, both))) fail("pthread_create");
    while (window->peer->receive(window->connection) == window->size) {
        window->received++;
        size_t left = __atomic_sub_fetch(&both->in_flight, 1, __ATOMIC_SEQ_CST);
        if (left > window->limit / 2 + 1 || !__atomic_load_n(&both->sender_sleeps, __ATOMIC_SEQ_CST)) continue;
        pthread_mutex_lock(&both->lock);
        pthread_cond_signal(&both->half_free);
        pthread_mutex_unlock(&both->lock);
    }
    pthread_join(sender, NULL);
    return now_nanoseconds() - start;
}

static size_t both_ways_limit(size_t size) {
    size_t limit = most_bytes_both_ways / size;
    if (limit > most_messages_both_ways) return most_messages_both_ways;
    return limit < fewest_messages_both_ways ? fewest_messages_both_ways : limit;
}

void measure_both(const struct peer *peer, const char *url, size_t size, double seconds) {
    errno = 0;
    if (size < 2) fail_because("both", "a message needs two bytes, to be told from the last answer");
    struct window window = make_window(peer, url, size, both_ways_limit(size));
    uint64_t nanoseconds = (uint64_t)(seconds * 1e9), warm, elapsed;
    if (!peer->has_two_ways) {
        run_window(&window, nanoseconds / 4, NULL);
        warm = window.received;
        elapsed = run_window(&window, nanoseconds, NULL);
        print_stream(window.received - warm, window.received, size, elapsed);
        return;
    }
    struct two_ways both = {.window = window, .lock = PTHREAD_MUTEX_INITIALIZER, .half_free = PTHREAD_COND_INITIALIZER};
    run_two_ways(&both, nanoseconds / 4);
    warm = both.window.received;
    elapsed = run_two_ways(&both, nanoseconds);
    if (both.window.received != both.window.sent) fail("echo");
    print_stream(both.window.received - warm, both.window.received, size, elapsed);
}
