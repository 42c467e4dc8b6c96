/* What a relay's middle costs: bytes moved between two TCP connections by read and write, or by splice(2) through a pipe.
 *
 *   cc -O2 -o splice splice.c && ./splice [seconds]
 *
 * For each way and size of message, interleaved: MiB/s through, and the middle's CPU time per MiB. One direction, loopback, blocking. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 65536, PIPE = 1 << 20 };
static char buffer[1 << 20];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void pair(int ends[2]) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&address, &length))
        exit(1);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(ends[0], (struct sockaddr *)&address, length)) exit(1);
    ends[1] = accept(listener, NULL, NULL);
    close(listener);
}

static void move_by_copy(int from, int to) {
    for (;;) {
        ssize_t count = read(from, buffer, BUFFER);
        if (count <= 0) return;
        for (ssize_t sent = 0; sent < count;) {
            ssize_t more = write(to, buffer + sent, count - sent);
            if (more <= 0) return;
            sent += more;
        }
    }
}

static void move_by_splice(int from, int to) {
    int ends[2];
    if (pipe(ends)) exit(1);
    fcntl(ends[1], F_SETPIPE_SZ, PIPE);
    for (;;) {
        ssize_t count = splice(from, NULL, ends[1], NULL, PIPE, SPLICE_F_MOVE);
        if (count <= 0) return;
        while (count > 0) {
            ssize_t more = splice(ends[0], NULL, to, NULL, count, SPLICE_F_MOVE);
            if (more <= 0) return;
            count -= more;
        }
    }
}

static void run(const char *name, void (*move)(int, int), size_t size, double seconds) {
    int in[2], out[2];
    pair(in);
    pair(out);
    pid_t middle = fork();
    if (middle == 0) {
        close(in[0]);
        close(out[1]);
        move(in[1], out[0]);
        _exit(0);
    }
    close(in[1]);
    close(out[0]);
    pid_t sink = fork();
    if (sink == 0) {
        close(in[0]);
        while (read(out[1], buffer, sizeof buffer) > 0) {}
        _exit(0);
    }
    close(out[1]);
    double start = now();
    size_t total = 0;
    while (now() - start < seconds)
        for (int turn = 0; turn < 64; turn++) {
            size_t sent = 0;
            while (sent < size) {
                ssize_t more = write(in[0], buffer, size - sent);
                if (more <= 0) exit(1);
                sent += more;
            }
            total += size;
        }
    close(in[0]);
    struct rusage usage;
    wait4(middle, NULL, 0, &usage);
    waitpid(sink, NULL, 0);
    double elapsed = now() - start, mib = total / 1048576.0;
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("%-6s %8zu B  %8.0f MiB/s  %7.3f ms CPU per MiB in the middle\n", name, size, mib / elapsed, cpu / mib * 1000);
    fflush(stdout);
}

int main(int count, char **arguments) {
    double seconds = count > 1 ? atof(arguments[1]) : 1;
    size_t sizes[] = {64, 1024, 16384, 65536, 1 << 20};
    for (int round = 0; round < 3; round++)
        for (size_t index = 0; index < sizeof sizes / sizeof *sizes; index++) {
            run("copy", move_by_copy, sizes[index], seconds);
            run("splice", move_by_splice, sizes[index], seconds);
        }
}
