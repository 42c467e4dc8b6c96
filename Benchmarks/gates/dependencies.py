"""What the core depends on: packages, their products, and modules that it imports."""

import json
import re

from running import BENCHMARKS, OUT, REPOSITORY, CouldNotMeasure, output_of

# scripts/lint sees to it that an access level stands before each.
IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\(\w+\))?[ \t]+)*(?:public|package|internal|fileprivate|private)[ \t]+import[ \t]+"
    r"(?:(?:struct|class|enum|protocol|typealias|func|var|let)[ \t]+)?(\w+)",
    re.MULTILINE,
)


def packages():
    """Every package that a program which depends on this one has to fetch: as the benchmarks do, whose folder no other build holds."""
    tree = json.loads(output_of("swift", "package", "--package-path", BENCHMARKS, "show-dependencies", "--format", "json"))
    waiting = [child for child in tree["dependencies"] if child["name"] == "patchbay"]
    if not waiting:
        raise CouldNotMeasure("the benchmarks do not depend on patchbay")
    found = set()
    while waiting:
        for package in waiting.pop()["dependencies"]:
            found.add(package["identity"])
            waiting.append(package)
    return sorted(found)


def products(*roots):
    """{root: products of other packages that it is linked with, directly or through targets of this one}."""
    # A folder of its own: the usual one is locked while something is built there.
    text = output_of("swift", "package", "--package-path", REPOSITORY, "--scratch-path", OUT / "package", "dump-package")
    targets = {target["name"]: [name(dependency) for dependency in target["dependencies"]] for target in json.loads(text)["targets"]}
    return {root: sorted(reached(root, targets)) for root in roots}


def name(dependency):
    """Each is {"product" | "target" | "byName": [name, …]}."""
    return next(value[0] for kind, value in dependency.items() if kind in ("product", "target", "byName"))


def reached(root, targets):
    if root not in targets:
        raise CouldNotMeasure(f"there is no target {root}")
    found, seen, waiting = set(), set(), [root]
    while waiting:
        target = waiting.pop()
        if target not in targets:
            found.add(target)
        elif target not in seen:
            seen.add(target)
            waiting += targets[target]
    return found


def imports(module):
    """Modules that the sources of one import."""
    files = list((REPOSITORY / "Sources" / module).rglob("*.swift"))
    if not files:
        raise CouldNotMeasure(f"Sources/{module} has no sources")
    return sorted({name for file in files for name in IMPORT.findall(file.read_text())})
