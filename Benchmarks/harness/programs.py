"""How each peer's programs are called."""

import sys
from dataclasses import dataclass
from pathlib import Path

from harness import kinds

BENCHMARKS = Path(__file__).resolve().parent.parent
OUT = BENCHMARKS / "out"
PYTHON_PEERS = BENCHMARKS / "Peers" / "python"
NIO = BENCHMARKS / "Peers" / "nio" / ".build" / "release" / "nio-bench"
RELEASE = BENCHMARKS / ".build" / "release"

# No secret: both ends of a benchmark are on this machine, and it guards nothing.
KEY = "benchmark-key-0123456789"
# How long a reactor looks for more before it sleeps; across two cores alone.
SPIN = ("PATCHBAY_SPIN=100",)


def built(path, how):
    return None if path.exists() else f"not built: {how}"


@dataclass(frozen=True)
class RawC:
    # Both ends read through a large buffer, and small one-way messages leave in batches. Unbatched, each end makes a call
    # to send a message and two to read one. To read unbatched messages through the buffer would make the yardstick slower
    # on TCP: a reader that keeps up sleeps after each message, and the sender pays for waking it.
    batched: bool = False
    # A thread for each connection, as in a server that one would run. Without, connections are served one after the other
    # on the main thread: the fastest that it can be, and so what others are compared with.
    threads: bool = False
    spin: bool = False

    def why_missing(self):
        return built(OUT / "raw", "make -C Benchmarks/Peers/c")

    def server(self, row, url):
        many = self.threads or row.kind in (kinds.IDLE, kinds.FAN_IN)
        return [OUT / "raw", "server", url, *self.reading(), "threads" if many else "serial", *self.spinning()]

    def client(self, row, url, arguments):
        one_way = row.kind.mode == "oneway"
        sending = ["batched"] if self.batched and one_way else []
        reading = [] if one_way or row.kind.mode in ("fanin", "connect", "idle") else self.reading()
        return [OUT / "raw", "client", url, *arguments, *reading, *sending, *self.spinning()]

    def reading(self):
        return ["buffered"] if self.batched or self.spin else ["exact"]

    def spinning(self):
        return ["spin"] if self.spin else []


@dataclass(frozen=True)
class Turn(RawC):
    """Raw C's messages, whose server is reached through a TURN relay; for Coturn in relays.py."""

    def why_missing(self):
        return built(OUT / "turn", "make -C Benchmarks/Peers/c")

    def server(self, row, url):
        return [OUT / "turn", "server", url, *self.reading()]

    def client(self, row, url, arguments):
        return [OUT / "turn", *super().client(row, url, arguments)[1:]]


@dataclass(frozen=True)
class Epoll:
    # Without frames: the server sends back the bytes that come, whatever they are.
    framed: bool = True

    def why_missing(self):
        return built(OUT / "epoll", "make -C Benchmarks/Peers/c")

    def server(self, row, url):
        return [OUT / "epoll", "server", url, *([] if self.framed else ["noframing"])]

    def client(self, row, url, arguments):
        variant = {"latency": ["buffered"], "inflight": ["buffered"], "oneway": ["batched"]}.get(row.kind.mode, [])
        return [OUT / "epoll", "client", url, *arguments, *variant]


@dataclass(frozen=True)
class Library:
    """A peer in C over a messaging library."""

    program: str
    package: str
    # What both ends are told in modes of one connection, in those of many, and, of the former, where messages leave one by one.
    one: str = ""
    many: str = ""
    single: str = ""

    def why_missing(self):
        return built(OUT / self.program, f"{self.package} was not there")

    def server(self, row, url):
        return [OUT / self.program, "server", url, *self.flags(row)]

    def client(self, row, url, arguments):
        return [OUT / self.program, "client", url, *arguments, *self.flags(row)]

    def flags(self, row):
        many = row.kind.mode in ("fanin", "connect", "idle")
        single = row.kind.mode in ("latency", "openloop")
        return [flag for flag in (self.many if many else self.one, self.single if single else "") if flag]


