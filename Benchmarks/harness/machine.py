"""Where it was measured: whatever a reader needs to judge the figures."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from harness.programs import BENCHMARKS

PACKAGES = {"libzmq": "libzmq3-dev", "nng": "libnng-dev", "nanomsg": "libnanomsg-dev", "coturn": "coturn", "socat": "socat"}


def describe():
    return {
        "processor": first_value("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory": first_value("/proc/meminfo", "MemTotal"),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME"),
        "kernel": platform.release(),
        "architecture": platform.machine(),
    }


def versions():
    return {
        "patchbay": first_line("git", "-C", BENCHMARKS, "describe", "--always", "--dirty"),
        "python": sys.version.split()[0],
        "gcc": first_line("gcc", "--version"),
        "swift": first_line("swift", "--version"),
        **{name: package_version(package) for name, package in PACKAGES.items()},
        **{name: resolved_version(name) for name in ("swift-nio", "swift-async-algorithms")},
    }


def package_version(package):
    return first_line("dpkg-query", "-W", "-f", "${Version}", package)


def resolved_version(name):
    """What SwiftPM chose for a package."""
    try:
        pins = json.loads((BENCHMARKS / "Package.resolved").read_text())["pins"]
    except (OSError, ValueError, KeyError):
        return None
    return next((pin["state"].get("version") for pin in pins if pin["identity"] == name), None)


def load():
    """Running processes on average over the last 1, 5 and 15 minutes."""
    return [round(average, 2) for average in os.getloadavg()]


def first_value(path, name):
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None


def first_line(*command):
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return output.partition("\n")[0]
