"""Allocations and system calls of one operation between two processes.

Both are preloaded with the libraries of Benchmarks/Counters. A run of so many operations is taken from one of three times as
many, so that what start and end cost is not counted. Both ends share a core: then who waits for whom depends little on what
else the machine does.
"""

import functools
import os
import struct
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from running import BENCHMARKS, SECONDS, CouldNotMeasure, built, last_line, output_of


@dataclass(frozen=True)
class Scenario:
    name: str
    server: str
    client: str
    url: str
    count: int
    unit: str


UNIX = "unix://{folder}/socket"
TCP = "tcp://127.0.0.1:0"

SCENARIOS = [
    Scenario("round-trip-unix", "messages", "round-trip", UNIX, 4_000, "round trip"),
    Scenario("round-trip-tcp", "messages", "round-trip", TCP, 4_000, "round trip"),
    Scenario("one-way-unix", "messages", "one-way", UNIX, 200_000, "message"),
    Scenario("one-way-tcp", "messages", "one-way", TCP, 200_000, "message"),
    Scenario("records-unix", "records", "records", "msgpack+" + UNIX, 50_000, "record"),
    Scenario("connect-unix", "messages", "connect", UNIX, 300, "connect"),
    Scenario("connect-bare-unix", "messages", "connect", "length32+bare+" + UNIX, 300, "connect"),
    Scenario("connect-bare-tcp", "messages", "connect", "length32+bare+" + TCP, 300, "connect"),
]

SIDES = ("server", "client")


def measure(scenario, extra_environment=None):
    """{"allocations": {"server": …, "client": …}, "calls": …} of one operation."""
    few = run(scenario, scenario.count, extra_environment or {})
    many = run(scenario, 3 * scenario.count, extra_environment or {})
    figures = {"allocations": {}, "calls": {}}
    for side in SIDES:
        for kind in figures:
            figures[kind][side] = (total(many[side], kind) - total(few[side], kind)) / (2 * scenario.count)
    return figures


def total(counts, kind):
    if kind == "allocations":
        return counts["allocations"]
    return sum(count for name, count in counts.items() if name != "allocations")


def run(scenario, count, extra_environment):
    """What each side counted: {"server": {"allocations": …, "recv": …}, "client": …}."""
    with tempfile.TemporaryDirectory(prefix="gates-") as folder:
        url = scenario.url.format(folder=folder)
        folder = Path(folder)
        with ExitStack() as stack:
            server = stack.enter_context(start("server", [url, scenario.server], folder / "server", extra_environment))
            stack.callback(server.kill)
            dialled = server.stdout.readline().removeprefix("ready ").strip()
            if "://" not in dialled:
                raise CouldNotMeasure(f"{scenario.name}: the server did not start: {dialled or 'it said nothing'}")
            client = stack.enter_context(start("client", [dialled, scenario.client, str(count)], folder / "client", extra_environment))
            stack.callback(client.kill)
            for side, process in (("client", client), ("server", server)):
                try:
                    output, _ = process.communicate(timeout=SECONDS)
                except subprocess.TimeoutExpired:
                    raise CouldNotMeasure(f"{scenario.name}: the {side} did not end within {SECONDS} s") from None
                if process.returncode:
                    raise CouldNotMeasure(f"{scenario.name}: the {side} ended with {process.returncode}: {last_line(output)}")
        return {side: read_counts(folder / side) for side in SIDES}


def start(role, arguments, counts, extra_environment):
    core = max(os.sched_getaffinity(0))
    files = {"ALLOCATIONS_FILE": f"{counts}.allocations", "CALLS_FILE": f"{counts}.calls"}
    return subprocess.Popen(
        [built("gate-workload"), role, *arguments],
        env=os.environ | {"LD_PRELOAD": counters()} | files | extra_environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )


def read_counts(counts):
    try:
        allocations, _ = struct.unpack("=QQ", Path(f"{counts}.allocations").read_bytes())
        lines = Path(f"{counts}.calls").read_text().splitlines()
    except (OSError, struct.error) as error:
        raise CouldNotMeasure(f"{counts.name} left no counts: {error}") from None
    return {"allocations": allocations} | {name: int(count) for name, _, count in (line.partition("=") for line in lines)}


@functools.cache
def counters():
    """What LD_PRELOAD is set to."""
    output_of("make", "-s", "-C", BENCHMARKS / "Counters")
    return ":".join(str(BENCHMARKS / "out" / f"lib{name}.so") for name in ("allocations", "calls"))
