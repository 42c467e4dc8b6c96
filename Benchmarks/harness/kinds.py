"""The ways to measure."""

from dataclasses import dataclass

# Where the two ends of a measurement run.
ANY_CORE, SAME_CORE, TWO_CORES = "any core", "same core", "two cores"


@dataclass(frozen=True)
class Kind:
    name: str
    title: str
    unit: str
    # The key=value that counts, and what it is divided by to be shown.
    metric: str
    divisor: float = 1
    lower_is_better: bool = False
    # The mode of the peers' clients.
    mode: str = ""
    # One core: waking an idle core takes longer than the round trip itself on many machines, and hides it.
    cores: str = ANY_CORE
    # Not of a client and a server: how else it is measured.
    alone: str = ""
    # Counted, not timed: once is enough.
    once: bool = False


LATENCY = Kind("latency", "round trip", "µs, p50, same core", "p50_us", 1, True, "latency", SAME_CORE)
TWO_CORE_LATENCY = Kind("crosscore", "round trip across two cores", "µs, p50", "p50_us", 1, True, "latency", TWO_CORES)
ONE_WAY = Kind("oneway", "one way", "k messages/s", "messages_per_second", 1000, mode="oneway")
BOTH_WAYS = Kind("both", "both ways at once", "k messages/s each way", "messages_per_second", 1000, mode="both")
IN_FLIGHT = Kind("inflight", "64 in flight", "k round trips/s", "messages_per_second", 1000, mode="inflight")
FAN_IN = Kind("fanin", "clients in a closed loop", "k round trips/s", "messages_per_second", 1000, mode="fanin")
CONNECT = Kind("connect", "connect and one round trip", "/s", "connections_per_second", mode="connect")
IDLE = Kind("idle", "idle connection, server's memory", "bytes", "bytes_per_connection", 1, True, "idle")
OPEN_LOOP = Kind("openloop", "open loop", "µs, p99", "p99_us", 1, True, "openloop")
PIPE_LATENCY = Kind("pipe-latency", "round trip within a process", "µs, p50", "p50_us", 1, True, "latency", alone="program")
PIPE_ONE_WAY = Kind("pipe-oneway", "one way within a process", "k messages/s", "messages_per_second", 1000, mode="oneway", alone="program")
START = Kind("startup", "start and end of a program", "ms", "milliseconds", 1, True, alone="startup")
BUILD = Kind("build", "clean build of a dependent package", "s", "seconds", 1, True, alone="build", once=True)


def cost(name, title, mode, cores=ANY_CORE):
    return Kind(f"costs-{name}", title, "system calls, client", "client_syscalls", 1, True, mode, cores, alone="costs", once=True)


LATENCY_COSTS = cost("latency", "a round trip", "latency", SAME_CORE)
ONE_WAY_COSTS = cost("oneway", "a message one way", "oneway")
CONNECT_COSTS = cost("connect", "a connection with one round trip", "connect")

STREAMING = (LATENCY, ONE_WAY, BOTH_WAYS, IN_FLIGHT)
SIZED = (*STREAMING, TWO_CORE_LATENCY, LATENCY_COSTS, ONE_WAY_COSTS, PIPE_LATENCY, PIPE_ONE_WAY)
COSTS = (LATENCY_COSTS, ONE_WAY_COSTS, CONNECT_COSTS)
