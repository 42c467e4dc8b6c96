"""How long a program takes that starts, does next to nothing and ends."""

import os
import statistics
import time

from harness.processes import Failed

STARTS = 15


def measure(peer, row, scale, folder):
    command = [str(word) for word in peer.client.alone()]
    times = [milliseconds(command) for _ in range(STARTS)]
    return {"milliseconds": statistics.median(times), "fastest": min(times), "count": STARTS}


def milliseconds(command):
    silence = [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_RDWR, 0) for descriptor in (0, 1, 2)]
    before = time.monotonic()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=silence)
    _, status = os.waitpid(process, 0)
    elapsed = time.monotonic() - before
    if status:
        raise Failed(f"{command[0]} ended with status {os.waitstatus_to_exitcode(status)}")
    return elapsed * 1000
