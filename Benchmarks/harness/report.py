"""The report in Markdown."""

from harness import bounds, costs, kinds
from harness.samples import Samples, number_text

BASELINES = {"c": "raw C", "cpython": "CPython"}
# Kinds whose baseline is another.
OTHER_BASELINES = {kinds.PIPE_LATENCY: "channel", kinds.PIPE_ONE_WAY: "channel", kinds.START: "start-c", kinds.BUILD: "build-empty"}
COUNTED = {"syscalls": "system calls", "allocations": "allocations"}


def markdown(result, rows, peers, plots):
    samples = Samples(result["samples"])
    present = [kind for kind in dict.fromkeys(row.kind for row in rows) if kind not in kinds.COSTS]
    parts = ["# Benchmarks", notes(result, samples)]
    parts += ["\n\n".join(f"![{plot}]({plot})" for plot in plots)]
    for kind in present:
        parts.append(overview(kind, [row for row in rows if row.kind is kind], peers, samples))
    parts += [section("Through a relay", through_relays(rows, peers, samples))]
    parts += [counted_costs(rows, peers, samples), cpu_costs(rows, peers, samples)]
    parts += [section("What it must show", bounds.table(samples)), section("Every row", every_row(rows, peers, samples))]
    return "\n\n".join(part for part in parts if part) + "\n"


def section(title, text):
    return f"## {title}\n\n{text}" if text else ""


def overview(kind, rows, peers, samples):
    """A line for each peer, a column for each row of the kind."""
    baseline = OTHER_BASELINES.get(kind, "c")
    lines = []
    for peer in peers:
        if not any((row.id, peer.name) in samples.by_pair for row in rows):
            continue
        cells = [overview_cell(kind, row, peer, baseline, samples) for row in rows]
        lines.append(f"| {'**' + peer.title + '**' if peer.name == 'patchbay' else peer.title} | " + " | ".join(cells) + " |")
    if not lines:
        return ""
    columns = [row.column or kind.unit for row in rows]
    base = next((peer.title for peer in peers if peer.name == baseline), baseline)
    says = f"Medians in {kind.unit}; in brackets, × {base}: above 1 is {'faster, or less' if kind.lower_is_better else 'faster'}."
    head = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    return "\n".join([f"## {kind.title[0].upper()}{kind.title[1:]}", "", says, "", *head, *lines])


def overview_cell(kind, row, peer, baseline, samples):
    median = samples.median(row.id, peer.name, kind.metric)
    if median is None:
        return "failed" if any(key[:2] == (row.id, peer.name) for key in samples.errors) else ""
    text = number_text(median / kind.divisor)
    times = better(kind, samples.ratio(row.id, peer.name, baseline, kind.metric))
    return text if times is None or peer.name == baseline else f"{text} ({times:.2f})"


def better(kind, ratio):
    """Turned so that above 1 is better."""
    return 1 / ratio if ratio and kind.lower_is_better else ratio


def through_relays(rows, peers, samples):
    """Each peer with a relay beside the same ends without it."""
    lines = ["| | | median | × direct | × coturn | relay's CPU, µs each |", "|---|---|---:|---:|---:|---:|"]
    for row in rows:
        title = f"{row.kind.title}, {row.column} ({row.kind.unit})"
        for peer in peers:
            median = samples.median(row.id, peer.name, row.kind.metric)
            if not peer.relay or median is None:
                continue
            ratios = [samples.ratio(row.id, peer.name, baseline, row.kind.metric) for baseline in (peer.direct, "coturn")]
            cells = ["" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
            cpu = samples.median(row.id, peer.name, "relay_cpu_per_million")
            lines.append("| " + " | ".join([title, peer.title, number_text(median / row.kind.divisor), *cells, number_text(cpu)]) + " |")
            title = ""
    says = "× is the figure itself, not turned: of round trips, above 1 is slower."
    return "\n".join([says, "", *lines]) if len(lines) > 2 else ""


def counted_costs(rows, peers, samples):
    rows = [row for row in rows if row.kind in kinds.COSTS]
    if not any(row.id == of for row in rows for of, _ in samples.by_pair):
        return ""
    lines = ["## System calls and allocations", "", "For each message, or connection: client / server.", ""]
    missing = costs.why_missing()
    lines += [f"Not counted: {', '.join(missing)}.", ""] if missing else []
    columns = [f"{row.kind.title}, {row.column}: {title}" for row in rows for title in COUNTED.values()]
    lines += ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for peer in peers:
        cells = []
        for row in rows:
            for name in COUNTED:
                sides = [samples.median(row.id, peer.name, f"{side}_{name}") for side in ("client", "server")]
                cells.append("" if None in sides else " / ".join(map(cost_text, sides)))
        if any(cells):
            lines.append(f"| {peer.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cost_text(number):
    return f"{number:.2f}" if abs(number) >= 0.1 else f"{number:.4f}"


def cpu_costs(rows, peers, samples):
    """Of the small timed rows."""
    timed = (kinds.LATENCY, kinds.ONE_WAY, kinds.FAN_IN, kinds.CONNECT)
    rows = [row for row in rows if row.size == 64 and row.kind in timed and not row.with_key]
    lines = []
    for peer in peers:
        cells = []
        for row in rows:
            sides = [samples.median(row.id, peer.name, f"{side}_cpu_per_million") for side in ("client", "server")]
            cells.append("" if None in sides else " / ".join(map(number_text, sides)))
        if any(cells):
            lines.append(f"| {peer.title} | " + " | ".join(cells) + " |")
    if not lines:
        return ""
    says = "Of a million messages, round trips or connections: client / server. The client's start is in it, the server's is not."
    columns = [f"{row.kind.title}, {row.column}" for row in rows]
    head = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    return "\n".join(["## CPU seconds", "", says, "", *head, *lines])


def every_row(rows, peers, samples):
    lines = [
        "| | peer | median | quartiles | " + " | ".join(f"× {title}" for title in BASELINES.values()) + " |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        kind, title = row.kind, f"{row.kind.title}, {row.column} ({row.kind.unit})"
        for peer in peers:
            median = samples.median(row.id, peer.name, kind.metric)
            if median is None:
                continue
            quartiles = samples.quartiles(row.id, peer.name, kind.metric)
            spread = " – ".join(number_text(quartile / kind.divisor) for quartile in quartiles) if quartiles else ""
            ratios = [better(kind, samples.ratio(row.id, peer.name, baseline, kind.metric)) for baseline in BASELINES]
            cells = [title, peer.title, number_text(median / kind.divisor), spread]
            cells += ["" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
            lines.append("| " + " | ".join(cells) + " |")
            title = ""
    return "\n".join(lines)


def notes(result, samples):
    """What one must know to read the tables."""
    place, versions, settings = result["machine"], result["versions"], result["settings"]
    lines = [
        f"{result['started']}: {settings['rounds']} interleaved rounds of {settings['seconds']} s, each end a process of its own; medians."
        " × is the median of the ratios within a round.",
        f"{place['processor']}, {place['cores']} cores, {place['memory']}, {place['system']}, Linux {place['kernel']};"
        f" load average {result['load_before'][0]} before and {result['load_after'][0]} after.",
        "; ".join(f"{name} {version}" for name, version in versions.items() if version) + ".",
        f"{settings['idle_connections']} idle connections, each after one round trip of 64 B. Raw C holds a thread for each,"
        " CPython one thread and an epoll for all.",
    ]
    lines += [f"Left out: {name} ({reason})." for name, reason in result["missing_peers"].items()]
    lines += [f"Failed: {failure}." for failure in samples.failures()]
    return "\n".join(f"- {line}" for line in lines)
