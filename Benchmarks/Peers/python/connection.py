"""CPython's multiprocessing.connection as a benchmark peer: the modes and the output of ../c/raw.c.

    connection.py server URL [--key KEY] [--style threads|serial|poll]
    connection.py client URL latency SIZE SECONDS [--key KEY]
    connection.py client URL oneway SIZE SECONDS [--key KEY]
    connection.py client URL connect SECONDS [--key KEY]
    connection.py client URL idle COUNT PID [--key KEY]

URL is tcp://ADDRESS:PORT or unix:///path.
"""

import argparse
import multiprocessing
import os
import selectors
import socket
import threading
import time
from multiprocessing.connection import Client, Listener
from pathlib import Path

SMALL_MESSAGE = b"E" + bytes(63)
WARM_UP_CONNECTIONS = 64
THREAD_STACK_BYTES = 128 << 10


def parse_url(url):
    scheme, _, rest = url.partition("://")
    if scheme == "unix":
        return rest
    if scheme == "tcp":
        host, _, port = rest.rpartition(":")
        return host, int(port)
    raise SystemExit(f"connection.py: {url} is neither tcp:// nor unix://")


def set_no_delay(connection):
    """multiprocessing leaves Nagle's algorithm on. With it a request right after the handshake waits about 40 ms for
    the peer's delayed acknowledgement. The option is the socket's, so that a duplicate descriptor can set it."""
    with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        if duplicate.family != socket.AF_UNIX:
            duplicate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def dial(options):
    connection = Client(parse_url(options.url), authkey=options.key)
    set_no_delay(connection)
    return connection


# The server


def answer(connection, message):
    kind = message[0]
    if kind == ord("E"):
        connection.send_bytes(message)
    elif kind != ord("S"):
        connection.send_bytes(b"A")


def serve_connection(connection):
    with connection:
        try:
            while True:
                answer(connection, connection.recv_bytes())
        except (EOFError, OSError):
            pass


def accept(listener):
    """The next connection that passes the handshake."""
    while True:
        try:
            connection = listener.accept()
        except (multiprocessing.AuthenticationError, EOFError, ConnectionError):
            continue
        set_no_delay(connection)
        return connection


def serve_polling(listener):
    """All connections in one thread: the cheapest way to hold thousands of them."""
    selector = selectors.DefaultSelector()
    # The listener's own socket has no public name.
    selector.register(listener._listener._socket, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener._listener._socket:
                selector.register(accept(listener), selectors.EVENT_READ)
                continue
            try:
                answer(key.fileobj, key.fileobj.recv_bytes())
            except (EOFError, OSError):
                selector.unregister(key.fileobj)
                key.fileobj.close()


def serve(options):
    with Listener(parse_url(options.url), backlog=4096, authkey=options.key) as listener:
        print("ready", flush=True)
        if options.style == "poll":
            serve_polling(listener)
        threading.stack_size(THREAD_STACK_BYTES)
        while True:
            connection = accept(listener)
            if options.style == "serial":
                serve_connection(connection)
            else:
                threading.Thread(target=serve_connection, args=(connection,), daemon=True).start()


# The clients


def measure_latency(options):
    size, seconds = int(options.numbers[0]), options.numbers[1]
    message = b"E" + bytes(size - 1)
    clock = time.perf_counter_ns
    samples = []
    with dial(options) as connection:
        warm = clock() + int(seconds * 1e9 / 4)
        while clock() < warm:
            connection.send_bytes(message)
            connection.recv_bytes()
        end = clock() + int(seconds * 1e9)
        before = 0
        while before < end:
            before = clock()
            connection.send_bytes(message)
            connection.recv_bytes()
            samples.append(clock() - before)
    samples.sort()
    count = len(samples)
    p50, p90, p99 = (samples[count * percent // 100] / 1e3 for percent in (50, 90, 99))
    print(f"p50_us={p50:.2f} p90_us={p90:.2f} p99_us={p99:.2f} count={count}")


def measure_one_way(options):
    size, seconds = int(options.numbers[0]), options.numbers[1]
    message = b"S" + bytes(size - 1)
    clock_interval = 1 if size > 4096 else 64
    with dial(options) as connection:
        for duration in (seconds / 4, seconds):
            count = 0
            start = time.perf_counter()
            while time.perf_counter() < start + duration:
                for _ in range(clock_interval):
                    connection.send_bytes(message)
                count += clock_interval
            connection.send_bytes(b"F")
            connection.recv_bytes()
            elapsed = time.perf_counter() - start
    print(
        f"messages_per_second={count / elapsed:.0f} bytes_per_second={count * size / elapsed:.0f}"
        f" count={count} seconds={elapsed:.3f}"
    )


def measure_connect(options):
    (seconds,) = options.numbers
    for duration in (seconds / 4, seconds):
        count = 0
        start = time.perf_counter()
        while time.perf_counter() < start + duration:
            with dial(options) as connection:
                connection.send_bytes(SMALL_MESSAGE)
                connection.recv_bytes()
            count += 1
        elapsed = time.perf_counter() - start
    print(f"connections_per_second={count / elapsed:.0f} count={count} seconds={elapsed:.3f}")


def resident_bytes(process):
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("connection.py: no Rss in smaps_rollup")


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


def measure_idle(options):
    count, process = map(int, options.numbers)
    connections = []

    def open_connections(number):
        for _ in range(number):
            connection = dial(options)
            connections.append(connection)
            connection.send_bytes(SMALL_MESSAGE)
            connection.recv_bytes()
        return settled_resident_bytes(process)

    # What the server sets up only once is not counted.
    before = open_connections(WARM_UP_CONNECTIONS)
    after = open_connections(count)
    print(
        f"bytes_per_connection={(after - before) / count:.0f} count={count}"
        f" before_bytes={before} after_bytes={after}"
    )


# Each mode's function, and how many numbers it takes.
MODES = {
    "latency": (measure_latency, 2),
    "oneway": (measure_one_way, 2),
    "connect": (measure_connect, 1),
    "idle": (measure_idle, 2),
}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    for role in ("server", "client"):
        arguments = roles.add_parser(role)
        arguments.add_argument("url")
        arguments.add_argument("--key", type=str.encode)
        if role == "server":
            arguments.add_argument("--style", choices=("threads", "serial", "poll"), default="threads")
        else:
            arguments.add_argument("mode", choices=MODES)
            arguments.add_argument("numbers", type=float, nargs="+")
    options = parser.parse_args()
    if options.role == "server":
        serve(options)
        return
    measure, arity = MODES[options.mode]
    if len(options.numbers) != arity or min(options.numbers) <= 0:
        parser.error(f"{options.mode} takes {arity} positive numbers")
    measure(options)


if __name__ == "__main__":
    main()
