"""Runs codec-bench and its peers in interleaved rounds and prints medians, ratios and allocations (scripts/bench-codecs builds them)."""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
PYTHON = HERE / "Peers/codecs/cpython.py"
# Built by Counters/Makefile.
COUNTER = HERE / "out/liballocations.so"

# What each of ours is compared with, per direction.
PEERS = {
    "json": ["foundation", "cpython-json"],
    "json-value": ["simdjson", "foundation"],
    "msgpack": ["json", "msgpack-c"],
    "msgpack-value": ["json-value", "msgpack-c"],
    "cbor": ["json", "libcbor"],
    "cbor-value": ["json-value", "libcbor"],
    "pickle": ["json", "cpython-pickle"],
    "pickle-value": ["json-value", "cpython-pickle"],
    "simdjson-plugin": ["json", "foundation"],
    "simdjson-plugin-value": ["json-value", "simdjson"],
}


def lines(command, environment=None):
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    for line in output.splitlines():
        peer, shape, direction, nanoseconds, allocations, size = line.split()
        yield (peer, shape, direction), float(nanoseconds), None if allocations == "-" else float(allocations), int(size)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--milliseconds", type=int, default=20)
    parser.add_argument("--json")
    options = parser.parse_args()

    time = str(options.milliseconds)
    subprocess.run([options.bench, "files", options.folder], check=True)
    subprocess.run([sys.executable, PYTHON, options.folder, "check"], check=True)
    programs = [[options.bench, "run", time], [f"{options.folder}/peers", options.folder, time], [sys.executable, str(PYTHON), options.folder, time]]

    samples, sizes = {}, {}
    for turn in range(options.rounds):
        for program in programs if turn % 2 == 0 else reversed(programs):
            for name, nanoseconds, _, size in lines(program):
                samples.setdefault(name, []).append(nanoseconds)
                sizes[name] = size
    # Apart, since the counter is in the way of the clock.
    counting = os.environ | {"LD_PRELOAD": str(COUNTER)}
    counts = {name: count for program in programs[:2] for name, _, count, _ in lines([*program[:-1], "2"], counting)}

    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {options.rounds} interleaved rounds\n")
    print("| shape | direction | codec | ns | MB/s | allocations | times as long as |")
    print("|---|---|---|---|---|---|---|")
    rows = []
    for name in sorted(samples, key=lambda name: (name[1], name[2], name[0])):
        peer, shape, direction = name
        median = statistics.median(samples[name])
        ratios = {}
        for other in PEERS.get(peer, []):
            theirs = samples.get((other, shape, direction)) or samples.get((other, shape.removesuffix("-fields"), direction))
            if theirs:
                ratios[other] = statistics.median(a / b for a, b in zip(samples[name], theirs))
        count = counts.get(name)
        text = ", ".join(f"{other} {ratio:.2f}" for other, ratio in ratios.items())
        shown = "" if count is None else f"{count:.1f}"
        print(f"| {shape} | {direction} | {peer} | {median:,.0f} | {sizes[name] * 1000 / median:,.0f} | {shown} | {text} |")
        rows.append(
            dict(
                peer=peer, shape=shape, direction=direction, bytes=sizes[name], nanoseconds=samples[name], allocations=count, ratios=ratios
            )
        )
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1))


main()
