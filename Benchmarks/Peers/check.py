#!/usr/bin/env python3
"""Runs every peer in every mode for an instant, over both transports, and fails where a peer errs or a result is missing.

    check.py [PEER...]

A peer that is not built is named and left out; with names given, it is an error.
"""

import math
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

PEERS = Path(__file__).resolve().parent
sys.path.insert(0, str(PEERS.parent))

from harness import relays  # noqa: E402
from harness.processes import free_port, limit_lifetime, running_server  # noqa: E402

SECONDS = "0.1"
CLIENT_SECONDS = 30
STREAM = "messages_per_second bytes_per_second count seconds total"
ROUND_TRIPS = "messages_per_second p50_us p99_us count seconds total"

# Each mode's arguments and the results that it must print.
MODES = {
    "latency": (["64", SECONDS], "p50_us p90_us p99_us p999_us count total"),
    "oneway": (["64", SECONDS], STREAM),
    "both": (["64", SECONDS], STREAM),
    "inflight": (["64", SECONDS, "64"], ROUND_TRIPS),
    "fanin": (["40", SECONDS], ROUND_TRIPS),
    "connect": ([SECONDS], "connections_per_second count seconds total"),
    "idle": (["40", "PID"], "bytes_per_connection count before_bytes after_bytes"),
    "openloop": (["2000", "64", SECONDS], "p50_us p99_us p999_us sent_per_second count total"),
}
# Messages that fill every buffer on the way, where a peer that waits at the wrong end would wait for ever.
LARGE = {
    "latency": ["1048576", SECONDS],
    "oneway": ["1048576", SECONDS],
    "both": ["1048576", SECONDS],
    "inflight": ["1048576", SECONDS, "64"],
    "openloop": ["50", "1048576", SECONDS],
}
# In the order of their size.
PERCENTILES = ("p50_us", "p90_us", "p99_us", "p999_us")


@dataclass(frozen=True)
class Variant:
    """A way to run a peer, and what it takes part in."""

    name: str
    command: list
    modes: tuple
    server: list = field(default_factory=list)
    client: list = field(default_factory=list)
    large: bool = True
    # What stands between the ends, over TCP alone.
    relay: object = None


def program(name):
    return [str(PEERS.parent / "out" / name)]


def script(name):
    return [sys.executable, str(PEERS / "python" / name)]


ALL = tuple(MODES)
SINGLE = ("latency", "oneway", "both", "inflight", "openloop")
# 64 large messages under way in both directions fill a relay that waits for either end to read.
THROUGH_RELAY = tuple(mode for mode in SINGLE if mode != "inflight")
ECHOES = tuple(mode for mode in ALL if mode != "oneway")
PATCHBAY = [str(PEERS.parent / ".build" / "release" / "patchbay-bench")]
NIO = [str(PEERS / "nio" / ".build" / "release" / "nio-bench")]
TAKEOVER = ["--style", "async", "--takeover"]

VARIANTS = [
    Variant("raw", program("raw"), ALL),
    Variant("raw serial", program("raw"), (*SINGLE, "connect"), ["serial"]),
    Variant("raw batched", program("raw"), SINGLE, ["buffered", "serial"], ["buffered", "batched"]),
    # With one core both ends would spin in turns.
    Variant("raw spin", program("raw"), ("latency",) if os.cpu_count() > 1 else (), ["spin", "serial"], ["spin"]),
    Variant("epoll", program("epoll"), ALL, [], ["buffered", "batched"]),
    Variant("epoll noframing", program("epoll"), ECHOES, ["noframing"], ["buffered", "batched"]),
    Variant("turn", program("turn"), (*THROUGH_RELAY, "connect"), relay=relays.Coturn()),
    Variant("turn batched", program("turn"), THROUGH_RELAY, ["buffered"], ["buffered", "batched"], relay=relays.Coturn()),
    Variant("raw through socat", program("raw"), THROUGH_RELAY, relay=relays.Socat()),
    Variant("zmq", program("zmq"), ALL),
    Variant("zmq pair", program("zmq"), SINGLE, ["pair"], ["pair"]),
    Variant("nng", program("nng"), ("latency", "oneway", "fanin", "connect", "idle")),
    Variant("nng pair", program("nng"), SINGLE, ["pair"], ["pair"]),
    Variant("nanomsg", program("nanomsg"), SINGLE),
    Variant("nanomsg nodelay", program("nanomsg"), ("latency", "openloop"), ["nodelay"], ["nodelay"]),
    Variant("nanomsg request", program("nanomsg"), ("latency", "connect", "idle"), ["request"], ["request"]),
    Variant("connection.py threads", script("connection.py"), ALL),
    Variant("connection.py serial", script("connection.py"), (*SINGLE, "connect"), ["--style", "serial"]),
    Variant("connection.py poll", script("connection.py"), ("fanin", "idle", "connect"), ["--style", "poll"]),
    Variant("connection.py key", script("connection.py"), ALL, ["--key", "k"], ["--key", "k"]),
    Variant("asyncio streams", script("asyncio_streams.py"), ALL),
    Variant("nio handlers", NIO, ALL, ["--style", "handlers"], ["--style", "handlers"]),
    Variant("nio async", NIO, tuple(mode for mode in ALL if mode != "openloop"), ["--style", "async"], ["--style", "async"]),
    Variant("patchbay", PATCHBAY, ALL),
    Variant("patchbay global", PATCHBAY, ALL, [], ["--task", "global"]),
    Variant("nio async takeover", NIO, ("latency", "oneway"), TAKEOVER, TAKEOVER),
]


