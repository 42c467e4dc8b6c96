"""Who is measured: each peer is a server program and a client program that speak the same wire."""

import sys
from dataclasses import dataclass
from pathlib import Path

from harness.rows import CONNECT, IDLE, LATENCY, ONE_WAY

BENCHMARKS = Path(__file__).resolve().parent.parent
RAW_C = BENCHMARKS / "out" / "raw"
CONNECTION_PY = BENCHMARKS / "Peers" / "python" / "connection.py"
PATCHBAY = BENCHMARKS / ".build" / "release" / "patchbay-bench"

# No secret: both ends of a benchmark are on this machine, and it guards nothing.
KEY = "benchmark-key-0123456789"


@dataclass(frozen=True)
class RawC:
    # Both ends read through a large buffer, and small one-way messages leave in batches. Unbatched, each end makes a call
    # to send a message and two to read one. To read unbatched messages through the buffer would make the yardstick slower
    # on TCP: a reader that keeps up sleeps after each message, and the sender pays for waking it.
    batched: bool = False
    # As for CPython below.
    threads: bool = False

    def why_missing(self):
        return None if RAW_C.exists() else "not built: make -C Benchmarks/Peers/c"

    def server(self, row, url):
        threading = "threads" if self.threads or row.kind is IDLE else "serial"
        return [RAW_C, "server", url, "buffered" if self.batched else "exact", threading]

    def client(self, row, url, arguments):
        variant = {LATENCY: ["buffered"], ONE_WAY: ["batched"]}.get(row.kind, []) if self.batched else []
        return [RAW_C, "client", url, *arguments, *variant]


@dataclass(frozen=True)
class CPython:
    # A thread for each connection, as in a server that one would run. Without, connections are served one after the other
    # on the main thread: the fastest that it can be, and so what others are compared with.
    threads: bool = False

    def why_missing(self):
        return None

    def server(self, row, url):
        style = "poll" if row.kind is IDLE else "threads" if self.threads else "serial"
        return [sys.executable, CONNECTION_PY, "server", url, "--style", style, *self.key(row)]

    def client(self, row, url, arguments):
        return [sys.executable, CONNECTION_PY, "client", url, *arguments, *self.key(row)]

    def key(self, row):
        return ["--key", KEY] if row.with_key else []


@dataclass(frozen=True)
class Patchbay:
    # "bare": raw C's frames. "greeting": Patchbay's own wire. "python": CPython's wire and handshake.
    wire: str

    def why_missing(self):
        return None if PATCHBAY.exists() else "not built: swift build -c release --package-path Benchmarks"

    def server(self, row, url):
        return [PATCHBAY, "server", self.url(row, url)]

    def client(self, row, url, arguments):
        return [PATCHBAY, "client", self.url(row, url), *arguments]

    def url(self, row, url):
        if self.wire == "greeting":
            return url
        if self.wire == "bare":
            return f"length32+bare+{url}"
        if not row.with_key:
            return f"python+{url}?auth=none"
        scheme, _, rest = url.partition("://")
        # CPython before 3.12 knows only MD5, which Patchbay wants named.
        digest = "?digest=md5" if sys.version_info < (3, 12) else ""
        return f"python+{scheme}://:{KEY}@{rest}{digest}"


@dataclass(frozen=True)
class Peer:
    name: str
    title: str
    server: object
    client: object
    kinds: tuple
    # Which rows it takes part in: with a key, without, or both.
    keys: tuple = (False,)
    in_quick: bool = True

    def takes(self, row):
        return row.kind in self.kinds and row.with_key in self.keys

    def why_missing(self):
        return self.server.why_missing() or self.client.why_missing()


EVERY_KIND = (LATENCY, ONE_WAY, CONNECT, IDLE)
BOTH = (False, True)

PEERS = [
    Peer("c", "raw C", RawC(), RawC(), EVERY_KIND),
    Peer("c-batched", "raw C, batched", RawC(batched=True), RawC(batched=True), (LATENCY, ONE_WAY)),
    Peer("c-threads", "raw C, threads", RawC(threads=True), RawC(), (CONNECT,)),
    Peer("cpython", "CPython", CPython(), CPython(), EVERY_KIND, BOTH),
    Peer("cpython-threads", "CPython, threads", CPython(threads=True), CPython(), (CONNECT,), BOTH),
    Peer("patchbay", "Patchbay, raw C's frames", Patchbay("bare"), Patchbay("bare"), EVERY_KIND),
    Peer("patchbay-greeting", "Patchbay, own wire", Patchbay("greeting"), Patchbay("greeting"), EVERY_KIND),
    Peer("patchbay-python", "Patchbay, CPython's wire", Patchbay("python"), Patchbay("python"), (CONNECT,), BOTH),
    Peer("patchbay-to-cpython", "Patchbay to CPython", CPython(), Patchbay("python"), (LATENCY, CONNECT), BOTH, False),
    Peer("cpython-to-patchbay", "CPython to Patchbay", Patchbay("python"), CPython(), (LATENCY, CONNECT), BOTH, False),
    Peer("patchbay-to-c", "Patchbay to raw C", RawC(), Patchbay("bare"), (LATENCY, ONE_WAY, CONNECT), in_quick=False),
    Peer("c-to-patchbay", "raw C to Patchbay", Patchbay("bare"), RawC(), (LATENCY, ONE_WAY, CONNECT), in_quick=False),
]


def select_peers(names):
    by_name = {peer.name: peer for peer in PEERS}
    for name in names:
        if name not in by_name:
            raise SystemExit(f"no peer is named '{name}'; there are: {' '.join(by_name)}")
    return [by_name[name] for name in names]
