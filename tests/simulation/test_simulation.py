"""The simulation itself: it notices planted bugs, and gives the same history for the same seed.

How many histories run here is a compromise; `scripts/simulate` runs as many as one likes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import SystemRandom

import pytest

from tests.simulation.bugs import BUG_WITHIN, BUGS, notice
from tests.simulation.history import run_history
from tests.simulation.worker import run_batch

ROOT = Path(__file__).parents[2]
_HISTORIES = 500


def _told(seed: int, hash_seed: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation.replay", str(seed)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'firmware'}",
            "PYTHONHASHSEED": hash_seed,
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.timeout(600)
def test_the_promises_are_kept_in_the_histories_that_are_always_run() -> None:
    result = run_batch(0, 2 * _HISTORIES)
    assert result.enrollments > 2 * result.histories
    assert not result.broken, f"{result.broken[0].violations}\n{result.broken[0].trace}"


@pytest.mark.timeout(600)
def test_the_promises_are_kept_in_histories_that_nobody_has_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = SystemRandom().randrange(2**31)
    with capsys.disabled():
        sys.stdout.write(f"\n{_HISTORIES} histories from seed {first}\n")
    result = run_batch(first, _HISTORIES)
    assert not result.broken, (
        f"seed {result.broken[0].seed}: {result.broken[0].violations}\n{result.broken[0].trace}"
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_noticed(name: str) -> None:
    assert notice(name) is not None, f"not within {BUG_WITHIN} histories: {BUGS[name].what}"


def test_the_documents_say_how_many_bugs_are_planted() -> None:
    for page in ("README.md", "CHANGELOG.md"):
        assert f"{len(BUGS)} known" in " ".join((ROOT / page).read_text().split()), page


def test_a_planted_bug_is_removed_again() -> None:
    for bug in BUGS.values():
        with bug.plant():
            pass
    assert not run_batch(0, 20).broken


def test_the_same_seed_is_the_same_history_in_every_process() -> None:
    """Also where sets of words have another order."""
    told = _told(4, "1")
    assert "scan_captured" in told
    assert told == _told(4, "2")
    assert _told(5, "1") != told


def test_a_history_can_be_read() -> None:
    told = run_history(4, traced=True).trace
    for what in ("power on", "finger of", "place_finger", "scan_captured", "heals"):
        assert what in told


def test_idle_hours_take_hardly_any_real_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.simulation.installation._LONG", 1.0)
    result = run_batch(50, 10)
    assert result.virtual_s > 10 * 3600
    assert result.seconds < 20
    assert not result.broken