class Wrong(Exception):
    """What a peer did not do."""


def run(variant, mode, transport, arguments, folder):
    if variant.relay:
        with relays.running(variant.relay, folder) as (_, urls):
            return run_between(variant, mode, urls, arguments, folder)
    url = f"unix://{folder}/socket" if transport == "unix" else f"tcp://127.0.0.1:{free_port()}"
    return run_between(variant, mode, relays.Urls(url, url), arguments, folder)


def run_between(variant, mode, urls, arguments, folder):
    errors = folder / "errors"
    with running_server([*variant.command, "server", urls.server, *variant.server], errors) as server:
        numbers = [str(server.pid) if word == "PID" else word for word in arguments]
        client = subprocess.run(
            [*variant.command, "client", urls.client, mode, *numbers, *variant.client],
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS,
            preexec_fn=limit_lifetime,
        )
        if client.returncode:
            raise Wrong(f"status {client.returncode}: {client.stderr.strip()}")
        if client.stderr:
            raise Wrong(f"the client said: {client.stderr.strip()}")
        if server.poll() is not None:
            raise Wrong(f"the server ended with status {server.returncode}: {errors.read_text().strip()}")
    if errors.read_text():
        raise Wrong(f"the server said: {errors.read_text().strip()}")
    return client.stdout


def check_results(mode, output, arguments):
    if output.count("\n") != 1:
        raise Wrong(f"not one line: {output!r}")
    results = {name: float(number) for name, number in re.findall(r"(\w+)=(-?[\d.]+)(?=\s)", output)}
    expected = MODES[mode][1].split()
    missing = [key for key in expected if key not in results]
    if missing:
        raise Wrong(f"no {' '.join(missing)} in {output!r}")
    positive = [key for key in expected if key not in ("before_bytes", "bytes_per_connection")]
    if wrong := [key for key in positive if not results[key] > 0]:
        raise Wrong(f"{' '.join(wrong)} not above 0 in {output!r}")
    if results.get("total", math.inf) < results["count"]:
        raise Wrong(f"total below count in {output!r}")
    percentiles = [results[name] for name in PERCENTILES if name in expected]
    if percentiles != sorted(percentiles):
        raise Wrong(f"percentiles out of order in {output!r}")
    rate = "connections_per_second" if mode == "connect" else "messages_per_second"
    if rate in expected and not math.isclose(results[rate] * results["seconds"], results["count"], rel_tol=0.05, abs_tol=5):
        raise Wrong(f"{rate} is not count by seconds in {output!r}")
    if "bytes_per_second" in expected:
        # Both rates are rounded.
        expected_bytes = results["messages_per_second"] * float(arguments[0])
        if abs(results["bytes_per_second"] - expected_bytes) > float(arguments[0]):
            raise Wrong(f"bytes by messages is not the size in {output!r}")


def main():
    named = sys.argv[1:]
    if unknown := [name for name in named if not any(name in variant.name for variant in VARIANTS)]:
        raise SystemExit(f"check.py: no peer is named {' '.join(unknown)}")
    failures = runs = 0
    for variant in VARIANTS:
        if named and not any(name in variant.name for name in named):
            continue
        if not os.path.exists(variant.command[-1]):
            print(f"{'FAILED' if named else 'left out'}: {variant.name} is not built")
            failures += bool(named)
            continue
        if variant.relay and (reason := variant.relay.why_missing()):
            print(f"{'FAILED' if named else 'left out'}: {variant.name}: {reason}")
            failures += bool(named)
            continue
        tasks = [(mode, MODES[mode][0]) for mode in variant.modes]
        tasks += [(mode, LARGE[mode]) for mode in variant.modes if variant.large and mode in LARGE]
        for transport in ("tcp",) if variant.relay else ("unix", "tcp"):
            for mode, arguments in tasks:
                what = f"{variant.name}, {mode} {arguments[0]}, {transport}"
                runs += 1
                try:
                    with tempfile.TemporaryDirectory(prefix="patchbay-check-") as folder:
                        output = run(variant, mode, transport, arguments, Path(folder))
                    check_results(mode, output, arguments)
                    print(f"{what}: {output.strip()}", flush=True)
                except Exception as error:  # Whatever it is, it is this peer's failure, and the others are still run.
                    failures += 1
                    print(f"FAILED: {what}: {error}", flush=True)
    print(f"{runs} runs, {failures} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
