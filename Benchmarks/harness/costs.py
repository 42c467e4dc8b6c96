"""System calls and allocations per message: counted in runs of their own, which nobody times."""

import contextlib
import functools
import os
import struct
import subprocess
from pathlib import Path

from harness.processes import Failed, on_core, run_client, running_server, server_url
from harness.programs import OUT

ALLOCATIONS = OUT / "liballocations.so"
EVENT = "raw_syscalls:sys_enter"
# A short run and a long one: what each start costs is in both, and in their difference no more.
SHARES = (0.5, 2)


@functools.cache
def can_count_calls():
    try:
        done = subprocess.run(["perf", "stat", "-x,", "-e", EVENT, "true"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0 and EVENT in done.stderr and "not" not in done.stderr


def why_missing():
    """What cannot be counted here."""
    missing = [] if can_count_calls() else [f"system calls (perf stat -e {EVENT} does not work here)"]
    return missing + ([] if ALLOCATIONS.exists() else ["allocations (not built: make -C Benchmarks/Counters)"])


def measure(peer, row, scale, folder):
    results = {}
    if can_count_calls():
        results |= slopes("syscalls", [calls(peer, row, share * scale.seconds, folder) for share in SHARES])
    if ALLOCATIONS.exists() and peer.is_compiled:
        results |= slopes("allocations", [allocations(peer, row, share * scale.seconds, folder) for share in SHARES])
    if not results:
        raise Failed("nothing can be counted here")
    return results


def slopes(name, runs):
    """By how much the counts of (client, server, total) grow for each message."""
    (client, server, total), (more_client, more_server, more_total) = runs
    more = more_total - total
    if more <= 0:
        raise Failed(f"a longer run sent no more messages: {total:.0f} and {more_total:.0f}")
    return {f"client_{name}": (more_client - client) / more, f"server_{name}": (more_server - server) / more}


def fresh_url(row, folder):
    """The socket of the run before may still be in its folder."""
    with contextlib.suppress(FileNotFoundError):
        (folder / "socket").unlink()
    return server_url(row, folder)


def allocations(peer, row, seconds, folder):
    def counting(side):
        return {**os.environ, "LD_PRELOAD": str(ALLOCATIONS), "ALLOCATIONS_FILE": str(folder / side)}

    url = fresh_url(row, folder)
    with running_server(on_core(row, True, peer.server.server(row, url)), folder / "errors", counting("server")) as server:
        command = on_core(row, False, peer.client.client(row, url, row.arguments(seconds, server.pid, 0)))
        results, _ = run_client(command, "total", counting("client"))
        counts = [struct.unpack("QQ", (folder / side).read_bytes())[0] for side in ("client", "server")]
    return (*counts, results["total"])


def calls(peer, row, seconds, folder):
    url = fresh_url(row, folder)
    with running_server(perf(folder / "server-calls", on_core(row, True, peer.server.server(row, url))), folder / "errors") as server:
        try:
            command = on_core(row, False, peer.client.client(row, url, row.arguments(seconds, server.pid, 0)))
            results, _ = run_client(perf(folder / "client-calls", command), "total")
        finally:
            end_child(server)
    return (read_calls(folder / "client-calls"), read_calls(folder / "server-calls"), results["total"])


def perf(output, command):
    # A program under perf does not outlive it.
    return ["perf", "stat", "-x,", "-o", output, "-e", EVENT, "--", "setpriv", "--pdeathsig", "KILL", *command]


def end_child(server):
    """perf writes its counts when its program ends."""
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split():
            os.kill(int(child), 9)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(timeout=5)


def read_calls(path):
    for line in path.read_text().splitlines():
        if EVENT in line:
            return int(line.partition(",")[0])
    raise Failed(f"perf did not count: {path.read_text().strip()}")
