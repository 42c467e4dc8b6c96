"""Programs that are run to measure something."""

import subprocess
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
REPOSITORY = BENCHMARKS.parent
BUILD = BENCHMARKS / ".build" / "release"
OUT = BENCHMARKS / "out" / "gates"
# For any one program: many times what it takes on a busy machine.
SECONDS = 120


class CouldNotMeasure(Exception):
    pass


def output_of(*command, **more):
    """Standard output of a command that ends well."""
    command = [str(word) for word in command]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, **more)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CouldNotMeasure(f"{command[0]}: {error}") from None
    if ended.returncode:
        raise CouldNotMeasure(f"{' '.join(command)} ended with status {ended.returncode}: {last_line(ended.stderr or ended.stdout)}")
    return ended.stdout


def last_line(text):
    lines = (text or "").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def built(name):
    path = BUILD / name
    if not path.exists():
        raise CouldNotMeasure(f"{name} is not built: scripts/gates does it")
    return path
