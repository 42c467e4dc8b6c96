"""A server and a client, each a process of its own, bounded in time."""

import contextlib
import os
import re
import resource
import select
import signal
import socket
import subprocess
import time

from harness.kinds import SAME_CORE, TWO_CORES

READY_SECONDS = 15
CLIENT_SECONDS = 30
# The kernel ends a process after this, even when the harness itself was killed and cannot.
LIFETIME_SECONDS = READY_SECONDS + CLIENT_SECONDS + 15


class Failed(Exception):
    """What a peer said, or did not say in time."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def server_url(row, folder):
    return f"unix://{folder}/socket" if row.transport == "unix" else f"tcp://127.0.0.1:{free_port()}"


def on_core(row, is_server, command):
    """taskset replaces itself by the command, so that the process id is the command's."""
    cores = os.sched_getaffinity(0)
    core = {SAME_CORE: min(cores), TWO_CORES: min(cores) if is_server else max(cores)}.get(row.kind.cores)
    return list(command) if core is None else ["taskset", "-c", str(core), *command]


def limit_lifetime():
    signal.alarm(LIFETIME_SECONDS)


def cpu_seconds(process):
    """What all threads of a process have used, those that ended as well: the kernel's clock of a process, by its number."""
    return time.clock_gettime(~process << 3 | 2)


@contextlib.contextmanager
def running_server(command, error_path, environment=None):
    with open(error_path, "w+") as errors:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, preexec_fn=limit_lifetime, env=environment
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


def run_client(command, metric, environment=None):
    """The client's results by name, and the CPU seconds of its process, from its start to its end."""
    # Of children that were waited for; the server was not.
    before = children_cpu_seconds()
    client = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit_lifetime,
        env=environment,
    )
    try:
        output, errors = client.communicate(timeout=CLIENT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"the client took more than {CLIENT_SECONDS} s") from None
    finally:
        client.kill()
        client.wait()
    results = {name: float(number) for name, number in re.findall(r"(\w+)=(-?[\d.]+(?:e[-+]?\d+)?)", output)}
    if client.returncode or metric not in results:
        raise Failed(f"the client ended with status {client.returncode}: {last_line(errors or output)}")
    return results, children_cpu_seconds() - before


def children_cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"
