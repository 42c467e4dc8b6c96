"""What is measured: the rows of the table, and how long each takes."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness import kinds

TRANSPORTS = ("unix", "tcp")
IN_FLIGHT_WINDOW = 64


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    # Of each measurement, after a warm-up of a quarter.
    seconds: float
    rounds: int
    sizes: tuple
    fan_in: tuple
    # Messages a second.
    rates: tuple
    idle_connections: int
    cost_transports: tuple


# QUICK is a part of FULL, so that a row has one name.
FULL = Scale(0.35, 5, (64, 1024, 65536, 1048576), (1, 100, 1000, 5000), (10_000, 50_000, 100_000, 200_000), 5000, TRANSPORTS)
QUICK = Scale(0.1, 3, (64, 65536), (100, 1000), (50_000,), 1000, ("unix",))


@dataclass(frozen=True)
class Row:
    kind: kinds.Kind
    # Empty: within a process.
    transport: str = ""
    size: int = 64
    # Both ends prove that they know a key.
    with_key: bool = False
    connections: int = 1
    rate: int = 0
    # Of a build: debug or release.
    configuration: str = ""

    @property
    def id(self):
        parts = [self.kind.name, "key" if self.with_key else "", self.transport, self.configuration]
        if self.kind in kinds.SIZED:
            parts.append(str(self.size))
        if self.kind is kinds.FAN_IN:
            parts.append(str(self.connections))
        if self.kind is kinds.OPEN_LOOP:
            parts.append(str(self.rate))
        return "-".join(part for part in parts if part)

    @property
    def column(self):
        """What tells this row from the others of its kind."""
        words = ["with a key" if self.with_key else "", self.transport, self.configuration]
        if self.kind in kinds.SIZED:
            words.append(size_title(self.size))
        if self.kind is kinds.FAN_IN:
            words.append(f"{self.connections:,}")
        if self.kind is kinds.OPEN_LOOP:
            words.append(f"{self.rate // 1000} k/s")
        return " ".join(word for word in words if word)

    def seconds(self, scale):
        """Of thousands of clients each has few round trips in the usual time."""
        return scale.seconds * (2 if self.connections >= 1000 else 1)

    def arguments(self, seconds, server, idle_connections):
        """Of the client's mode."""
        numbers = {
            "latency": (self.size, seconds),
            "oneway": (self.size, seconds),
            "both": (self.size, seconds),
            "inflight": (self.size, seconds, IN_FLIGHT_WINDOW),
            "fanin": (self.connections, seconds),
            "connect": (seconds,),
            "idle": (idle_connections, server),
            "openloop": (self.rate, self.size, seconds),
        }
        return [self.kind.mode, *map(str, numbers[self.kind.mode])]


def size_title(size):
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size} B"


def all_rows(scale):
    rows = [Row(kind, transport, size) for kind in kinds.STREAMING for transport in TRANSPORTS for size in scale.sizes]
    rows += [Row(kinds.TWO_CORE_LATENCY, transport) for transport in TRANSPORTS]
    rows += [Row(kinds.FAN_IN, transport, connections=count) for transport in TRANSPORTS for count in scale.fan_in]
    rows += [Row(kinds.CONNECT, transport, with_key=with_key) for with_key in (False, True) for transport in TRANSPORTS]
    rows += [Row(kinds.IDLE, transport) for transport in TRANSPORTS]
    rows += [Row(kinds.OPEN_LOOP, transport, rate=rate) for transport in TRANSPORTS for rate in scale.rates]
    rows += [Row(kinds.PIPE_LATENCY), Row(kinds.PIPE_ONE_WAY), Row(kinds.START)]
    return rows + [Row(kind, transport) for kind in kinds.COSTS for transport in scale.cost_transports]


def rows_on_demand():
    """Those that take minutes each: only where they are named."""
    return [Row(kinds.BUILD, configuration=configuration) for configuration in ("debug", "release")]


def select_rows(rows, patterns):
    """The rows that a pattern matches, whole or up to a dash: `latency`, `connect-key`, `*-tcp-64`."""
    for pattern in patterns:
        if not any(matches(row, pattern) for row in rows):
            raise SystemExit(f"no row matches '{pattern}'; there are: {' '.join(row.id for row in rows)}")
    return [row for row in rows if any(matches(row, pattern) for pattern in patterns)]


def matches(row, pattern):
    return fnmatchcase(row.id, pattern) or fnmatchcase(row.id, pattern + "-*")
