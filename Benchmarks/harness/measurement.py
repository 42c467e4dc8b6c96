"""One measurement, and the order of all."""

import tempfile
import time
from pathlib import Path

from harness import building, costs, relays, startup
from harness.processes import Failed, cpu_seconds, on_core, run_client, running_server, server_url


def measure(peer, row, scale):
    """The results, by name."""
    with tempfile.TemporaryDirectory(prefix="patchbay-bench-") as folder:
        folder = Path(folder)
        how = {
            "": measure_pair,
            "costs": costs.measure,
            "program": measure_program,
            "startup": startup.measure,
            "build": building.measure,
        }
        return how[row.kind.alone](peer, row, scale, folder)


def measure_pair(peer, row, scale, folder):
    if not peer.relay:
        url = server_url(row, folder)
        return measure_between(peer, row, scale, folder, relays.Urls(url, url))
    with relays.running(peer.relay, folder, row) as (relay, urls):
        before = cpu_seconds(relay.pid)
        results = measure_between(peer, row, scale, folder, urls)
        relay_seconds = cpu_seconds(relay.pid) - before
    if "total" in results:
        results["relay_cpu_per_million"] = relay_seconds / results["total"] * 1e6
    return results


def measure_between(peer, row, scale, folder, urls):
    with running_server(on_core(row, True, peer.server.server(row, urls.server)), folder / "errors") as server:
        before = cpu_seconds(server.pid)
        arguments = row.arguments(row.seconds(scale), server.pid, scale.idle_connections)
        command = on_core(row, False, peer.client.client(row, urls.client, arguments))
        results, client_seconds = run_client(command, row.kind.metric)
        server_seconds = cpu_seconds(server.pid) - before
    if "total" in results:
        results["client_cpu_per_million"] = client_seconds / results["total"] * 1e6
        results["server_cpu_per_million"] = server_seconds / results["total"] * 1e6
    return results


def measure_program(peer, row, scale, folder):
    arguments = [row.kind.mode, str(row.size), str(scale.seconds)]
    return run_client(peer.client.alone(arguments), row.kind.metric)[0]


def planned(rows, peers, rounds):
    """How many measurements there are."""
    return sum((1 if row.kind.once else rounds) * peer.takes(row) for row in rows for peer in peers)


def run_rounds(rows, peers, scale, progress):
    """All samples. Rounds are outermost and peers innermost, there and back again (A B C, C B A), so that a machine that
    grows slower or faster does it to every peer. A peer that failed twice in a row of the table is left out of it."""
    samples = []
    failures = {}
    for number in range(scale.rounds):
        for row in rows:
            if number and row.kind.once:
                continue
            takers = [peer for peer in peers if peer.takes(row)]
            for peer in reversed(takers) if number % 2 else takers:
                if failures.get((row.id, peer.name), 0) >= 2:
                    continue
                sample = {"row": row.id, "peer": peer.name, "round": number, "time": time.time()}
                try:
                    sample["results"] = measure(peer, row, scale)
                except Failed as failure:
                    sample["error"] = str(failure)
                    failures[row.id, peer.name] = failures.get((row.id, peer.name), 0) + 1
                samples.append(sample)
                progress(samples)
    return samples
