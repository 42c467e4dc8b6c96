"""What is measured: the rows of the table."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

SIZES = (64, 1024, 65536, 1048576)
QUICK_SIZES = (64, 65536)
TRANSPORTS = ("unix", "tcp")


@dataclass(frozen=True)
class Kind:
    """One way to measure, which every peer's client offers as a mode of this name."""

    name: str
    title: str
    unit: str
    # The client's key=value that counts, and what it is divided by to be shown.
    metric: str
    divisor: float = 1
    lower_is_better: bool = False
    # Both ends share one core. Waking an idle core takes longer than the round trip itself on many machines, and hides it.
    same_core: bool = False


LATENCY = Kind("latency", "round trip", "µs, p50, same core", "p50_us", lower_is_better=True, same_core=True)
ONE_WAY = Kind("oneway", "one way", "k messages/s", "messages_per_second", divisor=1000)
CONNECT = Kind("connect", "connect and one round trip", "/s", "connections_per_second")
IDLE = Kind("idle", "idle connection, server's memory", "bytes", "bytes_per_connection", lower_is_better=True)


@dataclass(frozen=True)
class Row:
    kind: Kind
    transport: str
    size: int = 64
    # Both ends prove that they know a key, in the way of CPython's multiprocessing.
    with_key: bool = False

    @property
    def id(self):
        parts = [self.kind.name, self.transport]
        if self.with_key:
            parts.insert(1, "key")
        if self.kind in (LATENCY, ONE_WAY):
            parts.append(str(self.size))
        return "-".join(parts)

    @property
    def title(self):
        words = [self.kind.title + (", with a key" if self.with_key else ""), self.transport]
        if self.kind in (LATENCY, ONE_WAY):
            words.append(size_title(self.size))
        return ", ".join(words) + f" ({self.kind.unit})"


def size_title(size):
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size} B"


def all_rows(sizes):
    rows = [Row(kind, transport, size) for kind in (LATENCY, ONE_WAY) for transport in TRANSPORTS for size in sizes]
    rows += [Row(CONNECT, transport, with_key=with_key) for with_key in (False, True) for transport in TRANSPORTS]
    return rows + [Row(IDLE, transport) for transport in TRANSPORTS]


def select_rows(rows, patterns):
    """The rows that a pattern matches, whole or up to a dash: `latency`, `connect-key`, `*-tcp-64`."""
    for pattern in patterns:
        if not any(matches(row, pattern) for row in rows):
            raise SystemExit(f"no row matches '{pattern}'; there are: {' '.join(row.id for row in rows)}")
    return [row for row in rows if any(matches(row, pattern) for pattern in patterns)]


def matches(row, pattern):
    return fnmatchcase(row.id, pattern) or fnmatchcase(row.id, pattern + "-*")
