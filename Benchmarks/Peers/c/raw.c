// The yardstick: length-prefixed messages over blocking sockets, with nothing in between.
//
//   raw server URL [exact|buffered [threads|serial]] prints "ready" once it listens, then serves until it is killed
//   raw client URL latency SIZE SECONDS [exact|buffered]
//   raw client URL oneway  SIZE SECONDS [single|batched]
//   raw client URL connect SECONDS                   connect, one round trip, close, again and again
//   raw client URL idle    COUNT PID                 what COUNT open connections cost the server process PID
//
// URL is tcp://ADDRESS:PORT or unix:///path. A frame is a big-endian 32-bit length and that many bytes. The first byte
// of a body says what the server does: 'E' send it back, 'S' drop it, 'F' answer with the one byte 'A'. Clients print
// their results as key=value on one line.

#define _GNU_SOURCE  // accept4

#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    small_message_bytes = 64,
    largest_number = 64 << 20,
    batch_bytes = 64 << 10,
    thread_stack_bytes = 128 << 10,
    backlog = 4096,
    warm_up_connections = 64,
};

static _Noreturn void usage(void) {
    fputs("usage: raw server URL [exact|buffered [threads|serial]]\n"
          "       raw client URL latency SIZE SECONDS [exact|buffered]\n"
          "       raw client URL oneway SIZE SECONDS [single|batched]\n"
          "       raw client URL connect SECONDS\n"
          "       raw client URL idle COUNT PID\n", stderr);
    exit(2);
}

static uint64_t now_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// The server: a thread for each connection, or one connection after the other, which is faster to accept

struct service {
    int descriptor;
    bool buffered;
};

static void *serve_connection(void *argument) {
    struct service service = *(struct service *)argument;
    free(argument);
    struct reader reader = make_reader(service.descriptor, service.buffered);
    char *body;
    size_t length;
    while ((body = next_message(&reader, &length)) && length) {
        if (body[0] == 'S') continue;
        bool echo = body[0] == 'E';
        if (send_message(service.descriptor, echo ? body : "A", echo ? length : 1)) break;
    }
    free(reader.data);
    close(service.descriptor);
    return NULL;
}

static void serve(const char *url, bool buffered, bool serial) {
    struct address address = parse_url(url);
    int on = 1, listener = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) fail("socket");
    if (address.tcp && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)) fail("SO_REUSEADDR");
    if (bind(listener, (struct sockaddr *)&address.storage, address.length)) fail("bind");
    if (listen(listener, backlog)) fail("listen");
    puts("ready");
    fflush(stdout);

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, thread_stack_bytes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (;;) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (descriptor < 0) fail("accept");
        set_no_delay(descriptor, &address);
        struct service *service = allocate(NULL, sizeof *service);
        *service = (struct service){descriptor, buffered};
        pthread_t thread;
        if (serial)
            serve_connection(service);
        else if ((errno = pthread_create(&thread, &attributes, serve_connection, service))) fail("pthread_create");
    }
}

// The clients

static char *make_message(size_t size, char kind) {
    char *message = allocate(NULL, size);
    memset(message, 'x', size);
    message[0] = kind;
    return message;
}

static void round_trip(struct reader *reader, const char *message, size_t size) {
    size_t length;
    errno = 0;
    if (send_message(reader->descriptor, message, size)) fail("send");
    if (!next_message(reader, &length) || length != size) fail("echo");
}

