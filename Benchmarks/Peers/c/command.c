#define _GNU_SOURCE  // program_invocation_short_name

#include "modes.h"
#include "program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_flags = 8 };

static const double largest_number = 64 << 20;
static const char *given_flags[most_flags];

static const struct mode {
    const char *name, *arguments;
    int arity;
} modes[] = {
    {"latency", "SIZE SECONDS", 2},
    {"oneway", "SIZE SECONDS", 2},
    {"both", "SIZE SECONDS", 2},
    {"inflight", "SIZE SECONDS WINDOW", 3},
    {"fanin", "COUNT SECONDS", 2},
    {"connect", "SECONDS", 1},
    {"idle", "COUNT PID", 2},
    {"openloop", "RATE SIZE SECONDS", 3},
};
enum { mode_count = sizeof modes / sizeof *modes };

static _Noreturn void usage(const struct peer *peer) {
    fprintf(stderr, "usage: %s server URL [FLAG...]\n", program_invocation_short_name);
    for (int i = 0; i < mode_count; i++)
        fprintf(stderr, "       %s client URL %s %s [FLAG...]\n", program_invocation_short_name, modes[i].name, modes[i].arguments);
    fprintf(stderr, "URL is tcp://ADDRESS:PORT or unix:///path; the flags are:");
    for (const char *const *flag = peer->flags; *flag; flag++) fprintf(stderr, " %s", *flag);
    fputs(peer->flags[0] ? "\n" : " none\n", stderr);
    exit(2);
}

bool has_flag(const char *flag) {
    for (int i = 0; i < most_flags && given_flags[i]; i++)
        if (!strcmp(given_flags[i], flag)) return true;
    return false;
}

static void take_flags(const struct peer *peer, int count, char **words) {
    if (count > most_flags) usage(peer);
    for (int i = 0; i < count; i++) {
        const char *const *known = peer->flags;
        while (*known && strcmp(*known, words[i])) known++;
        if (!*known) usage(peer);
        given_flags[i] = *known;
    }
}

static double positive(const struct peer *peer, const char *text) {
    char *end;
    double number = strtod(text, &end);
    if (*end || !(number > 0 && number <= largest_number)) usage(peer);
    return number;
}

static void measure(const struct peer *peer, const char *url, const char *mode, const double *numbers) {
    double first = numbers[0], second = numbers[1], third = numbers[2];
    if (!strcmp(mode, "latency")) measure_latency(peer, url, (size_t)first, second);
    if (!strcmp(mode, "oneway")) measure_one_way(peer, url, (size_t)first, second);
    if (!strcmp(mode, "both")) measure_both(peer, url, (size_t)first, second);
    if (!strcmp(mode, "inflight")) measure_in_flight(peer, url, (size_t)first, second, (size_t)third);
    if (!strcmp(mode, "fanin")) peer->fan_in(url, (int)first, second);
    if (!strcmp(mode, "connect")) measure_connect(peer, url, first);
    if (!strcmp(mode, "idle")) measure_idle(peer, url, (int)first, (int)second);
    if (!strcmp(mode, "openloop")) measure_open_loop(peer, url, first, (size_t)second, third);
}

void say_ready(void) {
    puts("ready");
    fflush(stdout);
}

int run_peer(const struct peer *peer, int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    if (count < 3) usage(peer);
    const char *url = arguments[2];
    if (!strcmp(arguments[1], "server")) {
        take_flags(peer, count - 3, arguments + 3);
        peer->serve(url);
    }
    if (strcmp(arguments[1], "client") || count < 4) usage(peer);
    const struct mode *mode = modes;
    while (mode < modes + mode_count && strcmp(mode->name, arguments[3])) mode++;
    if (mode == modes + mode_count || count < 4 + mode->arity) usage(peer);
    double numbers[3] = {0};
    for (int i = 0; i < mode->arity; i++) numbers[i] = positive(peer, arguments[4 + i]);
    take_flags(peer, count - 4 - mode->arity, arguments + 4 + mode->arity);
    const char *refusal = peer->refusal ? peer->refusal(mode->name) : NULL;
    if (refusal) fail_because(mode->name, refusal);
    measure(peer, url, mode->name, numbers);
    // Not exit: libraries wait there for messages that nobody wants any more.
    fflush(stdout);
    _Exit(0);
}
