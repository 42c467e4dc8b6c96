"""The plots of a result, as SVG. Runs with a Python that has matplotlib:

    python -m harness.plots RESULT.json FOLDER
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from harness import kinds
from harness.rows import TRANSPORTS, size_title
from harness.samples import Samples, number_text
from harness.styles import LABELS, STYLES, style

TRANSPORT_TITLES = {"unix": "Unix sockets", "tcp": "TCP, loopback"}
# Who is in plots of lines; variants of Patchbay have tables.
PLOTTED = tuple(STYLES)


def main(result_path, folder):
    result = json.loads(Path(result_path).read_text())
    samples = Samples(result["samples"])
    settle_looks()
    for kind, name, title, unit, scale in (
        (kinds.ONE_WAY, "throughput", "One way: throughput over message size", "MB/s", size_in_megabytes),
        (kinds.BOTH_WAYS, "both-ways", "Both ways at once: throughput over message size", "MB/s each way", size_in_megabytes),
        (kinds.IN_FLIGHT, "in-flight", "64 echoes in flight: throughput over message size", "MB/s each way", size_in_megabytes),
        (kinds.LATENCY, "round-trip", "Round trip over message size, median, both ends on one core", "µs", lambda value, _: value),
    ):
        over(samples, kind, folder / f"{name}.svg", title, "message size", unit, size_title, scale)
    over(
        samples, kinds.FAN_IN, folder / "fan-in.svg", "Clients in a closed loop of 64 B echoes", "connections", "thousand round trips/s",
        lambda count: f"{count:,}", lambda value, _: value / 1000,
    )
    percentiles(samples, folder / "latency-percentiles.svg")
    open_loop(samples, folder / "open-loop.svg")
    memory(samples, folder / "idle-memory.svg", result["settings"]["idle_connections"])


def size_in_megabytes(value, size):
    return value * size / 1e6


def settle_looks():
    plt.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "patchbay", "font.family": "sans-serif", "font.size": 10, "axes.titlesize": 11,
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e4e4e4", "grid.linewidth": 0.7,
        "axes.axisbelow": True, "legend.frameon": False, "figure.facecolor": "white",
    })


def series(samples, kind, transport, metric, peer):
    """(x, median) of a peer over the last part of the rows' names, which is the size, the connections or the rate."""
    prefix = f"{kind.name}-{transport}-"
    rows = [row for row, of in samples.by_pair if of == peer and row.startswith(prefix)]
    points = [(int(row[len(prefix):]), samples.median(row, peer, metric)) for row in rows]
    return sorted((x, y) for x, y in points if y)


def over(samples, kind, path, title, x_title, y_title, x_text, scale):
    """One panel for each transport, one line for each peer, both axes logarithmic."""
    data = {
        transport: {peer: series(samples, kind, transport, kind.metric, peer) for peer in PLOTTED} for transport in TRANSPORTS
    }
    if not any(len(points) > 1 for lines in data.values() for points in lines.values()):
        return
    figure, panels = plt.subplots(1, 2, figsize=(11, 5.2), sharey=True)
    for panel, transport in zip(panels, TRANSPORTS):
        for peer, points in data[transport].items():
            if points:
                panel.plot([x for x, _ in points], [scale(y, x) for x, y in points], label=LABELS[peer], **style(peer))
        panel.set_title(TRANSPORT_TITLES[transport])
        x_axis(panel, sorted({x for points in data[transport].values() for x, _ in points}), x_title, x_text)
        y_axis(panel)
    panels[0].set_ylabel(y_title)
    finish(figure, panels, title, path)


def x_axis(panel, ticks, title, text):
    panel.set_xscale("log")
    panel.xaxis.set_major_locator(FixedLocator(ticks))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text(round(value))))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.tick_params(axis="x", which="minor", length=0)
    panel.set_xlabel(title)


def y_axis(panel):
    panel.set_yscale("log")
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value < 1000 else f"{value:,.0f}"))
    panel.yaxis.set_minor_formatter(NullFormatter())


