"""Sees every gate fail: a gate that cannot is none.

The first tests feed figures to the lines of the real file of thresholds; the last ones make the measured programs waste one
allocation, one call and some instructions per operation, and look whether the counts tell.
"""

import contextlib
import io
import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import instructions
import thresholds
import traffic
from __main__ import GROWN, MET, NOT_MEASURED, THRESHOLDS, main
from figures import Source, all_sources
from running import CouldNotMeasure


def worse(gate):
    return gate.value + ["libsurprise.so"] if isinstance(gate.value, list) else gate.limit * 1.001 + 1e-6


def better(gate):
    return gate.value[1:] if isinstance(gate.value, list) else gate.floor * 0.999


def fed(gates, figures, varies=False):
    """A source that gives these figures, one after the other where there are several rounds of them."""
    rounds = iter(figures) if isinstance(figures, list) else None
    return Source(tuple(gates), lambda: next(rounds) if rounds else figures, varies)


class GateTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gates-")
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "gates.json"
        self.file.write_text(THRESHOLDS.read_text())
        self.gates = thresholds.load(self.file)[1]

    def gate(self, *arguments, sources):
        """The exit code, and all that was said."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = main(["--thresholds", str(self.file), *arguments], sources)
        return code, said.getvalue()

    def value(self, name):
        return thresholds.load(self.file)[1][name].value

    def test_every_measured_gate_has_a_threshold_and_every_threshold_is_measured(self):
        self.assertEqual(sorted(gate.name for source in all_sources() for gate in source.gates), sorted(self.gates))

    def test_each_gate_is_met_by_its_own_value(self):
        code, _ = self.gate(sources=[fed([gate], {gate.name: gate.value}) for gate in self.gates.values()])
        self.assertEqual(code, MET)

    def test_each_gate_fails_when_its_figure_grows_and_says_how_to_accept_it(self):
        for gate in self.gates.values():
            with self.subTest(gate.name):
                code, said = self.gate(sources=[fed([gate], {gate.name: worse(gate)})])
                self.assertEqual(code, GROWN)
                self.assertIn(f"  {gate.name}: ", said)
                self.assertIn(gate.means, said)
                self.assertIn(f"scripts/gates --update --only '{gate.name}'", said)
                if isinstance(gate.value, list):
                    self.assertIn("libsurprise.so", said)
                else:
                    self.assertIn(f"{thresholds.number(gate.value)} became {thresholds.number(worse(gate))}", said)

    def test_each_gate_passes_when_its_figure_shrinks_and_an_update_is_suggested(self):
        for gate in self.gates.values():
            with self.subTest(gate.name):
                if gate.value == [] or (not isinstance(gate.value, list) and gate.floor <= 0):
                    # Nothing would be noticeably better. Nothing at all is met, at least.
                    code, _ = self.gate(sources=[fed([gate], {gate.name: gate.value and 0})])
                    self.assertEqual(code, MET)
                    continue
                code, said = self.gate(sources=[fed([gate], {gate.name: better(gate)})])
                self.assertEqual(code, MET)
                self.assertIn(f"better: {gate.name}", said)
                self.assertIn("scripts/gates --update keeps what was gained", said)

    def test_one_grown_gate_among_many_fails(self):
        gates = list(self.gates.values())
        figures = {gate.name: gate.value for gate in gates} | {gates[-1].name: worse(gates[-1])}
        code, said = self.gate(sources=[fed(gates, figures)])
        self.assertEqual(code, GROWN)
        self.assertIn(f"1 of {len(gates)} gates are not met", said)

    def test_a_gate_without_a_threshold_fails(self):
        code, said = self.gate(sources=[fed([thresholds.Gate("calls.new", None, "per hour", "new")], {"calls.new": 1})])
        self.assertEqual(code, GROWN)
        self.assertIn("calls.new: has no threshold yet", said)

    def test_what_cannot_be_measured_is_no_success(self):
        def broken():
            raise CouldNotMeasure("valgrind: not found")

        gate = next(iter(self.gates.values()))
        code, said = self.gate(sources=[Source((gate,), broken)])
        self.assertEqual((code, said), (NOT_MEASURED, "gates: could not measure: valgrind: not found\n"))
        code, said = self.gate(sources=[fed([gate], {})])
        self.assertEqual(code, NOT_MEASURED)
        self.assertIn(f"nothing gave a figure for {gate.name}", said)

    def test_chance_is_measured_again_and_growth_stays(self):
        gate = next(gate for gate in self.gates.values() if gate.name.startswith("calls."))
        high, met = {gate.name: worse(gate)}, {gate.name: gate.value}
        self.assertEqual(self.gate(sources=[fed([gate], [high, high, met], varies=True)])[0], MET)
        self.assertEqual(self.gate(sources=[fed([gate], [high, high, high], varies=True)])[0], GROWN)

    def test_updating_writes_the_median_and_keeps_slack_and_goal(self):
        gate = next(gate for gate in self.gates.values() if gate.goal is not None and gate.slack)
        source = fed([replace(gate, slack=99)], [{gate.name: gate.goal + more} for more in (7.5, 0.5, 1.5)], varies=True)
        code, said = self.gate("--update", "--only", gate.name, sources=[source])
        self.assertEqual(code, MET)
        self.assertEqual(self.value(gate.name), gate.goal + 1.5)
        self.assertEqual(thresholds.load(self.file)[1][gate.name].slack, gate.slack)
        self.assertIn(f"is above the goal of {gate.goal}", said)
        self.assertEqual(len(thresholds.load(self.file)[1]), len(self.gates), "the other lines stay")

    def test_updating_leaves_what_is_met_as_it_was(self):
        gate = next(gate for gate in self.gates.values() if gate.slack)
        source = fed([gate], {gate.name: gate.value + gate.slack / 2})
        before = self.file.read_text()
        code, said = self.gate("--update", "--only", gate.name, sources=[source])
        self.assertEqual(code, MET)
        self.assertNotIn("→", said)
        self.assertEqual(self.value(gate.name), gate.value)
        self.assertEqual(before.count("\n"), self.file.read_text().count("\n"))

    def test_one_name_is_measured_alone_and_an_unknown_one_is_an_error(self):
        gates = list(self.gates.values())
        sources = [fed([gate], {gate.name: gate.value if gate is gates[0] else worse(gate)}) for gate in gates]
        code, said = self.gate("--only", gates[0].name, sources=sources)
        self.assertEqual(code, MET)
        self.assertNotIn(gates[1].name, said)
        code, said = self.gate("--only", "nothing", sources=sources)
        self.assertEqual(code, NOT_MEASURED)
        self.assertIn("no gate is named 'nothing'", said)

    def test_a_written_file_reads_as_it_was(self):
        before = json.loads(self.file.read_text())
        thresholds.save(self.file, before["measured_with"], self.gates)
        self.assertEqual(thresholds.load(self.file)[1], self.gates)


class CountingTests(unittest.TestCase):
    """The programs themselves, with and without waste."""

    WASTE = {"GATE_WASTE": "1"}

    def test_an_allocation_and_a_call_more_per_operation_are_counted_on_each_side(self):
        scenarios = [scenario for scenario in traffic.SCENARIOS if scenario.name in ("round-trip-unix", "one-way-tcp", "records-unix")]
        self.assertEqual(len(scenarios), 3)
        for scenario in scenarios:
            plain, wasteful = traffic.measure(scenario), traffic.measure(scenario, self.WASTE)
            for kind in plain:
                for side in traffic.SIDES:
                    with self.subTest(f"{kind}.{scenario.name}.{side}"):
                        self.assertAlmostEqual(wasteful[kind][side] - plain[kind][side], 1, delta=0.2)

    def test_instructions_more_per_operation_are_counted_in_each_work(self):
        plain, wasteful = instructions.measure(), instructions.measure(self.WASTE)
        for name in plain:
            with self.subTest(name):
                self.assertGreater(wasteful[name] - plain[name], 1000)
                self.assertLess(wasteful[name] - plain[name], 20_000)


def run():
    result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromName("self_test"))
    return 0 if result.wasSuccessful() else 1
