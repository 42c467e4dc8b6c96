"""Who is measured: each peer is a server program and a client program that speak the same wire."""

import sys
from dataclasses import dataclass

from harness import kinds
from harness.programs import RELEASE, SPIN, Alone, Asyncio, CPython, Epoll, Library, Patchbay, RawC, SwiftNIO, Turn
from harness.relays import Coturn, PatchbayRelay, Socat
from harness.kinds import COSTS, STREAMING

CONNECT, FAN_IN, IDLE, LATENCY, ONE_WAY, OPEN_LOOP = (
    kinds.CONNECT, kinds.FAN_IN, kinds.IDLE, kinds.LATENCY, kinds.ONE_WAY, kinds.OPEN_LOOP
)
BASIC = (*STREAMING, CONNECT, IDLE, OPEN_LOOP)
EVERY = (*BASIC, FAN_IN)
SMALL = (64,)


@dataclass(frozen=True)
class Peer:
    name: str
    title: str
    server: object
    client: object
    # Which rows it takes part in: without a key, and with.
    kinds: tuple
    keyed_kinds: tuple = ()
    in_quick: bool = True
    # Empty: all of them.
    sizes: tuple = ()
    transports: tuple = ()
    # What stands between the ends; None: nothing does.
    relay: object = None
    # The peer with the same ends and nothing between them.
    direct: str = ""

    def takes(self, row):
        return (
            row.kind in (self.keyed_kinds if row.with_key else self.kinds)
            and (not self.sizes or row.size in self.sizes)
            and (not self.transports or row.transport in self.transports)
        )

    def why_missing(self):
        return self.server.why_missing() or self.client.why_missing() or (self.relay.why_missing() if self.relay else None)

    @property
    def is_compiled(self):
        """Whether its allocations are those of the work, not of an interpreter."""
        return not isinstance(self.client, (CPython, Asyncio))


def same(name, title, program, *arguments, **options):
    """Both ends are programs of one kind."""
    return Peer(name, title, program, program, *arguments, **options)


BARE = Patchbay("length32+bare")
GREETING = Patchbay()
NOISE = Patchbay("noise", with_key=True)

PEERS = [
    same("c", "raw C", RawC(), (*EVERY, kinds.TWO_CORE_LATENCY, *COSTS)),
    same("c-batched", "raw C, batched", RawC(batched=True), (*STREAMING, kinds.ONE_WAY_COSTS)),
    Peer("c-threads", "raw C, threads", RawC(threads=True), RawC(), (CONNECT,), in_quick=False),
    same("c-spin", "raw C, spinning", RawC(spin=True), (kinds.TWO_CORE_LATENCY,)),
    same("epoll", "epoll in C", Epoll(), (*EVERY, *COSTS)),
    same("epoll-noframing", "epoll in C, no framing", Epoll(framed=False), (LATENCY, FAN_IN), sizes=SMALL),
    same("cpython", "CPython", CPython(), EVERY, (CONNECT,)),
    Peer("cpython-threads", "CPython, threads", CPython(threads=True), CPython(), (CONNECT,), (CONNECT,), in_quick=False),
    same("asyncio", "asyncio streams", Asyncio(), EVERY),
    same("zmq", "libzmq", Library("zmq", "libzmq3-dev", one="pair"), (*EVERY, *COSTS)),
    same("nng", "nng", Library("nng", "libnng-dev", one="pair"), (*EVERY, *COSTS)),
    same("nanomsg", "nanomsg", Library("nanomsg", "libnanomsg-dev", many="request", single="nodelay"), (*BASIC, *COSTS)),
    same("nio", "SwiftNIO, handlers", SwiftNIO("handlers"), (*EVERY, *COSTS)),
    # It has no open loop: a task's sleep is too coarse for one.
    same("nio-async", "SwiftNIO, NIOAsyncChannel", SwiftNIO("async"), (*STREAMING, CONNECT, IDLE, FAN_IN, *COSTS)),
    same(
        "nio-takeover", "SwiftNIO, NIOAsyncChannel on its own executor", SwiftNIO("async", takeover=True),
        (LATENCY, ONE_WAY), in_quick=False,
    ),
    same("patchbay", "Patchbay, raw C's frames", BARE, (*EVERY, kinds.TWO_CORE_LATENCY, *COSTS)),
    same("patchbay-greeting", "Patchbay, own wire", GREETING, (*EVERY, *COSTS)),
    # Levels above that.
    same("patchbay-hmac", "Patchbay, hmac", Patchbay("hmac", with_key=True), (LATENCY, ONE_WAY, IDLE), (CONNECT,)),
    same("patchbay-noise", "Patchbay, noise", NOISE, (LATENCY, ONE_WAY), in_quick=False),
    same("patchbay-noise-aes", "Patchbay, noise with AES", Patchbay("noise", with_key=True, options=("cipher=aesgcm",)), (LATENCY, ONE_WAY), in_quick=False),
    same("patchbay-python", "Patchbay, CPython's wire", Patchbay("python"), (CONNECT,), (CONNECT,)),
    same("patchbay-base64", "Patchbay, base64", Patchbay("base64"), (LATENCY, ONE_WAY), in_quick=False),
    same("patchbay-json", "Patchbay, a record in JSON", Patchbay("json", values="record"), (LATENCY, ONE_WAY, *COSTS), sizes=SMALL, in_quick=False),
    same(
        "patchbay-msgpack", "Patchbay, a record in MessagePack", Patchbay("msgpack", values="record"),
        (LATENCY, ONE_WAY, *COSTS), sizes=SMALL,
    ),
    same(
        "patchbay-fields", "Patchbay, a FieldCodable in MessagePack", Patchbay("msgpack", values="fields"),
        (LATENCY, ONE_WAY, *COSTS), sizes=SMALL,
    ),
    same(
        "patchbay-cbor", "Patchbay, a record in CBOR", Patchbay("cbor", values="record"),
        (LATENCY, ONE_WAY), sizes=SMALL, in_quick=False,
    ),
    same(
        "patchbay-plugin-codec", "Patchbay, a record in a loaded MessagePack",
        Patchbay("c-msgpack", values="record", plugins=("messagepack.so",)),
        (LATENCY, ONE_WAY), sizes=SMALL, in_quick=False,
    ),
    same(
        "patchbay-plugin-processor", "Patchbay, a loaded processor", Patchbay("c-masking", plugins=("masking.so",)),
        (LATENCY, ONE_WAY), in_quick=False,
    ),
    same(
        "patchbay-plugin-transport", "Patchbay, a loaded transport", Patchbay(plugins=("unix.so",), transport="c-unix"),
        (LATENCY, ONE_WAY), transports=("unix",), in_quick=False,
    ),
    # Where the client's task runs.
    same("patchbay-global", "Patchbay, task outside the reactor", Patchbay("length32+bare", task="global"), (LATENCY, ONE_WAY, FAN_IN)),
    same("patchbay-spin", "Patchbay, spinning", Patchbay("length32+bare", environment=SPIN), (kinds.TWO_CORE_LATENCY,)),
    # One end of each.
    Peer("patchbay-to-cpython", "Patchbay to CPython", CPython(), Patchbay("python"), (LATENCY, CONNECT), (CONNECT,), False),
    Peer("cpython-to-patchbay", "CPython to Patchbay", Patchbay("python"), CPython(), (LATENCY, CONNECT), (CONNECT,), False),
    Peer("patchbay-to-c", "Patchbay to raw C", RawC(), BARE, (LATENCY, ONE_WAY, CONNECT), in_quick=False),
    Peer("c-to-patchbay", "raw C to Patchbay", BARE, RawC(), (LATENCY, ONE_WAY, CONNECT), in_quick=False),
]


