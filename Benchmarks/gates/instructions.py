"""Instructions of fixed work in one process, counted by callgrind: `gate-workload fixed` says what the work is."""

import os
import re
import tempfile
from pathlib import Path

from running import OUT, CouldNotMeasure, built, output_of


def measure(extra_environment=None):
    """{name: instructions of one operation}."""
    OUT.mkdir(parents=True, exist_ok=True)
    # valgrind before 3.20 cannot read the debug information of Swift's compiler. Symbols stay, for gate_mark.
    program = OUT / "gate-workload"
    output_of("strip", "--strip-debug", "-o", program, built("gate-workload"))
    # Otherwise each process hashes with another seed.
    environment = os.environ | {"SWIFT_DETERMINISTIC_HASHING": "1"} | (extra_environment or {})
    with tempfile.TemporaryDirectory(prefix="gates-") as folder:
        output = output_of(
            "valgrind", "--tool=callgrind", "--dump-before=gate_mark", f"--callgrind-out-file={folder}/counts", program, "fixed",
            env=environment,
        )
        names = re.findall(r"^([\w-]+) (\d+)$", output, re.MULTILINE)
        # A count is written on entering each mark: warm-up, work, warm-up, work …
        totals = [instructions(Path(folder) / f"counts.{part}") for part in range(1, 2 * len(names) + 1)]
    if not names:
        raise CouldNotMeasure("gate-workload fixed named no work")
    return {name: totals[2 * index + 1] / int(count) for index, (name, count) in enumerate(names)}


def instructions(path):
    found = re.search(r"^(?:totals|summary): (\d+)", path.read_text(), re.MULTILINE) if path.exists() else None
    if not found:
        raise CouldNotMeasure(f"callgrind wrote no total into {path.name}")
    return int(found[1])
