#include "modes.h"

#include "histogram.h"
#include "memory.h"
#include "program.h"
#include "results.h"

#include <errno.h>
#include <string.h>

enum { warm_up_connections = 64 };

char *make_message(size_t size, char kind) {
    char *message = allocate(NULL, size);
    memset(message, 'x', size);
    message[0] = kind;
    return message;
}

void round_trip(const struct peer *peer, void *connection, const char *message, size_t size, size_t answer_size) {
    peer->send(connection, message, size);
    errno = 0;
    if (peer->receive(connection) != answer_size) fail("answer");
}

// A closed loop: the next message leaves when the echo of the last is there.
void measure_latency(const struct peer *peer, const char *url, size_t size, double seconds) {
    struct histogram *latencies = make_histogram();
    char *message = make_message(size, 'E');
    void *connection = peer->open(url);
    uint64_t duration = (uint64_t)(seconds * 1e9), warm = now_nanoseconds() + duration / 4, total = 0;
    do {
        round_trip(peer, connection, message, size, size);
        total++;
    } while (now_nanoseconds() < warm);

    uint64_t before = now_nanoseconds(), end = before + duration;
    while (before < end) {
        before = now_nanoseconds();
        round_trip(peer, connection, message, size, size);
        add_sample(latencies, now_nanoseconds() - before);
    }
    print_latency(latencies, total + sample_count(latencies));
}

// Sends for so long, then asks for an answer: the clock stops when the server has read everything.
void measure_one_way(const struct peer *peer, const char *url, size_t size, double seconds) {
    char *message = make_message(size, 'S');
    void *connection = peer->open(url);
    size_t clock_interval = size > 4096 ? 1 : 64;
    uint64_t total = 0;
    for (int warm = 1; warm >= 0; warm--) {
        uint64_t count = 0, start = now_nanoseconds(), end = start + (uint64_t)(seconds * 1e9) / (warm ? 4 : 1);
        do {
            if (peer->send_batch) {
                count += peer->send_batch(connection, message, size);
                continue;
            }
            for (size_t i = 0; i < clock_interval; i++) peer->send(connection, message, size);
            count += clock_interval;
        } while (now_nanoseconds() < end);
        round_trip(peer, connection, "F", 1, 1);
        uint64_t elapsed = now_nanoseconds() - start;
        total += count;
        if (!warm) print_stream(count, total, size, elapsed);
    }
}

void measure_connect(const struct peer *peer, const char *url, double seconds) {
    char *message = make_message(small_message_bytes, 'E');
    uint64_t total = 0;
    for (int warm = 1; warm >= 0; warm--) {
        uint64_t count = 0, start = now_nanoseconds(), end = start + (uint64_t)(seconds * 1e9) / (warm ? 4 : 1);
        do {
            void *connection = peer->open(url);
            round_trip(peer, connection, message, small_message_bytes, small_message_bytes);
            peer->close(connection);
            count++;
        } while (now_nanoseconds() < end);
        uint64_t elapsed = now_nanoseconds() - start;
        total += count;
        if (!warm) print_connections(count, total, elapsed);
    }
}

void hold_connections(const struct peer *peer, const char *url, int count) {
    if (peer->hold) {
        peer->hold(url, count);
        return;
    }
    char *message = make_message(small_message_bytes, 'E');
    for (int i = 0; i < count; i++)
        round_trip(peer, peer->open(url), message, small_message_bytes, small_message_bytes);
}

// Some connections come before the first reading, so that what the server sets up only once is not counted.
void measure_idle(const struct peer *peer, const char *url, int count, int process) {
    hold_connections(peer, url, warm_up_connections);
    long before = settled_resident_bytes(process);
    hold_connections(peer, url, count);
    print_memory(before, settled_resident_bytes(process), count);
}
