"""The threshold file, and what a figure is against its line there."""

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Gate:
    name: str
    # A number, or a list of names.
    value: object
    unit: str
    means: str
    # How far above the value a number may be: what repeated runs of the same program differ by.
    slack: float = 0
    slack_percent: float = 0
    # What the project wants to reach, where it said so: updating does not change it.
    goal: float = None

    @property
    def limit(self):
        return self.value * (1 + self.slack_percent / 100) + self.slack

    @property
    def floor(self):
        return self.value * (1 - self.slack_percent / 100) - self.slack


@dataclass
class Verdict:
    """What one gate came to: `state` is met, better, grown or new."""

    name: str
    state: str
    lines: list = field(default_factory=list)


def load(path):
    document = json.loads(Path(path).read_text())
    return document["measured_with"], {line["name"]: Gate(**line) for line in document["gates"]}


def save(path, measured_with, gates):
    """A line for each gate, so that a diff shows what was accepted."""
    lines = []
    for gate in sorted(gates.values(), key=lambda gate: gate.name):
        shown = {"name": gate.name, "value": gate.value, "unit": gate.unit}
        shown.update({key: getattr(gate, key) for key in ("slack", "slack_percent") if getattr(gate, key)})
        if gate.goal is not None:
            shown["goal"] = gate.goal
        lines.append("  " + json.dumps(shown | {"means": gate.means}, ensure_ascii=False))
    header = json.dumps(measured_with, ensure_ascii=False)
    text = f'{{"measured_with": {header}, "gates": [\n' + ",\n".join(lines) + "\n]}\n"
    Path(path).write_text(text)


def judge(gate, figure):
    if isinstance(gate.value, list):
        return judge_names(gate, figure)
    if figure > gate.limit:
        change = figure - gate.value
        # Of next to nothing a percentage says nothing.
        percent = f", {100 * change / gate.value:+.1f} %" if change < 10 * gate.value else ""
        return Verdict(gate.name, "grown", [
            f"{number(gate.value)} became {number(figure)} {gate.unit} (+{number(change)}{percent}; up to {number(gate.limit)} is met)"
        ])
    if figure < gate.floor:
        return Verdict(gate.name, "better", [f"{number(gate.value)} became {number(figure)} {gate.unit}"])
    return Verdict(gate.name, "met", [f"{number(figure)} {gate.unit}, at most {number(gate.limit)}"])


def judge_names(gate, figure):
    more = sorted(set(figure) - set(gate.value))
    fewer = sorted(set(gate.value) - set(figure))
    if more:
        return Verdict(gate.name, "grown", [f"more {gate.unit}: {' '.join(more)}"])
    if fewer:
        return Verdict(gate.name, "better", [f"no longer needed: {' '.join(fewer)}"])
    return Verdict(gate.name, "met", [f"{len(figure)} {gate.unit}"])


def number(value):
    """Whole numbers as they are; of others what counts at their size."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) < 0.1 else f"{value:.2f}"
