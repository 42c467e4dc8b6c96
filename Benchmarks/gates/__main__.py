#!/usr/bin/env python3
"""Measures what must not grow, and compares it with Benchmarks/gates.json.

Ends with 0 where every gate is met, 1 where one has grown, 2 where something could not be measured. Nothing is built here:
scripts/gates does that, and then calls this.
"""

import argparse
import platform
import re
import sys
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import thresholds
from figures import all_sources
from running import BENCHMARKS, CouldNotMeasure, output_of

THRESHOLDS = BENCHMARKS / "gates.json"
# How often what varies is measured before it counts as grown; and how often for a new threshold, of which the median is taken.
ATTEMPTS = 3
MET, GROWN, NOT_MEASURED = 0, 1, 2


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="scripts/gates", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help="only these, with commas: allocations, calls.*.server, instructions.json-encode, …")
    parser.add_argument("--update", action="store_true", help="accept what is measured: rewrite the file of thresholds")
    parser.add_argument("--list", action="store_true", help="print the gates with their thresholds, and end")
    parser.add_argument("--self-test", action="store_true", help="see every gate fail, and end")
    parser.add_argument("--thresholds", type=Path, default=THRESHOLDS, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments=None, sources=None):
    arguments = parse_arguments(arguments)
    try:
        measured_with, accepted = thresholds.load(arguments.thresholds) if arguments.thresholds.exists() else ({}, {})
        sources = choose(all_sources() if sources is None else sources, arguments.only)
        if arguments.list:
            for gate in (accepted.get(gate.name, gate) for source in sources for gate in source.gates):
                print(f"{gate.name}: {shown(gate.value)} {gate.unit} ({gate.means})")
            return MET
        if arguments.update:
            return update(arguments, sources, accepted)
        return compare(sources, accepted, measured_with)
    except CouldNotMeasure as problem:
        say(f"could not measure: {problem}")
        return NOT_MEASURED


def shown(value):
    if value is None:
        return "nothing accepted yet,"
    return " ".join(value) if isinstance(value, list) else thresholds.number(value)


def choose(sources, only):
    """The sources that judge a chosen gate, with those gates alone."""
    if not only:
        return sources
    patterns = only.split(",")
    names = [gate.name for source in sources for gate in source.gates]
    for pattern in patterns:
        if not any(matches(name, pattern) for name in names):
            raise CouldNotMeasure(f"no gate is named '{pattern}'; there are: {' '.join(names)}")
    chosen = [
        replace(source, gates=tuple(gate for gate in source.gates if any(matches(gate.name, pattern) for pattern in patterns)))
        for source in sources
    ]
    return [source for source in chosen if source.gates]


def matches(name, pattern):
    return fnmatchcase(name, pattern) or fnmatchcase(name, pattern + ".*")


def compare(sources, accepted, measured_with):
    verdicts = []
    for source in sources:
        for verdict in judge(source, accepted):
            verdicts.append(verdict)
            print(f"{verdict.state}: {verdict.name}: {'; '.join(verdict.lines)}", flush=True)
    known = {gate.name: gate for source in sources for gate in source.gates}
    worse = [verdict for verdict in verdicts if verdict.state in ("grown", "new")]
    better = [verdict for verdict in verdicts if verdict.state == "better"]
    if better:
        say(f"{len(better)} are better than their thresholds: scripts/gates --update keeps what was gained")
    if not worse:
        say(f"all {len(verdicts)} gates are met")
        return MET
    say(f"{len(worse)} of {len(verdicts)} gates are not met:")
    for verdict in worse:
        say(f"  {verdict.name}: {'; '.join(verdict.lines)}")
        say(f"      {known[verdict.name].means}")
    names = ",".join(verdict.name for verdict in worse)
    say(f"To accept this on purpose: scripts/gates --update --only '{names}', and say why in the commit that changes the file.")
    here = toolchain()
    if measured_with != here:
        say(f"The thresholds are of {described(measured_with)}, this is {described(here)}: instructions and sizes differ by that, too.")
    return GROWN


def judge(source, accepted):
    """A verdict for each gate; what varies is measured again while a gate has grown, and its least figure counts."""
    least = {}
    for _ in range(ATTEMPTS if source.varies else 1):
        figures = measured(source)
        least = {name: min(figure, least.get(name, figure)) if source.varies else figure for name, figure in figures.items()}
        verdicts = [verdict_on(gate, least[gate.name], accepted) for gate in source.gates]
        if all(verdict.state != "grown" for verdict in verdicts):
            break
    return verdicts


def verdict_on(gate, figure, accepted):
    if gate.name not in accepted:
        return thresholds.Verdict(gate.name, "new", ["has no threshold yet"])
    return thresholds.judge(accepted[gate.name], figure)


def measured(source):
    figures = source.measure()
    for gate in source.gates:
        if gate.name not in figures:
            raise CouldNotMeasure(f"nothing gave a figure for {gate.name}")
    return {gate.name: figures[gate.name] for gate in source.gates}


def update(arguments, sources, accepted):
    """Of a gate that has a line only the value changes, and that where it differs by more than its slack: a diff then shows
    what changed, and what creeps is measured from where it began. Slack is for people to set, and stays."""
    result = dict(accepted)
    for source in sources:
        runs = [measured(source) for _ in range(ATTEMPTS if source.varies else 1)]
        for gate in source.gates:
            value = sorted(run[gate.name] for run in runs)[len(runs) // 2]
            if isinstance(value, float):
                value = max(0.0, round(value, 4))
            before = accepted.get(gate.name)
            if before and thresholds.judge(before, value).state == "met":
                value = before.value
            kept = {"slack": before.slack, "slack_percent": before.slack_percent} if before else {}
            result[gate.name] = replace(gate, value=value, **kept)
            if not before or before.value != value:
                print(f"{gate.name}: {before.value if before else 'new'} → {value}", flush=True)
            if gate.goal is not None and value > gate.goal + result[gate.name].slack:
                say(f"{gate.name}: {value} is above the goal of {gate.goal}")
    if not arguments.only:
        # What is no longer measured has no line.
        names = {gate.name for source in sources for gate in source.gates}
        result = {name: gate for name, gate in result.items() if name in names}
    thresholds.save(arguments.thresholds, toolchain(), result)
    say(f"wrote {arguments.thresholds}: read its diff, and commit it with the reason")
    return MET


def toolchain():
    version = re.search(r"Swift version ([\d.]+)", output_of("swift", "--version"))
    return {"architecture": platform.machine(), "swift": version[1] if version else "unknown"}


def described(measured_with):
    return f"Swift {measured_with.get('swift')} on {measured_with.get('architecture')}"


def say(text):
    print(f"gates: {text}", file=sys.stderr)


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        import self_test

        sys.exit(self_test.run())
    sys.exit(main())