def relayed(name, title, relay, ends, direct, kinds=(LATENCY, ONE_WAY)):
    return same(name, title, ends, kinds, in_quick=False, transports=("tcp",), relay=relay, direct=direct)


PEERS += [
    relayed("coturn", "raw C through coturn", Coturn(), Turn(), "c"),
    relayed("coturn-batched", "raw C, batched, through coturn", Coturn(), Turn(batched=True), "c-batched", (ONE_WAY,)),
    relayed("socat", "raw C through socat", Socat(), RawC(), "c"),
    relayed("socat-batched", "raw C, batched, through socat", Socat(), RawC(batched=True), "c-batched", (ONE_WAY,)),
    relayed("patchbay-relay", "Patchbay, own wire, through its relay", PatchbayRelay(), Patchbay(options=("insecure=true",)), "patchbay-greeting"),
    relayed("patchbay-relay-noise", "Patchbay, noise, through its relay", PatchbayRelay(), NOISE, "patchbay-noise"),
    relayed("patchbay-socat", "Patchbay, own wire, through socat", Socat(), GREETING, "patchbay-greeting"),
]


def alone(name, title, command, *kinds, **options):
    return same(name, title, Alone(command), kinds, **options)


def pipe(name, title, *words):
    return alone(name, title, (RELEASE / "pipe-bench", words[0], "...", words[1]), kinds.PIPE_LATENCY, kinds.PIPE_ONE_WAY)


PEERS += [
    pipe("pipe", "Connection.pipe(), on the reactor", "patchbay", "reactor"),
    pipe("pipe-global", "Connection.pipe(), global executor", "patchbay", "global"),
    pipe("channel", "AsyncChannel, global executor", "channel", "global"),
    alone("start-c", "a C program (true)", ("true",), kinds.START),
    alone("start-python", "python3 with multiprocessing.connection", (sys.executable, "-c", "import multiprocessing.connection"), kinds.START),
    alone("start-patchbay", "a program that makes a plan with Patchbay", (RELEASE / "patchbay-start", "tcp://127.0.0.1:1"), kinds.START),
    alone("start-list", "patchbay list", (RELEASE / "patchbay", "list"), kinds.START),
    alone("build-empty", "an empty program", ("swift", ""), kinds.BUILD),
    alone("build-patchbay", "a program with one connection", ("swift", "patchbay"), kinds.BUILD),
]


def select_peers(names):
    by_name = {peer.name: peer for peer in PEERS}
    for name in names:
        if name not in by_name:
            raise SystemExit(f"no peer is named '{name}'; there are: {' '.join(by_name)}")
    return [by_name[name] for name in names]
