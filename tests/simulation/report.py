"""The report of a run of scripts/simulate, as Markdown."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.simulation.coverage import ACTIVITIES, REQUESTS, table
from tests.simulation.faults import FAULT_NAMES
from tests.simulation.impossible import IMPOSSIBLE
from tests.simulation.progress import ROOT

if TYPE_CHECKING:
    from collections import Counter

    from tests.simulation.progress import Progress


def report(progress: Progress, command: str, bugs: str) -> str:
    """Return the report; `bugs` is the line about planted bugs."""
    coverage = progress.coverage
    rate = progress.enrollments / progress.cpu_s if progress.cpu_s else 0.0
    lines = [
        "# Simulation",
        "",
        f"- commit: {commit()}",
        f"- command: `{command}`",
        f"- seeds: {_seeds(progress)}",
        f"- histories: {progress.histories}",
        f"- enrollments: {progress.enrollments}",
        f"- virtual time: {progress.virtual_s / 3600:.1f} hours",
        f"- time: {progress.elapsed_s / 60:.1f} minutes, {progress.cpu_s / 60:.1f} of one core",
        f"- speed: {rate:.0f} enrollments a second and core",
        f"- planted bugs: {bugs}",
        f"- violations: {len(progress.broken)}",
        *(
            f"  - seed {one.seed}, at {one.at:.3f}: promise {one.promise}, {one.what}"
            for one in progress.broken
        ),
        "",
        "## Faults that struck",
        "",
        "| fault | times |",
        "|---|--:|",
        *(f"| {fault} | {coverage.struck[fault]} |" for fault in FAULT_NAMES),
        "",
        "## Fault and activity of the reader",
        "",
        *table(coverage.activities, FAULT_NAMES, ACTIVITIES, IMPOSSIBLE),
        "",
        "## Fault and request under way",
        "",
        *table(coverage.requests, FAULT_NAMES, REQUESTS, IMPOSSIBLE),
        "",
        _missing(coverage.activities, ACTIVITIES, coverage.requests),
    ]
    return "\n".join(lines) + "\n"


def commit() -> str:
    """Return the commit that is checked out, and whether it was changed."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty= with changes", "--abbrev=12", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "unknown"


def _seeds(progress: Progress) -> str:
    ranges = (f"{first} to {first + count - 1}" for first, count in progress.done)
    return ", ".join(ranges) or "none"


def _missing(
    activities: Counter[tuple[str, str]],
    columns: tuple[str, ...],
    requests: Counter[tuple[str, str]],
) -> str:
    empty = [
        f"{fault} at {column}"
        for seen, names in ((activities, columns), (requests, REQUESTS))
        for fault in FAULT_NAMES
        for column in names
        if not seen[fault, column] and (fault, column) not in IMPOSSIBLE
    ]
    if not empty:
        return "Every combination that is possible was seen (- marks the others)."
    return f"Possible and not seen yet ({len(empty)}): {', '.join(empty)}."