@dataclass(frozen=True)
class CPython:
    # As for raw C above.
    threads: bool = False

    def why_missing(self):
        return None

    def server(self, row, url):
        many = row.kind in (kinds.IDLE, kinds.FAN_IN)
        style = "poll" if many else "threads" if self.threads else "serial"
        return [sys.executable, PYTHON_PEERS / "connection.py", "server", url, "--style", style, *self.key(row)]

    def client(self, row, url, arguments):
        return [sys.executable, PYTHON_PEERS / "connection.py", "client", url, *arguments, *self.key(row)]

    def key(self, row):
        return ["--key", KEY] if row.with_key else []


@dataclass(frozen=True)
class Asyncio:
    def why_missing(self):
        return built(PYTHON_PEERS / "asyncio_streams.py", "Peers/python/asyncio_streams.py is not there")

    def server(self, row, url):
        return [sys.executable, PYTHON_PEERS / "asyncio_streams.py", "server", url]

    def client(self, row, url, arguments):
        return [sys.executable, PYTHON_PEERS / "asyncio_streams.py", "client", url, *arguments]


@dataclass(frozen=True)
class SwiftNIO:
    style: str
    # NIO's event loops as the process's global executor.
    takeover: bool = False

    def why_missing(self):
        return built(NIO, "swift build -c release --package-path Benchmarks/Peers/nio")

    def server(self, row, url):
        return [NIO, "server", url, *self.flags()]

    def client(self, row, url, arguments):
        return [NIO, "client", url, *arguments, *self.flags()]

    def flags(self):
        return ["--style", self.style, *(["--takeover"] if self.takeover else [])]


@dataclass(frozen=True)
class Patchbay:
    # Layers in front of the transport, with the marks of the URL. Raw C's frames: "length32+bare". Nothing: Patchbay's own wire.
    layers: str = ""
    # "python": CPython's wire, with its handshake in rows with a key.
    # Of the URL: "name=value".
    options: tuple = ()
    # Of the process; env replaces itself by the program.
    environment: tuple = ()
    with_key: bool = False
    values: str = "bytes"
    task: str = "reactor"
    # Files that are loaded first, in out/plugins, and the name of a transport of theirs.
    plugins: tuple = ()
    transport: str = ""

    def why_missing(self):
        missing = [file for file in self.plugins if not (OUT / "plugins" / file).exists()]
        if missing:
            return f"not built: {' '.join(missing)}; scripts/bench builds it where clang and libffi are"
        return built(RELEASE / "patchbay-bench", "swift build -c release --package-path Benchmarks")

    def server(self, row, url):
        return [*self.program(), "server", self.url(url, row.with_key), *self.flags()]

    def client(self, row, url, arguments):
        return [*self.program(), "client", self.url(url, row.with_key), *arguments, *self.flags(), "--task", self.task]

    def program(self):
        return [*(["env", *self.environment] if self.environment else []), RELEASE / "patchbay-bench"]

    def flags(self):
        words = ["--values", self.values]
        for file in self.plugins:
            words += ["--plugin", OUT / "plugins" / file]
        return words + (["--helper", RELEASE / "patchbay"] if self.plugins else [])

    def url(self, url, row_with_key):
        scheme, _, rest = url.partition("://")
        scheme = self.transport or scheme
        options = list(self.options)
        key = f":{KEY}@" if self.with_key or row_with_key else ""
        if self.layers == "python":
            # CPython before 3.12 knows only MD5, which Patchbay wants named.
            if not key:
                options.append("auth=none")
            elif sys.version_info < (3, 12):
                options.append("digest=md5")
        layers = f"{self.layers}+" if self.layers else ""
        return f"{layers}{scheme}://{key}{rest}" + ("?" + "&".join(options) if options else "")


@dataclass(frozen=True)
class Alone:
    """A program without a peer: `command`, with the mode and its arguments in place of `...`."""

    command: tuple

    def why_missing(self):
        program = self.command[0]
        return built(program, "swift build -c release --package-path Benchmarks") if isinstance(program, Path) else None

    def alone(self, arguments=()):
        words = []
        for word in self.command:
            words += arguments if word == "..." else [word]
        return words
