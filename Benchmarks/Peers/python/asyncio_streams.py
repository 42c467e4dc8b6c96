"""asyncio's streams as a benchmark peer: the modes and the output of the C peers, over raw C's frames.

    asyncio_streams.py server URL
    asyncio_streams.py client URL MODE NUMBERS...
"""

import asyncio
import os

from measuring import (
    SMALL_MESSAGE,
    WARM_UP_CONNECTIONS,
    Schedule,
    both_ways_window,
    clock,
    make_samples,
    make_timer,
    parse_arguments,
    parse_url,
    print_connections,
    print_latency,
    print_memory,
    print_round_trips,
    print_stream,
    settled_resident_bytes,
)

BACKLOG = 4096
# One write for header and body, where a copy of the body costs less than a second write.
LARGE_MESSAGE_BYTES = 16 << 10
LARGE_WINDOW_BYTES = 4 << 20
# The default stops reading above 128 KiB, to which a message of 1 MiB is many pauses.
READ_LIMIT_BYTES = 1 << 20


def write_frame(writer, message):
    header = len(message).to_bytes(4, "big")
    if len(message) < LARGE_MESSAGE_BYTES:
        writer.write(header + message)
    else:
        writer.write(header)
        writer.write(message)


async def read_frame(reader):
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))


async def open_connection(url):
    address = parse_url(url)
    if isinstance(address, str):
        return await asyncio.open_unix_connection(address, limit=READ_LIMIT_BYTES)
    return await asyncio.open_connection(*address, limit=READ_LIMIT_BYTES)


async def answer(reader, writer):
    try:
        while True:
            message = await read_frame(reader)
            if message[0] == ord("S"):
                continue
            write_frame(writer, message if message[0] == ord("E") else b"A")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def serve(options):
    address = parse_url(options.url)
    if isinstance(address, str):
        server = await asyncio.start_unix_server(answer, address, backlog=BACKLOG, limit=READ_LIMIT_BYTES)
    else:
        server = await asyncio.start_server(answer, *address, backlog=BACKLOG, limit=READ_LIMIT_BYTES)
    print("ready", flush=True)
    await server.serve_forever()


async def measure_latency(url, size, seconds):
    message = b"E" + bytes(size - 1)
    samples = make_samples()
    reader, writer = await open_connection(url)
    total = 0
    warm = clock() + int(seconds * 1e9 / 4)
    end = warm + int(seconds * 1e9)
    before = 0
    while before < end:
        before = clock()
        write_frame(writer, message)
        await read_frame(reader)
        if before >= warm:
            samples.append(clock() - before)
        total += 1
    print_latency(samples, total)


async def measure_one_way(url, size, seconds):
    message = b"S" + bytes(size - 1)
    clock_interval = 1 if size > 4096 else 64
    reader, writer = await open_connection(url)
    total = 0
    for duration in (seconds / 4, seconds):
        count = 0
        start = clock()
        end = start + int(duration * 1e9)
        while clock() < end:
            for _ in range(clock_interval):
                write_frame(writer, message)
                await writer.drain()
            count += clock_interval
        write_frame(writer, b"F")
        await read_frame(reader)
        elapsed = clock() - start
        total += count
    print_stream(count, total, size, elapsed)


class Window:
    """Echoes in flight: each answer lets the next message leave.

    One task sends and reads, unless the window is large: then a second one sends, and waits for room, as a transport
    moves all that it has not sent whenever it has sent some."""

    def __init__(self, connection, size, window):
        self.reader, self.writer = connection
        self.message = b"E" + bytes(size - 1)
        self.departures = [0] * window
        self.sent = self.received = 0
        self.room = None if size * window <= LARGE_WINDOW_BYTES else asyncio.Semaphore(window)

    def send(self):
        self.departures[self.sent % len(self.departures)] = clock()
        self.sent += 1
        write_frame(self.writer, self.message)

    async def send_for_ever(self):
        while True:
            await self.room.acquire()
            self.send()
            await self.writer.drain()

    async def run(self, seconds, samples=None):
        """How long it took, and how many answers came."""
        if self.sent == 0 and self.room:
            self.sender = asyncio.create_task(self.send_for_ever())
        elif self.sent == 0:
            for _ in self.departures:
                self.send()
        start = now = clock()
        end = start + int(seconds * 1e9)
        first = self.received
        while now < end:
            await read_frame(self.reader)
            now = clock()
            if samples is not None:
                samples.append(now - self.departures[self.received % len(self.departures)])
            self.received += 1
            if self.room:
                self.room.release()
            else:
                self.send()
        return now - start, self.received - first


async def measure_in_flight(url, size, seconds, window):
    samples = make_samples()
    flight = Window(await open_connection(url), size, window)
    await flight.run(seconds / 4)
    elapsed, _ = await flight.run(seconds, samples)
    print_round_trips(samples, flight.received, elapsed)


async def measure_both(url, size, seconds):
    flight = Window(await open_connection(url), size, both_ways_window(size))
    await flight.run(seconds / 4)
    elapsed, count = await flight.run(seconds)
    print_stream(count, flight.received, size, elapsed)


async def measure_fan_in(url, count, seconds):
    samples = make_samples()
    connections = [await open_connection(url) for _ in range(count)]
    warm = clock() + int(seconds * 1e9 / 4)
    end = warm + int(seconds * 1e9)

    async def loop(reader, writer):
        total = 0
        now = clock()
        while now < end:
            before = now
            write_frame(writer, SMALL_MESSAGE)
            await read_frame(reader)
            now = clock()
            if warm <= now < end:
                samples.append(now - before)
            total += 1
        return total

    totals = await asyncio.gather(*(loop(*connection) for connection in connections))
    print_round_trips(samples, sum(totals), end - warm)


async def measure_connect(url, seconds):
    total = 0
    for duration in (seconds / 4, seconds):
        count = 0
        start = clock()
        end = start + int(duration * 1e9)
        while clock() < end:
            reader, writer = await open_connection(url)
            write_frame(writer, SMALL_MESSAGE)
            await read_frame(reader)
            writer.close()
            count += 1
        elapsed = clock() - start
        total += count
    print_connections(count, total, elapsed)


async def measure_idle(url, count, process):
    connections = []

    async def hold(number):
        for _ in range(number):
            reader, writer = await open_connection(url)
            connections.append(writer)
            write_frame(writer, SMALL_MESSAGE)
            await read_frame(reader)
        return settled_resident_bytes(process)

    # What the server sets up only once is not counted.
    before = await hold(WARM_UP_CONNECTIONS)
    print_memory(before, await hold(count), count)


async def measure_open_loop(url, rate, size, seconds):
    message = b"E" + bytes(size - 1)
    reader, writer = await open_connection(url)
    write_frame(writer, message)
    await read_frame(reader)
    schedule = Schedule(rate, seconds)
    timer = make_timer(schedule.interval)

    def send():
        os.read(timer, 8)
        for _ in range(schedule.take_due()):
            write_frame(writer, message)

    async def read():
        while schedule.received < schedule.all:
            await read_frame(reader)
            schedule.add_answer()

    asyncio.get_running_loop().add_reader(timer, send)
    try:
        await asyncio.wait_for(read(), (schedule.give_up - clock()) / 1e9)
    except TimeoutError:
        pass
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


async def main():
    options = parse_arguments(__doc__, lambda parser, role: None)
    if options.role == "server":
        await serve(options)
        return
    await MEASURES[options.mode](options.url, *options.numbers)


if __name__ == "__main__":
    asyncio.run(main())
