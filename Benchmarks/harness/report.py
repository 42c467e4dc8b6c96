"""The table in Markdown."""

import statistics

BASELINES = {"c": "raw C", "cpython": "CPython"}


def table(rows, peers, samples):
    lines = [
        "| | peer | median | quartiles | × raw C | × CPython |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        by_peer = {peer.name: values(row, peer.name, samples) for peer in peers if peer.takes(row)}
        title = row.title
        for peer in peers:
            if peer.name not in by_peer:
                continue
            measured = by_peer[peer.name]
            cells = [title, peer.title, *spread(measured.values())]
            cells += [ratio(row, measured, by_peer.get(baseline, {})) for baseline in BASELINES]
            lines.append("| " + " | ".join(cells) + " |")
            title = ""
    return "\n".join(lines)


def values(row, peer_name, samples):
    """What was measured, by round."""
    return {
        sample["round"]: sample["results"][row.kind.metric] / row.kind.divisor
        for sample in samples
        if sample["row"] == row.id and sample["peer"] == peer_name and "results" in sample
    }


def spread(numbers):
    numbers = sorted(numbers)
    if not numbers:
        return ["failed", ""]
    if len(numbers) == 1:
        return [number_text(numbers[0]), ""]
    first, median, third = statistics.quantiles(numbers, n=4, method="inclusive")
    return [number_text(median), f"{number_text(first)} – {number_text(third)}"]


def ratio(row, measured, baseline):
    """The median over the rounds, each with the baseline of the same round; above 1 is better than the baseline."""
    pairs = [(measured[number], baseline[number]) for number in measured if number in baseline]
    if row.kind.lower_is_better:
        pairs = [(base, value) for value, base in pairs]
    ratios = [above / below for above, below in pairs if above > 0 and below > 0]
    return f"{statistics.median(ratios):.2f}" if ratios else "–"


def number_text(number):
    """Three digits that count, and none of those before the point lost."""
    digits = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2
    return f"{number:,.{digits}f}"


def failures(samples):
    seen = {}
    for sample in samples:
        if "error" in sample:
            seen.setdefault((sample["row"], sample["peer"], sample["error"]), []).append(sample["round"])
    return [f"{row}, {peer}: {error} ({len(rounds)} times)" for (row, peer, error), rounds in seen.items()]
