#!/usr/bin/env python3
"""Measures Patchbay beside its peers, and writes a report: tables in Markdown, plots, every sample.

Nothing is built here: scripts/bench does that, and then calls this.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path

from harness import bounds, kinds, machine, report
from harness.measurement import planned, run_rounds
from harness.peers import PEERS, select_peers
from harness.programs import BENCHMARKS, OUT
from harness.rows import FULL, QUICK, all_rows, rows_on_demand, select_rows
from harness.samples import Samples

# Descriptors of a process beside those of its connections; and of a connection, of which libzmq takes several.
SPARE_DESCRIPTORS, DESCRIPTORS_EACH = 200, 3
PLOTTING_PYTHON = OUT / "venv" / "bin" / "python"
PR_SET_TIMERSLACK = 29


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rows, peers and rounds, short runs: rough figures in minutes")
    parser.add_argument("--rows", help="only these, with commas: latency, oneway-tcp, connect-key, build, '*-unix-64', …")
    parser.add_argument("--peers", help="only these, with commas")
    parser.add_argument("--rounds", type=int, help=f"how often all is measured; {FULL.rounds}, or {QUICK.rounds} with --quick")
    parser.add_argument("--seconds", type=float, help=f"of each measurement; {FULL.seconds}, or {QUICK.seconds} with --quick")
    parser.add_argument("--output", type=Path, metavar="FOLDER", default=OUT / "report", help="where the report goes; Benchmarks/out/report")
    parser.add_argument("--bounds", action="store_true", help="print only what the speed must be, and what it is")
    parser.add_argument("--from", dest="earlier", type=Path, metavar="PATH", help="measure nothing: report an earlier result.json")
    parser.add_argument("--list", action="store_true", help="print the names of rows and peers, and end")
    return parser.parse_args()


def choose(arguments, scale):
    """Rows, peers that can run, and why others cannot."""
    rows = all_rows(scale)
    if arguments.rows:
        rows = select_rows(all_rows(FULL) + rows_on_demand(), arguments.rows.split(","))
    if arguments.peers:
        peers = select_peers(arguments.peers.split(","))
    else:
        peers = [peer for peer in PEERS if peer.in_quick or not arguments.quick]
    peers = [peer for peer in peers if any(peer.takes(row) for row in rows)]
    missing = {peer.name: peer.why_missing() for peer in peers}
    return rows, [peer for peer in peers if not missing[peer.name]], {name: reason for name, reason in missing.items() if reason}


def raise_descriptor_limit(rows, scale):
    """To what the rows need, where the system lets us."""
    most = max([row.connections for row in rows] + [scale.idle_connections for row in rows if row.kind is kinds.IDLE])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = most + SPARE_DESCRIPTORS
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(f"these rows need {needed} descriptors, and the hard limit is {hard}: raise it, or choose other --rows")
    wanted = most * DESCRIPTORS_EACH + SPARE_DESCRIPTORS
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def exact_timers():
    """Programs that are started from here inherit it: the kernel delays their timers by 1 ns instead of 50 µs."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)


def measure(rows, peers, missing, scale, output):
    result = {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "versions": machine.versions(),
        "settings": asdict(scale),
        "rows": [row.id for row in rows],
        "peers": [peer.name for peer in peers],
        "missing_peers": missing,
        "load_before": machine.load(),
    }
    total = planned(rows, peers, scale.rounds)
    began = time.monotonic()
    written = began

    def progress(samples):
        nonlocal written
        sample, elapsed = samples[-1], time.monotonic() - began
        outcome = f"FAILED: {sample['error']}" if "error" in sample else ""
        left = elapsed / len(samples) * (total - len(samples))
        print(f"{len(samples)}/{total} {elapsed:.0f} s, some {left:.0f} s left: {sample['row']} {sample['peer']} {outcome}", file=sys.stderr)
        # What was measured is not lost where the rest is.
        if time.monotonic() - written > 60:
            written = time.monotonic()
            write(result | {"samples": samples, "load_after": machine.load()}, output)

    result["samples"] = run_rounds(rows, peers, scale, progress)
    result["load_after"] = machine.load()
    result["elapsed_seconds"] = round(time.monotonic() - began)
    return result


def write(result, output):
    whole = output / "result.json.new"
    whole.write_text(json.dumps(result, indent=1) + "\n")
    whole.replace(output / "result.json")


def plot(output):
    """The names of the plots."""
    for old in output.glob("*.svg"):
        old.unlink()
    if not PLOTTING_PYTHON.exists():
        print("no plots: scripts/bench installs matplotlib into Benchmarks/out/venv", file=sys.stderr)
        return []
    subprocess.run([PLOTTING_PYTHON, "-m", "harness.plots", output / "result.json", output], cwd=BENCHMARKS, check=True)
    return sorted(path.name for path in output.glob("*.svg"))


def main():
    arguments = parse_arguments()
    scale = QUICK if arguments.quick else FULL
    scale = replace(scale, rounds=arguments.rounds or scale.rounds, seconds=arguments.seconds or scale.seconds)
    if arguments.earlier:
        result = json.loads(arguments.earlier.read_text())
        by_id = {row.id: row for row in all_rows(FULL) + rows_on_demand()}
        rows, peers = [by_id[name] for name in result["rows"] if name in by_id], select_peers(result["peers"])
    else:
        rows, peers, missing = choose(arguments, scale)
    if arguments.list:
        print("rows:", *(row.id for row in rows), *(row.id for row in rows_on_demand() if row not in rows))
        print("peers:", *(peer.name for peer in peers), *(f"({name}: {reason})" for name, reason in missing.items()))
        print("measurements:", planned(rows, peers, scale.rounds))
        return
    arguments.output = arguments.output.resolve()
    arguments.output.mkdir(parents=True, exist_ok=True)
    if not arguments.earlier:
        raise_descriptor_limit(rows, scale)
        exact_timers()
        # Ends like an interrupt, so that the processes that were started end, too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
        result = measure(rows, peers, missing, scale, arguments.output)
    write(result, arguments.output)
    text = report.markdown(result, rows, peers, plot(arguments.output))
    (arguments.output / "report.md").write_text(text)
    print(bounds.table(Samples(result["samples"])) or "no bound is on what was measured" if arguments.bounds else text)
    print(f"the report is in {os.path.relpath(arguments.output)}", file=sys.stderr)
    if any("error" in sample for sample in result["samples"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
