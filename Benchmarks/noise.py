"""Runs noise-bench and OpenSSL's AEADs in interleaved rounds and prints medians and ratios (scripts/bench-noise builds them)."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess

from harness.machine import describe, first_line, load

# At 16 KiB, of OpenSSL's speed.
WANTED_SHARE, WANTED_AT = 0.5, 16384
# Takes AVX-512 away from OpenSSL: what of its lead is in instructions that swift-crypto's BoringSSL does not use. OpenSSL's
# OPENSSL_ia32cap(3): the bits of CPUID's leaf 7 for AVX512 F, DQ, IFMA, BW and VL.
WITHOUT_AVX512 = {"OPENSSL_ia32cap": ":~0xc0230000"}
# Built by Counters/Makefile.
COUNTER = pathlib.Path(__file__).parent / "out/liballocations.so"


def figures(command, environment):
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | environment).stdout
    for line in output.splitlines():
        _, shape, direction, nanoseconds, allocations, size = line.split()
        cipher, _, _ = shape.partition("-")
        yield (cipher, int(size), direction), float(nanoseconds), None if allocations == "-" else float(allocations)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ours")
    parser.add_argument("openssl")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--milliseconds", type=int, default=50)
    parser.add_argument("--json")
    options = parser.parse_args()

    time = str(options.milliseconds)
    programs = [("patchbay", [options.ours, "run", time], {}), ("openssl", [options.openssl, time], {})]
    if " avx512f " in pathlib.Path("/proc/cpuinfo").read_text():
        programs.append(("openssl-avx2", [options.openssl, time], WITHOUT_AVX512))
    samples = {}
    before = load()
    for turn in range(options.rounds):
        for program in programs if turn % 2 == 0 else reversed(programs):
            peer, command, environment = program
            for work, nanoseconds, _ in figures(command, environment):
                samples.setdefault(work, {}).setdefault(peer, []).append(nanoseconds)
    # Apart, since the counter is in the way of the clock.
    counted = {work: count for work, _, count in figures([options.ours, "run", "2"], {"LD_PRELOAD": str(COUNTER)})}

    machine = describe()
    versions = {"openssl": first_line("openssl", "version"), "swift": first_line("swift", "--version")}
    print(f"{machine['processor']}, {machine['cores']} cores, load {before[0]} before and {load()[0]} after; {versions['openssl']};")
    print(f"processor time, medians of {options.rounds} interleaved rounds; the share is of OpenSSL's speed in the same round\n")
    print("| cipher | bytes | | ns | MB/s | allocations | OpenSSL, ns | MB/s | share of its speed | of its speed without AVX-512 |")
    print("|---|---:|---|---:|---:|---:|---:|---:|---:|---:|")
    rows = []
    for (cipher, size, direction), times in sorted(samples.items()):
        ours, theirs = (statistics.median(times[peer]) for peer in ("patchbay", "openssl"))
        shares = {
            peer: statistics.median(theirs / ours for ours, theirs in zip(times["patchbay"], times[peer])) for peer in times if peer != "patchbay"
        }
        verdict = ""
        if size == WANTED_AT:
            verdict = f" (≥ {WANTED_SHARE} {'met' if shares['openssl'] >= WANTED_SHARE else '**not met**'})"
        count = counted[cipher, size, direction]
        cells = [cipher, str(size), direction, f"{ours:,.0f}", f"{size * 1000 / ours:,.0f}", "" if count is None else f"{count:.1f}"]
        cells += [f"{theirs:,.0f}", f"{size * 1000 / theirs:,.0f}", f"{shares['openssl']:.2f}{verdict}"]
        cells.append(f"{shares['openssl-avx2']:.2f}" if "openssl-avx2" in shares else "")
        print("| " + " | ".join(cells) + " |")
        rows.append(dict(cipher=cipher, bytes=size, direction=direction, nanoseconds=times, allocations=count, shares=shares))
    if options.json:
        result = dict(machine=machine, versions=versions, load_before=before, load_after=load(), rounds=options.rounds, rows=rows)
        pathlib.Path(options.json).write_text(json.dumps(result, indent=1) + "\n")


main()
