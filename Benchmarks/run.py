#!/usr/bin/env python3
"""Measures Patchbay beside raw C sockets and CPython's multiprocessing.connection, and prints a table in Markdown.

Nothing is built here: scripts/bench does that, and then calls this.
"""

import argparse
import json
import resource
import signal
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from harness import machine, report
from harness.measurement import run_rounds
from harness.peers import PEERS, select_peers
from harness.rows import IDLE, QUICK_SIZES, SIZES, all_rows, select_rows

# Seconds of measuring each time, idle connections, rounds.
FULL = (0.5, 5000, 7)
QUICK = (0.15, 1000, 5)
# Descriptors that a process needs beside one for each idle connection and those that warm up.
SPARE_DESCRIPTORS = 200


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two sizes, fewer peers, short runs: rough figures in minutes")
    parser.add_argument("--rows", help="only these, with commas: latency, oneway-tcp, connect-key, '*-unix-64', …")
    parser.add_argument("--peers", help="only these, with commas")
    parser.add_argument("--rounds", type=int, help=f"how often all is measured; {FULL[2]}, or {QUICK[2]} with --quick")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write machine, versions and every sample there")
    parser.add_argument("--list", action="store_true", help="print the names of rows and peers, and end")
    return parser.parse_args()


def choose(arguments):
    """Rows, peers that can run, and why others cannot."""
    rows = all_rows(QUICK_SIZES if arguments.quick and not arguments.rows else SIZES)
    if arguments.rows:
        rows = select_rows(rows, arguments.rows.split(","))
    if arguments.peers:
        peers = select_peers(arguments.peers.split(","))
    else:
        peers = [peer for peer in PEERS if peer.in_quick or not arguments.quick]
    missing = {peer.name: peer.why_missing() for peer in peers if peer.why_missing()}
    return rows, [peer for peer in peers if peer.name not in missing], missing


def raise_descriptor_limit(needed):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(f"the idle rows need {needed} descriptors, and the hard limit is {hard}: raise it, or choose other --rows")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def main():
    arguments = parse_arguments()
    rows, peers, missing = choose(arguments)
    if arguments.list:
        print("rows:", *(row.id for row in rows))
        print("peers:", *(peer.name for peer in peers), *(f"({name}: {reason})" for name, reason in missing.items()))
        return
    seconds, idle_connections, rounds = QUICK if arguments.quick else FULL
    rounds = arguments.rounds or rounds
    if any(row.kind is IDLE for row in rows):
        raise_descriptor_limit(idle_connections + SPARE_DESCRIPTORS)
    # Ends like an interrupt, so that the processes that were started end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))

    total = rounds * sum(peer.takes(row) for row in rows for peer in peers)
    began = time.monotonic()

    def progress(done, sample):
        outcome = f"FAILED: {sample['error']}" if "error" in sample else ""
        elapsed = time.monotonic() - began
        print(f"{done}/{total} {elapsed:.0f} s: {sample['row']} {sample['peer']} {outcome}", file=sys.stderr)

    result = {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "versions": machine.versions(),
        "settings": {"rounds": rounds, "seconds": seconds, "idle_connections": idle_connections},
        "missing_peers": missing,
        "load_before": machine.load(),
    }
    result["samples"] = run_rounds(rows, peers, rounds, seconds, idle_connections, progress)
    result["load_after"] = machine.load()
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")

    print(report.table(rows, peers, result["samples"]))
    print()
    print(notes(result))
    if any("error" in sample for sample in result["samples"]):
        sys.exit(1)


def notes(result):
    """What one must know to read the table."""
    place, versions, settings = result["machine"], result["versions"], result["settings"]
    lines = [
        f"{settings['rounds']} interleaved rounds of {settings['seconds']} s, each end a process of its own; medians, first and"
        " third quartile. × is the median of the ratios within a round; above 1 is faster, or smaller.",
        f"{settings['idle_connections']} idle connections, each after one round trip of 64 B. Raw C holds a thread for each,"
        " CPython one thread and an epoll for all.",
        f"{place['processor']}, {place['cores']} cores, {place['memory']}, {place['system']}, Linux {place['kernel']};"
        f" load average {result['load_before'][0]} before and {result['load_after'][0]} after.",
        "; ".join(f"{name} {version}" for name, version in versions.items() if version) + ".",
    ]
    lines += [f"Left out: {name} ({reason})." for name, reason in result["missing_peers"].items()]
    lines += [f"Failed: {failure}." for failure in report.failures(result["samples"])]
    return "\n".join(f"- {line}" for line in lines)


if __name__ == "__main__":
    main()
