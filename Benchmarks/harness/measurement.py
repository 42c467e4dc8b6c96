"""One measurement: a server and a client, each a process of its own, bounded in time."""

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from harness.rows import CONNECT, IDLE

READY_SECONDS = 15
CLIENT_SECONDS = 60
# The kernel ends a process after this, even when the harness itself was killed and cannot.
LIFETIME_SECONDS = READY_SECONDS + CLIENT_SECONDS + 15


class Failed(Exception):
    """What a peer said, or did not say in time."""


def measure(peer, row, seconds, idle_connections):
    """The client's results, by name."""
    with tempfile.TemporaryDirectory(prefix="patchbay-bench-") as folder:
        folder = Path(folder)
        url = f"unix://{folder}/socket" if row.transport == "unix" else f"tcp://127.0.0.1:{free_port()}"
        with running_server(pinned(row, peer.server.server(row, url)), folder / "errors") as server:
            if row.kind is IDLE:
                arguments = [idle_connections, server.pid]
            elif row.kind is CONNECT:
                arguments = [seconds]
            else:
                arguments = [row.size, seconds]
            arguments = [row.kind.name, *map(str, arguments)]
            return run_client(pinned(row, peer.client.client(row, url, arguments)), row.kind.metric)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(row, command):
    """taskset replaces itself by the command, so that the process id is the command's."""
    return ["taskset", "-c", str(min(os.sched_getaffinity(0))), *command] if row.kind.same_core else command


def limit_lifetime():
    signal.alarm(LIFETIME_SECONDS)


@contextlib.contextmanager
def running_server(command, error_path):
    with open(error_path, "w+") as errors:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, preexec_fn=limit_lifetime
        )
        try:
            readable, _, _ = select.select([server.stdout], [], [], READY_SECONDS)
            if not readable or server.stdout.readline().strip() != b"ready":
                errors.seek(0)
                raise Failed(f"the server did not become ready: {last_line(errors.read())}")
            yield server
        finally:
            server.kill()
            server.wait()
            server.stdout.close()


def run_client(command, metric):
    client = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit_lifetime,
    )
    try:
        output, errors = client.communicate(timeout=CLIENT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"the client took more than {CLIENT_SECONDS} s") from None
    finally:
        client.kill()
        client.wait()
    results = {name: float(number) for name, number in re.findall(r"(\w+)=(-?[\d.]+)", output)}
    if client.returncode or metric not in results:
        raise Failed(f"the client ended with status {client.returncode}: {last_line(errors or output)}")
    return results


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def run_rounds(rows, peers, rounds, seconds, idle_connections, progress):
    """All samples. Rounds are outermost and peers innermost, there and back again (A B C, C B A), so that a machine that
    grows slower or faster does it to every peer. A peer that failed twice in a row of the table is left out of it."""
    samples = []
    failures = {}
    for number in range(rounds):
        for row in rows:
            takers = [peer for peer in peers if peer.takes(row)]
            for peer in reversed(takers) if number % 2 else takers:
                if failures.get((row.id, peer.name), 0) >= 2:
                    continue
                sample = {"row": row.id, "peer": peer.name, "round": number, "time": time.time()}
                try:
                    sample["results"] = measure(peer, row, seconds, idle_connections)
                except Failed as failure:
                    sample["error"] = str(failure)
                    failures[row.id, peer.name] = failures.get((row.id, peer.name), 0) + 1
                samples.append(sample)
                progress(len(samples), sample)
    return samples
