"""What stands between the two ends of a peer: relays and splices, started anew for each sample, as the ends are.

A relay has two ports to itself, one where it listens and another, and says from them where each end of the peer goes.
"""

import contextlib
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness.processes import READY_SECONDS, Failed, free_port, last_line, limit_lifetime, on_core
from harness.programs import RELEASE, built

POLL_SECONDS = 0.002
LISTENING = "0A"


@dataclass(frozen=True)
class Urls:
    server: str
    client: str


class Coturn:
    """TURN over TCP (RFC 6062); the peer's server is the client that allocates."""

    def why_missing(self):
        return None if shutil.which("turnserver") else "coturn was not there"

    def command(self, port, relayed):
        # The only port that it may relay is the one that the client knows. It takes loopback for an attack unless told otherwise. It runs in
        # a folder of the sample's own, where its file of the process id goes.
        return [
            "turnserver", "-n", "--no-auth", "--no-cli", "--no-udp", "--no-tls", "--no-dtls", "--allow-loopback-peers",
            "--listening-ip=127.0.0.1", f"--listening-port={port}", "--relay-ip=127.0.0.1", f"--min-port={relayed}", f"--max-port={relayed}",
            "--log-file=stdout", "--simple-log", "--pidfile=turnserver.pid",
        ]

    def urls(self, port, relayed):
        return Urls(server=f"tcp://127.0.0.1:{port}", client=f"tcp://127.0.0.1:{relayed}")


class Socat:
    """A plain splice of one connection, in pieces of 64 KiB instead of socat's 8."""

    def why_missing(self):
        return None if shutil.which("socat") else "socat was not there"

    def command(self, port, behind):
        return ["socat", "-b", "65536", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,nodelay", f"TCP:127.0.0.1:{behind},nodelay"]

    def urls(self, port, behind):
        return Urls(server=f"tcp://127.0.0.1:{behind}", client=f"tcp://127.0.0.1:{port}")


class PatchbayRelay:
    """Our own; both ends reach it by a name."""

    def why_missing(self):
        return built(RELEASE / "patchbay", "swift build -c release --package-path Benchmarks --product patchbay")

    def command(self, port, _):
        return [RELEASE / "patchbay", "relay", f"tcp://127.0.0.1:{port}"]

    def urls(self, port, _):
        url = f"relay://127.0.0.1:{port}/bench"
        return Urls(server=url, client=url)


@contextlib.contextmanager
def running(relay, folder, row=None):
    """The relay's process, on the core of the row's server, and where its ends are."""
    port, other = free_port(), free_port()
    command = relay.command(port, other)
    if row:
        command = on_core(row, True, command)
    with open(folder / "relay-output", "w+") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, preexec_fn=limit_lifetime
        )
        try:
            deadline = time.monotonic() + READY_SECONDS
            while not listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    output.seek(0)
                    raise Failed(f"the relay does not listen: {last_line(output.read())}")
                time.sleep(POLL_SECONDS)
            yield process, relay.urls(port, other)
        finally:
            process.kill()
            process.wait()


def listens(port):
    """Whether anything does there. To try with a connection would take the only one that socat serves."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        if state == LISTENING and local.endswith(f":{port:04X}"):
            return True
    return False
