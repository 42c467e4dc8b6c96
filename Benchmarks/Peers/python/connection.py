"""CPython's multiprocessing.connection as a benchmark peer: the modes and the output of the C peers.

    connection.py server URL [--key KEY] [--style threads|serial|poll]
    connection.py client URL MODE NUMBERS... [--key KEY]
"""

import multiprocessing
import os
import queue
import selectors
import socket
import threading
import time
from multiprocessing.connection import Client, Listener

from measuring import (
    SMALL_MESSAGE,
    WARM_UP_CONNECTIONS,
    Schedule,
    both_ways_window,
    clock,
    make_samples,
    parse_arguments,
    parse_url,
    print_connections,
    print_latency,
    print_memory,
    print_round_trips,
    print_stream,
    settled_resident_bytes,
    wake_in_time,
)

THREAD_STACK_BYTES = 128 << 10
# So much fits into the buffers of any socket: one thread that sends it all before it reads cannot wait for ever.
BUFFERED_BYTES = 32 << 10


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
    size, seconds = options.numbers
    message = b"E" + bytes(size - 1)
    samples = make_samples()
    total = 0
    with dial(options) as connection:
        warm = clock() + int(seconds * 1e9 / 4)
        while clock() < warm:
            connection.send_bytes(message)
            connection.recv_bytes()
            total += 1
        end = clock() + int(seconds * 1e9)
        before = 0
        while before < end:
            before = clock()
            connection.send_bytes(message)
            connection.recv_bytes()
            samples.append(clock() - before)
    print_latency(samples, total + len(samples))


def measure_one_way(options):
    size, seconds = options.numbers
    message = b"S" + bytes(size - 1)
    clock_interval = 1 if size > 4096 else 64
    total = 0
    with dial(options) as connection:
        for duration in (seconds / 4, seconds):
            count = 0
            start = clock()
            end = start + int(duration * 1e9)
            while clock() < end:
                for _ in range(clock_interval):
                    connection.send_bytes(message)
                count += clock_interval
            connection.send_bytes(b"F")
            connection.recv_bytes()
            elapsed = clock() - start
            total += count
    print_stream(count, total, size, elapsed)


class Window:
    """Echoes in flight: each answer lets the next message leave.

    One thread sends and reads, unless the window is more than sockets hold: then a second one sends."""

    def __init__(self, connection, size, window):
        self.connection = connection
        self.message = b"E" + bytes(size - 1)
        self.window = window
        self.departures = [0] * window
        self.sent = self.received = 0
        self.room = None
        if size * window > BUFFERED_BYTES:
            self.room = queue.SimpleQueue()
            self.make_room(window)

    def make_room(self, messages):
        for _ in range(messages):
            self.room.put(True)

    def send(self):
        self.departures[self.sent % self.window] = clock()
        self.sent += 1
        self.connection.send_bytes(self.message)

    def send_for_long(self):
        while self.room.get():
            self.send()

    def run(self, seconds, samples=None):
        """How long it took until all messages were back, and how many came in time."""
        start = now = clock()
        end = start + int(seconds * 1e9)
        first = self.received
        if self.room:
            sender = threading.Thread(target=self.send_for_long)
            sender.start()
        else:
            for _ in range(self.window):
                self.send()
        while now < end:
            self.connection.recv_bytes()
            now = clock()
            if samples is not None:
                samples.append(now - self.departures[self.received % self.window])
            self.received += 1
            if self.room:
                self.room.put(True)
            else:
                self.send()
        count = self.received - first
        if self.room:
            self.room.put(False)
            # The sender may be in the middle of a message, which leaves only as long as answers are read.
            while sender.is_alive() or self.received < self.sent:
                if self.connection.poll(0.01):
                    self.connection.recv_bytes()
                    self.received += 1
            self.make_room(self.window - self.room.qsize())
        while self.received < self.sent:
            self.connection.recv_bytes()
            self.received += 1
        return now - start, count


def measure_in_flight(options):
    size, seconds, window = options.numbers
    samples = make_samples()
    with dial(options) as connection:
        flight = Window(connection, size, window)
        flight.run(seconds / 4)
        elapsed, _ = flight.run(seconds, samples)
    print_round_trips(samples, flight.received, elapsed)


def measure_both(options):
    size, seconds = options.numbers
    with dial(options) as connection:
        flight = Window(connection, size, both_ways_window(size))
        flight.run(seconds / 4)
        elapsed, count = flight.run(seconds)
    print_stream(count, flight.received, size, elapsed)


def measure_fan_in(options):
    count, seconds = options.numbers
    samples = make_samples()
    total = 0
    departures = {}
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            selector.register(dial(options), selectors.EVENT_READ)
        for key in selector.get_map().values():
            departures[key.fd] = clock()
            key.fileobj.send_bytes(SMALL_MESSAGE)
        now = clock()
        warm = now + int(seconds * 1e9 / 4)
        end = warm + int(seconds * 1e9)
        while now < end:
            for key, _ in selector.select():
                key.fileobj.recv_bytes()
                now = clock()
                total += 1
                if warm <= now < end:
                    samples.append(now - departures[key.fd])
                departures[key.fd] = now
                key.fileobj.send_bytes(SMALL_MESSAGE)
    print_round_trips(samples, total, end - warm)


def measure_connect(options):
    (seconds,) = options.numbers
    total = 0
    for duration in (seconds / 4, seconds):
        count = 0
        start = clock()
        end = start + int(duration * 1e9)
        while clock() < end:
            with dial(options) as connection:
                connection.send_bytes(SMALL_MESSAGE)
                connection.recv_bytes()
            count += 1
        elapsed = clock() - start
        total += count
    print_connections(count, total, elapsed)


def measure_idle(options):
    count, process = options.numbers
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
    print_memory(before, open_connections(count), count)


def measure_open_loop(options):
    """A thread sends and sleeps, another reads. A thread that slept for both could not send and read large messages."""
    rate, size, seconds = options.numbers
    wake_in_time()
    message = b"E" + bytes(size - 1)
    with dial(options) as connection:
        connection.send_bytes(message)
        connection.recv_bytes()
        schedule = Schedule(rate, seconds)

        def read():
            while schedule.received < schedule.all:
                connection.recv_bytes()
                schedule.add_answer()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        while schedule.sent < schedule.all and clock() < schedule.give_up:
            for _ in range(schedule.take_due()):
                connection.send_bytes(message)
            time.sleep(max(0, schedule.due(schedule.sent) - clock()) / 1e9)
        reader.join(max(0, schedule.give_up - clock()) / 1e9)
        schedule.print_results()


MEASURES = {
    "latency": measure_latency,
    "oneway": measure_one_way,
    "both": measure_both,
    "inflight": measure_in_flight,
    "fanin": measure_fan_in,
    "connect": measure_connect,
    "idle": measure_idle,
    "openloop": measure_open_loop,
}


def add_options(arguments, role):
    arguments.add_argument("--key", type=str.encode)
    if role == "server":
        arguments.add_argument("--style", choices=("threads", "serial", "poll"), default="threads")


def main():
    options = parse_arguments(__doc__, add_options)
    if options.role == "server":
        serve(options)
    else:
        MEASURES[options.mode](options)


if __name__ == "__main__":
    main()