def finish(figure, panels, title, path, legend=True):
    heading = figure.suptitle(title, fontsize=13, x=0.01, y=1.02, ha="left", va="bottom", fontweight="bold")
    # Above the panels, which need not make room for it; the picture does.
    heading.set_in_layout(False)
    if legend:
        by_label = {label: handle for panel in panels for handle, label in zip(*panel.get_legend_handles_labels())}
        labels = [label for label in LABELS.values() if label in by_label]
        # Beside the data, never over it.
        figure.legend([by_label[label] for label in labels], labels, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.tight_layout(rect=(0, 0, 1, 1))
    heading.set_in_layout(True)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def percentiles(samples, path):
    """A line for each peer, with a mark for each percentile."""
    wanted = {"p50_us": ("median", "o"), "p90_us": ("p90", "D"), "p99_us": ("p99", "s"), "p999_us": ("p99.9", "^")}
    rows = {transport: f"latency-{transport}-64" for transport in TRANSPORTS}
    peers = [peer for peer in PLOTTED if any((row, peer) in samples.by_pair for row in rows.values())]
    if not peers:
        return
    key = lambda peer: min(samples.median(row, peer, "p50_us") or float("inf") for row in rows.values())
    peers.sort(key=key, reverse=True)
    figure, panels = plt.subplots(1, 2, figsize=(11, 1.6 + 0.36 * len(peers)), sharey=True, sharex=True)
    for panel, (transport, row) in zip(panels, rows.items()):
        for place, peer in enumerate(peers):
            found = {metric: samples.median(row, peer, metric) for metric in wanted}
            found = {metric: value for metric, value in found.items() if value}
            if not found:
                continue
            colour = style(peer)["color"]
            ends = [min(found.values()), max(found.values())]
            panel.plot(ends, [place, place], color=colour, linewidth=3 if peer == "patchbay" else 1.5, alpha=0.6)
            for metric, value in found.items():
                panel.plot(value, place, wanted[metric][1], color=colour, markersize=7, markeredgecolor="white", markeredgewidth=0.6)
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        panel.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if f"{value:e}"[0] in "25" else ""))
        panel.tick_params(axis="x", which="minor", labelsize=8)
        panel.set_xlabel("µs")
        panel.set_title(TRANSPORT_TITLES[transport])
        panel.grid(axis="y", visible=False)
    name_places(panels[0], peers)
    for metric, (label, marker) in wanted.items():
        panels[1].plot([], [], marker=marker, color="#555555", linestyle="none", label=label)
    figure.legend(*panels[1].get_legend_handles_labels(), loc="center left", bbox_to_anchor=(1.0, 0.5))
    finish(figure, panels, "Round trip of 64 B, both ends on one core", path, legend=False)


def name_places(panel, peers):
    panel.set_yticks(range(len(peers)), [LABELS[peer] for peer in peers])
    for text, peer in zip(panel.get_yticklabels(), peers):
        if peer == "patchbay":
            text.set_fontweight("bold")
            text.set_color(style(peer)["color"])


def open_loop(samples, path):
    """Median above, p99 below."""
    metrics = {"p50_us": "median, µs", "p99_us": "p99, µs"}
    figure, panels = plt.subplots(2, 2, figsize=(11, 8), sharex="col", sharey="row")
    drawn = 0
    for line, (metric, y_title) in zip(panels, metrics.items()):
        for panel, transport in zip(line, TRANSPORTS):
            rates = set()
            for peer in PLOTTED:
                points = series(samples, kinds.OPEN_LOOP, transport, metric, peer)
                rates |= {rate for rate, _ in points}
                if points:
                    panel.plot(*zip(*points), label=LABELS[peer], **style(peer))
            drawn += len(rates) > 1
            x_axis(panel, sorted(rates), "messages/s" if metric == "p99_us" else "", lambda rate: f"{rate // 1000} k")
            y_axis(panel)
            if metric == "p50_us":
                panel.set_title(TRANSPORT_TITLES[transport])
        line[0].set_ylabel(y_title)
    if drawn:
        finish(figure, panels.flat, "Open loop: latency of 64 B echoes, from when each should have left", path)
    plt.close(figure)


def memory(samples, path, connections):
    data = {
        transport: {peer: samples.median(f"idle-{transport}", peer, "bytes_per_connection") for peer in PLOTTED} for transport in TRANSPORTS
    }
    peers = [peer for peer in PLOTTED if any(values[peer] for values in data.values())]
    if not peers:
        return
    peers.sort(key=lambda peer: max(values[peer] or 0 for values in data.values()), reverse=True)
    figure, panels = plt.subplots(1, 2, figsize=(11, 1.6 + 0.36 * len(peers)), sharey=True, sharex=True)
    for panel, transport in zip(panels, TRANSPORTS):
        for place, peer in enumerate(peers):
            value = data[transport][peer]
            if value is None:
                continue
            panel.barh(place, value, color=style(peer)["color"], height=0.65)
            panel.annotate(number_text(value), (value, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        panel.set_xlabel("bytes for each connection")
        panel.set_title(TRANSPORT_TITLES[transport])
        panel.grid(axis="y", visible=False)
        panel.margins(x=0.2)
    name_places(panels[0], peers)
    finish(figure, panels, f"The server's resident memory for each of {connections:,} idle connections", path, legend=False)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
