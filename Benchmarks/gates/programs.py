"""What programs weigh, and which shared libraries they need."""

import re

from running import OUT, built, output_of

# The name of a gate, and the program.
PROGRAMS = {"minimal": "gate-minimal", "patchbay": "patchbay"}


def stripped_bytes(program):
    OUT.mkdir(parents=True, exist_ok=True)
    copy = OUT / f"{program}.stripped"
    output_of("strip", "-o", copy, built(program))
    return copy.stat().st_size


def libraries(program):
    return sorted(re.findall(r"\(NEEDED\).*\[(.+)\]", output_of("readelf", "-d", built(program))))
