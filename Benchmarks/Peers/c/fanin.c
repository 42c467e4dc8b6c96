#include "framed.h"

#include "histogram.h"
#include "modes.h"
#include "program.h"
#include "results.h"
#include "wire.h"

#include <errno.h>
#include <sys/epoll.h>

enum {
    events_at_once = 1024,
    frame_bytes = header_bytes + small_message_bytes,
    stall_milliseconds = 10000,
};

struct loop {
    int descriptor;
    uint64_t departure;
    size_t received;  // Bytes of the answer.
};

static void depart(struct loop *loop, const char *message, uint64_t now) {
    loop->departure = now;
    // So few bytes always fit: the answer to the last have been read.
    if (send_message(loop->descriptor, message, small_message_bytes)) fail("send");
}

void fan_in_framed(const char *url, int count, double seconds) {
    struct address address = parse_url(url);
    struct histogram *latencies = make_histogram();
    const char *message = make_message(small_message_bytes, 'E');
    struct loop *loops = allocate(NULL, (size_t)count * sizeof *loops);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) fail("epoll_create1");
    for (int i = 0; i < count; i++) {
        loops[i] = (struct loop){.descriptor = dial(&address)};
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &loops[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, loops[i].descriptor, &event)) fail("epoll_ctl");
    }
    for (int i = 0; i < count; i++) depart(&loops[i], message, now_nanoseconds());

    static struct epoll_event events[events_at_once];
    char answer[frame_bytes];
    uint64_t total = 0, begin = now_nanoseconds();
    uint64_t warm = begin + (uint64_t)(seconds * 1e9 / 4), end = warm + (uint64_t)(seconds * 1e9), now = begin;
    while (now < end) {
        int ready = epoll_wait(epoll, events, events_at_once, stall_milliseconds);
        errno = ready < 0 ? errno : ETIMEDOUT;
        if (ready <= 0) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct loop *loop = events[i].data.ptr;
            errno = 0;
            ssize_t received = recv(loop->descriptor, answer, frame_bytes - loop->received, MSG_DONTWAIT);
            if (received < 0 && errno == EAGAIN) continue;
            if (received <= 0) fail("receive");
            loop->received += (size_t)received;
            if (loop->received < frame_bytes) continue;
            loop->received = 0;
            now = now_nanoseconds();
            total++;
            if (now >= warm && now < end) add_sample(latencies, now - loop->departure);
            depart(loop, message, now);
        }
    }
    print_round_trips(latencies, total, end - warm);
}