static int compare_samples(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

// A closed loop: the next message leaves when the echo of the last is there.
static void measure_latency(const struct address *address, size_t size, double seconds, bool buffered) {
    enum { most_samples = 4 << 20 };
    uint64_t *samples = allocate(NULL, most_samples * sizeof *samples);
    char *message = make_message(size, 'E');
    struct reader reader = make_reader(dial(address), buffered);
    uint64_t duration = (uint64_t)(seconds * 1e9), warm = now_nanoseconds() + duration / 4;
    do round_trip(&reader, message, size);
    while (now_nanoseconds() < warm);

    size_t count = 0;
    uint64_t before = now_nanoseconds(), end = before + duration;
    while (count < most_samples && before < end) {
        before = now_nanoseconds();
        round_trip(&reader, message, size);
        samples[count++] = now_nanoseconds() - before;
    }
    qsort(samples, count, sizeof *samples, compare_samples);
    printf("p50_us=%.2f p90_us=%.2f p99_us=%.2f count=%zu\n", samples[count / 2] / 1e3, samples[count * 9 / 10] / 1e3,
           samples[count * 99 / 100] / 1e3, count);
}

// Sends for so long, then asks for an answer: the clock stops when the server has read everything.
static void measure_one_way(const struct address *address, size_t size, double seconds, bool batched) {
    char *message = make_message(size, 'S'), *batch = allocate(NULL, batch_bytes);
    struct reader reader = make_reader(dial(address), false);
    bool gather = batched && header_bytes + size <= batch_bytes / 2;
    size_t clock_interval = size > 4096 ? 1 : 64;
    for (int warm = 1; warm >= 0; warm--) {
        uint64_t count = 0, start = now_nanoseconds(), end = start + (uint64_t)(seconds * 1e9) / (warm ? 4 : 1);
        do {
            if (gather) {
                size_t filled = 0;
                for (; filled + header_bytes + size <= batch_bytes; filled += header_bytes + size, count++) {
                    uint32_t header = htonl((uint32_t)size);
                    memcpy(batch + filled, &header, header_bytes);
                    memcpy(batch + filled + header_bytes, message, size);
                }
                if (send_all(reader.descriptor, batch, filled)) fail("send");
            } else {
                for (size_t i = 0; i < clock_interval; i++, count++)
                    if (send_message(reader.descriptor, message, size)) fail("send");
            }
        } while (now_nanoseconds() < end);
        size_t length;
        errno = 0;
        if (send_message(reader.descriptor, "F", 1) || !next_message(&reader, &length)) fail("finish");
        double elapsed = (now_nanoseconds() - start) / 1e9;
        if (!warm)
            printf("messages_per_second=%.0f bytes_per_second=%.0f count=%llu seconds=%.3f\n", count / elapsed,
                   count * (double)size / elapsed, (unsigned long long)count, elapsed);
    }
}

static void measure_connect(const struct address *address, double seconds) {
    char *message = make_message(small_message_bytes, 'E');
    for (int warm = 1; warm >= 0; warm--) {
        uint64_t count = 0, start = now_nanoseconds(), end = start + (uint64_t)(seconds * 1e9) / (warm ? 4 : 1);
        do {
            struct reader reader = make_reader(dial(address), false);
            round_trip(&reader, message, small_message_bytes);
            close(reader.descriptor);
            free(reader.data);
            count++;
        } while (now_nanoseconds() < end);
        double elapsed = (now_nanoseconds() - start) / 1e9;
        if (!warm)
            printf("connections_per_second=%.0f count=%llu seconds=%.3f\n", count / elapsed, (unsigned long long)count, elapsed);
    }
}

// Resident bytes of a process. smaps_rollup counts pages; the figures in "status" lag behind with many threads.
static long resident_bytes(int process) {
    char path[64], line[256];
    long kibibytes = -1;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", process);
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    while (kibibytes < 0 && fgets(line, sizeof line, file)) sscanf(line, "Rss: %ld kB", &kibibytes);
    fclose(file);
    return kibibytes * 1024;
}

// Waits, for at most 3 s, until two readings 100 ms apart agree.
static long settled_resident_bytes(int process) {
    long last = resident_bytes(process);
    for (int i = 0; i < 30; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        long next = resident_bytes(process);
        if (next == last) break;
        last = next;
    }
    return last;
}

// Some connections come before the first reading, so that what the server sets up only once is not counted.
static void measure_idle(const struct address *address, int count, int process) {
    char *message = make_message(small_message_bytes, 'E');
    long before = 0;
    for (int i = 0; i < warm_up_connections + count; i++) {
        if (i == warm_up_connections) before = settled_resident_bytes(process);
        struct reader reader = make_reader(dial(address), false);
        round_trip(&reader, message, small_message_bytes);
        free(reader.data);  // The descriptor stays open until this process ends.
    }
    long after = settled_resident_bytes(process);
    printf("bytes_per_connection=%.0f count=%d before_bytes=%ld after_bytes=%ld\n", (after - before) / (double)count, count,
           before, after);
}

static double positive(const char *text) {
    char *end;
    double number = strtod(text, &end);
    if (*end || !(number > 0 && number <= largest_number)) usage();
    return number;
}

// Whether the optional argument is `yes` instead of `no`, which stands for an absent one, too.
static bool chosen(const char *argument, const char *no, const char *yes) {
    if (!argument || !strcmp(argument, no)) return false;
    if (strcmp(argument, yes)) usage();
    return true;
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    if (count < 3) usage();
    const char *url = arguments[2];
    if (!strcmp(arguments[1], "server") && count <= 5) {
        const char *threading = count > 4 ? arguments[4] : NULL;
        serve(url, chosen(arguments[3], "exact", "buffered"), chosen(threading, "threads", "serial"));
        return 0;
    }
    if (strcmp(arguments[1], "client") || count < 5) usage();
    struct address address = parse_url(url);
    const char *mode = arguments[3];
    double first = positive(arguments[4]), second = count > 5 ? positive(arguments[5]) : 0;
    const char *variant = count > 6 ? arguments[6] : NULL;
    if (!strcmp(mode, "latency") && count >= 6 && count <= 7)
        measure_latency(&address, (size_t)first, second, chosen(variant, "exact", "buffered"));
    else if (!strcmp(mode, "oneway") && count >= 6 && count <= 7)
        measure_one_way(&address, (size_t)first, second, chosen(variant, "single", "batched"));
    else if (!strcmp(mode, "connect") && count == 5)
        measure_connect(&address, first);
    else if (!strcmp(mode, "idle") && count == 6)
        measure_idle(&address, (int)first, (int)second);
    else
        usage();
    return 0;
}
