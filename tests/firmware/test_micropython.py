"""The portable tests once more, under the runtimes that readers have."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RUNTIMES = ("micropython", "micropython-1.25")
FILES = sorted((HERE / "portable").glob("test_*.py"))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_portable_tests_pass(runtime: str) -> None:
    # One process for each file: a reader's 256 kB are for one firmware, not for all its tests.
    for file in FILES:
        done = run(runtime, file)
        assert done.returncode == 0, f"{file.name}\n{done.stdout}\n{done.stderr}"
        assert not done.stdout.startswith("0 tests")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_test_that_fails_fails_the_run(runtime: str, tmp_path: Path) -> None:
    file = tmp_path / "test_two.py"
    file.write_text("def test_one(): pass\ndef test_two(): assert 1 == 2\n")
    done = run(runtime, file)
    assert done.returncode == 1
    assert "FAILED test_two.test_two" in done.stdout
    assert "2 tests, 1 failed" in done.stdout


def run(runtime: str, file: Path) -> subprocess.CompletedProcess[str]:
    program = HERE.parents[1] / ".cache/bin" / runtime
    command = [program, HERE / "run_portable.py", file]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
