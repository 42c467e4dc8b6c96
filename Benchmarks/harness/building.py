"""How long a package takes to build that depends on Patchbay: everything from nothing, but for the sources that SwiftPM fetched."""

import resource
import subprocess
import time

from harness.processes import Failed, last_line
from harness.programs import BENCHMARKS

BUILD_SECONDS = 1800

MANIFEST = """// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "dependent",
    dependencies: [{dependency}],
    targets: [.executableTarget(name: "dependent", dependencies: [{product}])]
)
"""
DEPENDENCY = '.package(name: "patchbay", path: "{folder}")'
PRODUCT = '.product(name: "Patchbay", package: "patchbay")'
EMPTY = 'print("nothing")\n'
ONE_CONNECTION = """import Patchbay

let url = try ConnectionURL(CommandLine.arguments[1])
try await withConnection(to: url) { connection in
    try await connection.send(["text": "hello"])
    print(try await connection.receive(as: [String: String].self) ?? [:])
}
"""


def measure(peer, row, scale, folder):
    _, depends = peer.client.alone()
    package = folder / "dependent"
    sources = package / "Sources" / "dependent"
    sources.mkdir(parents=True)
    dependency = DEPENDENCY.format(folder=BENCHMARKS.parent) if depends else ""
    (package / "Package.swift").write_text(MANIFEST.format(dependency=dependency, product=PRODUCT if depends else ""))
    (sources / "main.swift").write_text(ONE_CONNECTION if depends else EMPTY)
    swift(package, "package", "resolve")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    swift(package, "build", "-c", row.configuration)
    seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = package / ".build" / row.configuration / "dependent"
    return {
        "seconds": seconds,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "program_bytes": program.stat().st_size,
    }


def swift(package, *arguments):
    try:
        done = subprocess.run(["swift", *arguments], cwd=package, capture_output=True, text=True, timeout=BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"swift {arguments[0]} took more than {BUILD_SECONDS} s") from None
    if done.returncode:
        raise Failed(f"swift {arguments[0]}: {last_line(done.stderr or done.stdout)}")
