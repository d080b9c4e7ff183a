"""The progress of a run of scripts/simulate, in a file: the same command continues from there."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from tests.simulation.coverage import Coverage

if TYPE_CHECKING:
    from tests.simulation.worker import BatchResult

ROOT = Path(__file__).parents[2]
#: The code that determines a history, together with its seed.
_SOURCES = (
    "custom_components/biometric_enroll/client",
    "custom_components/biometric_enroll/protocol",
    "firmware/emulator",
    "firmware/fpreader",
    "tests/simulation",
)


def code_hash() -> str:
    """Return a hash of the code: with the same hash, a seed gives the same history."""
    digest = hashlib.sha256(sys.version.encode())
    for folder in _SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not path.name.startswith("test_"):
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


class BrokenPromise(NamedTuple):
    """A promise that was violated."""

    seed: int
    promise: int
    what: str
    at: float


class RunOptions(NamedTuple):
    """The options of a command: only a command with the same options continues the run."""

    runs: int | None
    """How many histories; None if the run is limited by time."""
    hours: float | None
    seed: int | None
    """The first one, if the command names it."""


@dataclass
class Progress:
    """Which seeds are done, with their results."""

    options: RunOptions
    code: str
    first: int
    """The first seed."""
    done: list[list[int]] = field(default_factory=list)
    """Finished seeds as ranges, each with its first one and how many they are; in order."""
    enrollments: int = 0
    virtual_s: float = 0.0
    cpu_s: float = 0.0
    """Of all cores together."""
    elapsed_s: float = 0.0
    """Real time, over all parts of the run."""
    broken: list[BrokenPromise] = field(default_factory=list)
    coverage: Coverage = field(default_factory=Coverage)

    @property
    def histories(self) -> int:
        """Count those that are done."""
        return sum(count for _, count in self.done)

    def add(self, first: int, result: BatchResult) -> None:
        """Add the results of the seeds from this one on."""
        self.done = _merged([*self.done, [first, result.histories]])
        self.enrollments += result.enrollments
        self.virtual_s += result.virtual_s
        self.cpu_s += result.seconds
        self.coverage.add(result.coverage)
        self.broken += [
            BrokenPromise(history.seed, violation.promise, violation.what, round(violation.at, 3))
            for history in result.broken
            for violation in history.violations
        ]
        self.broken.sort()

    def left(self, first: int, count: int) -> list[tuple[int, int]]:
        """Return the ranges of these seeds that are not done."""
        found, at, end = [], first, first + count
        for start, length in self.done:
            if at < min(start, end):
                found.append((at, min(start, end) - at))
            at = max(at, start + length)
        if at < end:
            found.append((at, end - at))
        return found

    # --- the file -------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write the file, in one step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        data = {
            **{name: getattr(self, name) for name in _PLAIN},
            "options": self.options._asdict(),
            "coverage": self.coverage.as_lists(),
        }
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(data), encoding="utf-8")
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path, options: RunOptions, code: str) -> Self | None:
        """Read the file; None if there is none, or if it is of another command or other code."""
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if RunOptions(**data["options"]) != options or data["code"] != code:
                return None
            progress = cls(options, **{name: data[name] for name in _PLAIN})
            progress.broken = [BrokenPromise(*one) for one in data["broken"]]
            progress.coverage = Coverage.of_lists(data["coverage"])
        except OSError, ValueError, TypeError, KeyError:
            return None
        return progress


_PLAIN = (
    "code", "first", "done", "enrollments", "virtual_s", "cpu_s", "elapsed_s", "broken",
)  # fmt: skip


def _merged(ranges: list[list[int]]) -> list[list[int]]:
    merged: list[list[int]] = []
    for first, count in sorted(ranges):
        if merged and sum(merged[-1]) == first:
            merged[-1][1] += count
        else:
            merged.append([first, count])
    return merged
