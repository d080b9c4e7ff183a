"""scripts/simulate, as its user sees it: it hunts, resumes, and reports, also violations."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.simulation.coverage import Coverage, table
from tests.simulation.faults import FAULT_NAMES
from tests.simulation.impossible import IMPOSSIBLE
from tests.simulation.steering import STEERED_EVERY, target

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
_MAIN = (sys.executable, "-m", "tests.simulation")
_ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'firmware'}"}
#: A start of the program with a planted bug: touches are acknowledged before they are saved.
_BUG = """
import sys
from tests.simulation import __main__ as main, worker
from tests.simulation.bugs import BUGS
sys.argv[0] = "simulate"
first = next(iter(name for name, bug in BUGS.items() if "retained" in bug.what))
def broken(*chunk):
    with BUGS[first].plant():
        return worker.run_batch(*chunk)
main.run_batch = broken
if __name__ == "__main__":
    sys.exit(main.main())
"""


def _simulate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (*_MAIN, *arguments, "--jobs", "2", "--no-bugs", "--cache", str(folder))
    return subprocess.run(
        command, cwd=ROOT, env=_ENVIRONMENT, capture_output=True, text=True, check=False
    )


def _number(report: str, what: str) -> float:
    found = re.search(rf"^- {what}: ([\d.]+)", report, re.MULTILINE)
    assert found is not None, report
    return float(found[1])


def test_a_run_reports_what_it_did_on_the_screen_and_in_a_file(tmp_path: Path) -> None:
    ended = _simulate(tmp_path, "--runs", "60", "--seed", "5")
    assert ended.returncode == 0, ended.stderr
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert report in ended.stdout
    assert "60 histories from seed 5" in ended.stdout
    assert "- command: `scripts/simulate --runs 60 --seed 5" in report
    assert "- seeds: 5 to 64" in report
    assert _number(report, "histories") == 60
    assert _number(report, "enrollments") > 60
    assert _number(report, "virtual time") > 0.5
    assert _number(report, "speed") > 1
    assert _number(report, "violations") == 0
    assert re.search(r"^- commit: [0-9a-f]{12}", report, re.MULTILINE)
    assert sum(map(int, re.findall(r"^\| \w+ \| (\d+) \|$", report, re.MULTILINE))) > 60
    for fault in FAULT_NAMES:
        assert len(re.findall(rf"^\| {fault} +\|.*\|$", report, re.MULTILINE)) == 3


def test_a_hunt_goes_on_until_its_time_is_over(tmp_path: Path) -> None:
    began = time.monotonic()
    ended = _simulate(tmp_path, "--hunt", "0.001")
    assert ended.returncode == 0, ended.stderr
    assert 3.6 <= time.monotonic() - began < 120
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert _number(report, "histories") >= 50
    assert _number(report, "histories") % 50 == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_same_command_continues_an_interrupted_run(tmp_path: Path, how: signal.Signals) -> None:
    arguments = ("--runs", "200", "--seed", "9", "--jobs", "2", "--no-bugs")
    run = subprocess.Popen(
        (*_MAIN, *arguments, "--cache", str(tmp_path)),
        cwd=ROOT,
        env=_ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    progress = tmp_path / "progress.json"
    while not progress.exists():
        assert run.poll() is None
        time.sleep(0.05)  # another process writes it
    run.send_signal(how)
    said, _ = run.communicate(timeout=60)
    if how is signal.SIGINT:
        assert "the same command goes on" in said
        assert run.returncode == 130
    done = sum(count for _, count in json.loads(progress.read_text(encoding="utf-8"))["done"])
    assert 0 < done < 200

    ended = _simulate(tmp_path, *arguments[:4])
    assert f"going on: {done} histories are done" in ended.stdout
    whole = _simulate(tmp_path / "whole", *arguments[:4])
    assert _results(ended.stdout) == _results(whole.stdout)
    assert not progress.exists()


def _results(said: str) -> Sequence[str]:
    """Give what has to be the same, however often a run was interrupted."""
    return re.findall(
        r"^(?:- (?:seeds|histories|enrollments|virt)|\| |Possi).*$", said, re.MULTILINE
    )


def test_other_code_or_another_command_starts_a_new_run(tmp_path: Path) -> None:
    _simulate(tmp_path, "--runs", "50", "--seed", "1")
    kept = {
        "code": "other", "first": 1, "done": [[1, 40]], "enrollments": 9, "virtual_s": 1.0,
        "cpu_s": 1.0, "elapsed_s": 1.0, "broken": [],
        "options": {"runs": 50, "hours": None, "seed": 1},
        "coverage": Coverage().as_lists(),
    }  # fmt: skip
    (tmp_path / "progress.json").write_text(json.dumps(kept), encoding="utf-8")
    ended = _simulate(tmp_path, "--runs", "50", "--seed", "1")
    assert "going on" not in ended.stdout
    (tmp_path / "progress.json").write_text("{", encoding="utf-8")
    ended = _simulate(tmp_path, "--runs", "50", "--seed", "1")
    assert ended.returncode == 0
    assert _number(ended.stdout, "histories") == 50


def test_a_violation_prints_its_seed_and_ends_with_code_1(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_BUG, encoding="utf-8")
    ended = subprocess.run(
        (sys.executable, str(program), "--runs", "150", "--seed", "0", "--no-bugs", "--jobs", "1",
         "--cache", str(tmp_path)),
        cwd=ROOT, env=_ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    found = re.search(r"^VIOLATED at .*: promise \d", ended.stdout, re.MULTILINE)
    assert found, ended.stdout
    assert "power on" in ended.stdout
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert re.search(r"^  - seed \d+, at [\d.]+: promise \d", report, re.MULTILINE)


def test_steered_histories_take_all_combinations_that_are_possible() -> None:
    faults = FAULT_NAMES
    assert target(1, faults) is None
    seen = [target(seed, faults) for seed in range(0, 700 * STEERED_EVERY, STEERED_EVERY)]
    assert not {(one.fault, one.column) for one in seen if one} & IMPOSSIBLE.keys()
    assert len(set(seen)) > 500
    assert {fault for fault, _ in IMPOSSIBLE} <= set(faults)


def test_a_table_shows_what_was_seen_what_is_missing_and_what_is_impossible() -> None:
    coverage = Coverage()
    coverage.note("power_cut", [("idle", "nothing"), ("touch", "hello")])
    coverage.note("power_cut", [("idle", "nothing")])
    assert coverage.struck["power_cut"] == 2
    again = Coverage.of_lists(json.loads(json.dumps(coverage.as_lists())))
    assert again == coverage
    lines = table(
        again.activities, ("power_cut",), ("off", "idle", "final"), {("power_cut", "off")}
    )
    assert lines[-1].replace(" ", "") == "|power_cut|-|2|0|"
