"""What the Python peers share: the command line, the clock's results as key=value, and a process's memory."""

import argparse
import ctypes
import os
import resource
import time
from array import array
from pathlib import Path

SMALL_MESSAGE = b"E" + bytes(63)
WARM_UP_CONNECTIONS = 64
PR_SET_TIMERSLACK = 29
TFD_NONBLOCK = os.O_NONBLOCK

# Each mode's arguments.
MODES = {
    "latency": "SIZE SECONDS",
    "oneway": "SIZE SECONDS",
    "both": "SIZE SECONDS",
    "inflight": "SIZE SECONDS WINDOW",
    "fanin": "COUNT SECONDS",
    "connect": "SECONDS",
    "idle": "COUNT PID",
    "openloop": "RATE SIZE SECONDS",
}

clock = time.perf_counter_ns


def parse_arguments(description, add_options):
    """`add_options` takes a parser and the role that it is for."""
    parser = argparse.ArgumentParser(
        usage=description, epilog="URL is tcp://ADDRESS:PORT or unix:///path. Modes: " + "; ".join(map(" ".join, MODES.items()))
    )
    roles = parser.add_subparsers(dest="role", required=True)
    for role in ("server", "client"):
        arguments = roles.add_parser(role)
        arguments.add_argument("url")
        add_options(arguments, role)
        if role == "client":
            arguments.add_argument("mode", choices=MODES)
            arguments.add_argument("numbers", type=float, nargs="+")
    options = parser.parse_args()
    if options.role == "client" and (len(options.numbers) != len(MODES[options.mode].split()) or min(options.numbers) <= 0):
        parser.error(f"{options.mode} takes {MODES[options.mode]}, each above 0")
    if options.role == "client":
        # All but seconds are whole.
        words = MODES[options.mode].split()
        options.numbers = [number if word == "SECONDS" else int(number) for word, number in zip(words, options.numbers)]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return options


def parse_url(url):
    """A path, or a host and a port."""
    scheme, _, rest = url.partition("://")
    if scheme == "unix":
        return rest
    if scheme == "tcp":
        host, _, port = rest.rpartition(":")
        return host, int(port)
    raise SystemExit(f"{url} is neither tcp:// nor unix://")


def wake_in_time():
    """Else the kernel wakes a sleeper up to 50 µs late, which is felt where messages leave on a schedule."""
    if ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(1), 0, 0, 0):
        raise SystemExit("prctl: PR_SET_TIMERSLACK failed")


def make_timer(nanoseconds):
    """A descriptor that can be read each time that so long has passed: the event loops' own timers count milliseconds."""
    library = ctypes.CDLL(None)
    timer = library.timerfd_create(time.CLOCK_MONOTONIC, TFD_NONBLOCK)
    period = divmod(max(1, int(nanoseconds)), 1_000_000_000)
    if timer < 0 or library.timerfd_settime(timer, 0, (ctypes.c_long * 4)(*period, *period), None):
        raise SystemExit("timerfd failed")
    return timer


def make_samples():
    return array("Q")


def percentiles(samples, *names):
    ordered = sorted(samples)
    if not ordered:
        raise SystemExit("not one message came back in time")
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
    return " ".join(f"{name}_us={ordered[int(len(ordered) * shares[name])] / 1e3:.2f}" for name in names)


def print_latency(samples, total):
    print(f"{percentiles(samples, 'p50', 'p90', 'p99', 'p999')} count={len(samples)} total={total}")


def print_stream(count, total, size, nanoseconds):
    rate = count * 1e9 / nanoseconds
    print(
        f"messages_per_second={rate:.0f} bytes_per_second={rate * size:.0f}"
        f" count={count} seconds={nanoseconds / 1e9:.3f} total={total}"
    )


def print_round_trips(samples, total, nanoseconds):
    print(
        f"messages_per_second={len(samples) * 1e9 / nanoseconds:.0f} {percentiles(samples, 'p50', 'p99')}"
        f" count={len(samples)} seconds={nanoseconds / 1e9:.3f} total={total}"
    )


def print_connections(count, total, nanoseconds):
    print(f"connections_per_second={count * 1e9 / nanoseconds:.0f} count={count} seconds={nanoseconds / 1e9:.3f} total={total}")


def print_schedule(samples, sent, total, nanoseconds):
    print(
        f"{percentiles(samples, 'p50', 'p99', 'p999')} sent_per_second={sent * 1e9 / nanoseconds:.0f}"
        f" count={len(samples)} total={total}"
    )


def print_memory(before, after, count):
    print(f"bytes_per_connection={(after - before) / count:.0f} count={count} before_bytes={before} after_bytes={after}")


class Schedule:
    """When messages are due that leave on a fixed schedule, whatever comes back, and how long each then took.

    Latencies count from the instant at which a message should have left. Answers come in the order of the messages."""

    def __init__(self, rate, seconds):
        self.interval = 1e9 / rate
        self.first = int(rate * seconds / 4)
        self.all = self.first + int(rate * seconds) + 1
        self.sent = self.received = 0
        self.samples = make_samples()
        self.start = self.last_departure = clock()
        self.give_up = self.start + int(3e9 * seconds) + 1_000_000_000

    def due(self, number):
        return self.start + int(number * self.interval)

    def take_due(self):
        """How many messages have to leave now."""
        now = clock()
        last = min(self.all, int((now - self.start) / self.interval) + 1)
        count = max(0, last - self.sent)
        self.sent += count
        if count:
            self.last_departure = now
        return count

    def add_answer(self):
        if self.received >= self.first:
            self.samples.append(clock() - self.due(self.received))
        self.received += 1

    def print_results(self):
        now = clock()
        # What never came back has waited at least until now.
        for number in range(max(self.received, self.first), self.all):
            self.samples.append(now - self.due(number))
        sent = max(0, self.sent - self.first)
        print_schedule(self.samples, sent, self.sent, max(1, self.last_departure - self.due(self.first)))


def both_ways_window(size):
    """At most 4 MiB and 1,024 messages on their way, and at least 4."""
    return max(4, min(1024, (4 << 20) // size))


def resident_bytes(process):
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("no Rss in smaps_rollup")


def settled_resident_bytes(process):
    """Waits, for at most 3 s, until two readings 100 ms apart agree."""
    last = resident_bytes(process)
    for _ in range(30):
        time.sleep(0.1)
        now = resident_bytes(process)
        if now == last:
            break
        last = now
    return last
