"""What the speed must be: ratios between peers of one run, and a few absolute figures. Shown, never enforced."""

from dataclasses import dataclass

from harness.samples import number_text

OURS = ("patchbay", "patchbay-greeting")


@dataclass(frozen=True)
class Bound:
    says: str
    row: str
    metric: str
    peer: str
    # Empty: the figure itself counts, not a ratio.
    baseline: str = ""
    at_most: float = 0
    at_least: float = 0
    # Another metric of the same sample in the baseline's place.
    over: str = ""
    divisor: float = 1

    def measured(self, samples):
        if self.over:
            above, below = samples.values(self.row, self.peer, self.metric), samples.values(self.row, self.peer, self.over)
            ratios = sorted(above[number] / below[number] for number in above if below.get(number))
            return ratios[len(ratios) // 2] if ratios else None
        if self.baseline:
            return samples.ratio(self.row, self.peer, self.baseline, self.metric)
        median = samples.median(self.row, self.peer, self.metric)
        return None if median is None else median / self.divisor

    def is_met(self, measured):
        return measured <= self.at_most if self.at_most else measured >= self.at_least

    @property
    def wanted(self):
        bound = f"≤ {number_text(self.at_most)}" if self.at_most else f"≥ {number_text(self.at_least)}"
        return f"{bound} × {self.baseline}" if self.baseline else bound


def round_trips():
    for peer in OURS:
        for transport, times in (("unix", 1.0), ("tcp", 1.1)):
            row = f"latency-{transport}-64"
            yield Bound("round trip, 64 B", row, "p50_us", peer, "c", at_most=times)
            for baseline, times in (("cpython", 0.85), ("zmq", 0.4), ("nng", 0.3)):
                yield Bound("round trip, 64 B", row, "p50_us", peer, baseline, at_most=times)
    for transport in ("unix", "tcp"):
        yield Bound("task outside the reactor", f"latency-{transport}-64", "p50_us", "patchbay-global", "c", at_most=1.7)
        yield Bound("spinning across two cores", f"crosscore-{transport}-64", "p50_us", "patchbay-spin", "c-spin", at_most=1.5)


def one_way():
    for transport in ("unix", "tcp"):
        for peer in OURS:
            for size, baseline, times in ((64, "zmq", 3), (64, "nng", 300), (1024, "zmq", 5), (65536, "c", 1), (1048576, "c", 1)):
                yield Bound(f"one way, {size} B", f"oneway-{transport}-{size}", "messages_per_second", peer, baseline, at_least=times)
        # 2 M/s where libzmq carries 5 M/s.
        yield Bound("one way, record in MessagePack", f"oneway-{transport}-64", "messages_per_second", "patchbay-fields", "zmq", at_least=0.4)
        yield Bound("the same with plain Codable", f"oneway-{transport}-64", "messages_per_second", "patchbay-msgpack", "zmq", at_least=0.4)


def connections():
    for transport in ("unix", "tcp"):
        for peer in OURS:
            for baseline, times in (("c", 0.7), ("zmq", 2)):
                yield Bound("connect and round trip", f"connect-{transport}", "connections_per_second", peer, baseline, at_least=times)
            bare = 0.45 if transport == "unix" else 0.75
            for baseline, times in (("zmq", 1.4), ("nio", 1.4), ("epoll-noframing", bare)):
                yield Bound("1,000 clients", f"fanin-{transport}-1000", "messages_per_second", peer, baseline, at_least=times)
            yield Bound("1,000 clients, p99 to p50", f"fanin-{transport}-1000", "p99_us", peer, over="p50_us", at_most=2)
            yield Bound("bytes for an idle connection", f"idle-{transport}", "bytes_per_connection", peer, at_most=2048)


def relays():
    """Through the relay, beside the same ends without it, and beside raw C through coturn, each message by a call and batched."""
    for peer, direct in (("patchbay-relay", "patchbay-greeting"), ("patchbay-relay-noise", "patchbay-noise")):
        yield Bound("round trip through the relay", "latency-tcp-64", "p50_us", peer, direct, at_most=2.3)
        for size in (64, 1024, 65536, 1048576):
            row = f"oneway-tcp-{size}"
            yield Bound("one way through the relay", row, "messages_per_second", peer, direct, at_least=0.45)
            for coturn in ("coturn", "coturn-batched"):
                yield Bound("one way through the relay", row, "messages_per_second", peer, coturn, at_least=1)


def counts():
    for transport in ("unix", "tcp"):
        for side in ("client", "server"):
            for peer in OURS:
                for mode in ("latency", "oneway"):
                    row = f"costs-{mode}-{transport}-64"
                    yield Bound(f"allocations a message, {side}", row, f"{side}_allocations", peer, at_most=0.05)
                # Three, and what the last digits of a count may say of two runs' ends.
                yield Bound(f"system calls a round trip, {side}", f"costs-latency-{transport}-64", f"{side}_syscalls", peer, at_most=3.01)
                yield Bound(f"system calls in a stream, {side}", f"costs-oneway-{transport}-64", f"{side}_syscalls", peer, at_most=0.01)
            # A round trip is two messages at each end.
            for mode, messages in (("latency", 2), ("oneway", 1)):
                row, most = f"costs-{mode}-{transport}-64", 1.05 * messages
                yield Bound(f"allocations a record, {side}", row, f"{side}_allocations", "patchbay-fields", at_most=most)
                yield Bound(f"the same, plain Codable, {side}", row, f"{side}_allocations", "patchbay-msgpack", at_most=most)


BOUNDS = [*round_trips(), *one_way(), *connections(), *relays(), *counts()]


def faster_peers(samples):
    """Whether a peer carries large messages faster than Patchbay by more than the spread: quartiles that do not meet."""
    metric = "messages_per_second"
    for transport in ("unix", "tcp"):
        for size in (65536, 1048576):
            row = f"oneway-{transport}-{size}"
            ours = samples.quartiles(row, "patchbay", metric)
            if not ours:
                continue
            theirs = {peer: samples.quartiles(row, peer, metric) for peer in samples.peers(row) if "patchbay" not in peer}
            above = [peer for peer, quartiles in theirs.items() if quartiles and quartiles[0] > ours[1]]
            yield row, f"above it: {', '.join(above)}" if above else "none above it", not above


def table(samples):
    lines = ["| what | row | peer | wanted | measured | |", "|---|---|---|---:|---:|---|"]
    met = measured_bounds = 0
    for bound in BOUNDS:
        measured = bound.measured(samples)
        if measured is None:
            continue
        measured_bounds += 1
        met += bound.is_met(measured)
        verdict = "met" if bound.is_met(measured) else "**not met**"
        lines.append(f"| {bound.says} | {bound.row} | {bound.peer} | {bound.wanted} | {number_text(measured)} | {verdict} |")
    for row, measured, is_met in faster_peers(samples):
        measured_bounds += 1
        met += is_met
        verdict = "met" if is_met else "**not met**"
        lines.append(f"| one way, no peer above by more than the spread | {row} | patchbay | none above | {measured} | {verdict} |")
    if not measured_bounds:
        return ""
    unmeasured = sum(bound.measured(samples) is None for bound in BOUNDS)
    return "\n".join([f"{met} of {measured_bounds} met; {unmeasured} not measured in this run.", "", *lines])
