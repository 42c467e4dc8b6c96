"""All figures: which there are, what each means, and how it is measured.

A source is measured once, and gives the figures whose names begin with its own.
"""

from dataclasses import dataclass
from typing import Callable

import dependencies
import instructions
import programs
import traffic
from thresholds import Gate

CORE = ("PatchbayCore", "PatchbayIO")
WORK = {
    "frame-scan": "finding one frame of 64 B in a buffer",
    "json-encode": "a record of five fields to JSON",
    "json-decode": "a record of five fields from JSON",
    "msgpack-encode": "a record of five fields to MessagePack",
    "msgpack-decode": "a record of five fields from MessagePack",
    "cbor-encode": "a record of five fields to CBOR",
    "cbor-decode": "a record of five fields from CBOR",
    "url-parse": "parsing json+length32+bare+tcp://10.0.0.7:7000?timeout=5s",
    "url-resolve": "resolving that URL to a stack, with nothing remembered",
    "pipe-round-trip": "64 B and back through an in-process pipe, both ends on one reactor",
}


@dataclass(frozen=True)
class Source:
    """Something that is measured in one go, and the gates it can judge; their values are not known here."""

    gates: tuple
    # {name of a gate: figure}
    measure: Callable
    # Repeated where a figure grew, and the least counts: chance only ever adds.
    varies: bool = False


def all_sources():
    return [
        *(traffic_source(scenario) for scenario in traffic.SCENARIOS),
        instruction_source(),
        *(program_source(name, program) for name, program in programs.PROGRAMS.items()),
        dependency_source(),
    ]


def traffic_source(scenario):
    gates = []
    for side in traffic.SIDES:
        for kind, noun in (("allocations", "allocations"), ("calls", "system calls")):
            gates.append(Gate(
                f"{kind}.{scenario.name}.{side}", None, f"per {scenario.unit}",
                f"{noun} of the {side}, {describe(scenario)}", **slack_and_goal(kind, scenario),
            ))

    def measure():
        found = traffic.measure(scenario)
        return {f"{kind}.{scenario.name}.{side}": figure for kind, sides in found.items() for side, figure in sides.items()}

    return Source(tuple(gates), measure, varies=True)


def describe(scenario):
    address = "TCP" if "tcp" in scenario.url else "a Unix socket"
    wire = "framing alone" if "bare" in scenario.url else "own wire"
    what = {
        "round-trip": "64 B and back", "one-way": "64 B one way", "records": "a small Codable in MessagePack, one way",
        "connect": "connect, 64 B and back, close",
    }
    return f"{what[scenario.client]}, {address}, {wire}"


def slack_and_goal(kind, scenario):
    """Slack: what 20 runs on a busy machine differed by from their median, and some more. Connecting leaves most to chance: how
    often an end waits for the other."""
    if scenario.client == "connect":
        return {"slack": 0.5 if kind == "allocations" else 1.5}
    if kind == "calls":
        return {"slack": 0.05, "goal": 3} if scenario.client == "round-trip" else {"slack": 0.004, "goal": 0.01}
    return {"slack": 0.02, "goal": 1 if scenario.client == "records" else 0.05}


def instruction_source():
    gates = tuple(Gate(f"instructions.{name}", None, "instructions", means, slack_percent=2) for name, means in WORK.items())

    def measure():
        return {f"instructions.{name}": round(figure) for name, figure in instructions.measure().items()}

    return Source(gates, measure)


def program_source(name, program):
    what = {"minimal": "a program that imports Patchbay and echoes one connection", "patchbay": "the program patchbay"}[name]
    gates = (
        Gate(f"size.{name}", None, "bytes", f"{what}: a release build, stripped", slack_percent=1),
        Gate(f"libraries.{name}", None, "shared libraries", f"{what}: what it is linked with"),
    )
    return Source(gates, lambda: {
        f"size.{name}": programs.stripped_bytes(program), f"libraries.{name}": programs.libraries(program),
    })


def dependency_source():
    gates = [Gate("dependencies.packages", None, "packages", "what a package that depends on this one has to fetch")]
    roots = ("Patchbay", *CORE)
    gates += [Gate(f"dependencies.{root}", None, "products of packages", f"what {root} is linked with, directly or not") for root in roots]
    gates += [Gate(f"imports.{module}", None, "modules", f"what the sources of {module} import") for module in CORE]

    def measure():
        found = {f"dependencies.{root}": names for root, names in dependencies.products(*roots).items()}
        found |= {f"imports.{module}": dependencies.imports(module) for module in CORE}
        return found | {"dependencies.packages": dependencies.packages()}

    return Source(tuple(gates), measure)
