// Messages that leave on a fixed schedule, whatever comes back. A latency counts from the instant at which a message should
// have left, so that a server that stalls is charged for all who had to wait, not for one.

#include "modes.h"

#include "histogram.h"
#include "program.h"
#include "results.h"

#include <errno.h>
#include <sys/prctl.h>

enum {
    // How many due messages leave before the answers get a look.
    burst = 64,
    longest_wait = 100000000,
};

struct schedule {
    uint64_t start;
    double interval;  // Nanoseconds.
};

static uint64_t due(const struct schedule *schedule, uint64_t number) {
    return schedule->start + (uint64_t)((double)number * schedule->interval);
}

void measure_open_loop(const struct peer *peer, const char *url, double rate, size_t size, double seconds) {
    // Else the kernel wakes a sleeper up to 50 µs late.
    if (prctl(PR_SET_TIMERSLACK, 1ul)) fail("PR_SET_TIMERSLACK");
    struct histogram *latencies = make_histogram();
    char *message = make_message(size, 'E');
    void *connection = peer->open(url);
    round_trip(peer, connection, message, size, size);

    // Answers come in the order of the messages: their number says when each was due.
    struct schedule schedule = {now_nanoseconds(), 1e9 / rate};
    uint64_t nanoseconds = (uint64_t)(seconds * 1e9), first = (uint64_t)(rate * seconds / 4);
    uint64_t all = first + (uint64_t)(rate * seconds) + 1, sent = 0, received = 0, last_departure = schedule.start;
    uint64_t give_up = schedule.start + 3 * nanoseconds + 1000000000, now = schedule.start;
    while (received < all && now < give_up) {
        uint64_t before = sent + received;
        bool blocked = false;
        for (int i = 0; i < burst && sent < all && due(&schedule, sent) <= now; i++) {
            if ((blocked = !peer->try_send(connection, message, size))) break;
            sent++;
            last_departure = now;
        }
        if (peer->flush) peer->flush(connection);
        size_t length;
        while (received < sent && peer->try_receive(connection, &length)) {
            errno = 0;
            if (length != size) fail("echo");
            now = now_nanoseconds();
            if (received >= first) add_sample(latencies, now - due(&schedule, received));
            received++;
        }
        now = now_nanoseconds();
        uint64_t next = sent < all ? due(&schedule, sent) : give_up;
        if (sent + received == before && (blocked || next > now)) {
            uint64_t left = next > now ? next - now : longest_wait;
            peer->wait(connection, blocked, left < longest_wait ? left : longest_wait);
            now = now_nanoseconds();
        }
    }
    // What never came back has waited at least until now.
    for (uint64_t number = received > first ? received : first; number < all; number++)
        add_sample(latencies, now - due(&schedule, number));
    uint64_t began = due(&schedule, first);
    errno = 0;
    if (sent <= first) fail("the first message of the schedule");
    print_schedule(latencies, sent - first, sent, last_departure > began ? last_departure - began : 1);
}
