"""What the core depends on: packages, their products, and modules that it imports."""

import json
import re

from running import REPOSITORY, CouldNotMeasure, output_of

# scripts/lint sees to it that an access level stands before each.
IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\(\w+\))?[ \t]+)*(?:public|package|internal|fileprivate|private)[ \t]+import[ \t]+"
    r"(?:(?:struct|class|enum|protocol|typealias|func|var|let)[ \t]+)?(\w+)",
    re.MULTILINE,
)


def packages():
    """Every package that a program which depends on this one has to fetch."""
    tree = json.loads(output_of("swift", "package", "show-dependencies", "--format", "json", cwd=REPOSITORY))
    found = set()
    waiting = list(tree["dependencies"])
    while waiting:
        package = waiting.pop()
        found.add(package["identity"])
        waiting += package["dependencies"]
    return sorted(found)


def products(*roots):
    """{root: products of other packages that it is linked with, directly or through targets of this one}."""
    description = json.loads(output_of("swift", "package", "describe", "--type", "json", cwd=REPOSITORY))
    targets = {target["name"]: target for target in description["targets"]}
    return {root: sorted(reached(root, targets)) for root in roots}


def reached(root, targets):
    found, seen, waiting = set(), set(), [root]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in targets:
            raise CouldNotMeasure(f"there is no target {name}")
        found |= set(targets[name].get("product_dependencies", []))
        waiting += targets[name].get("target_dependencies", [])
    return found


def imports(module):
    """Modules that the sources of one import."""
    files = list((REPOSITORY / "Sources" / module).rglob("*.swift"))
    if not files:
        raise CouldNotMeasure(f"Sources/{module} has no sources")
    return sorted({name for file in files for name in IMPORT.findall(file.read_text())})
