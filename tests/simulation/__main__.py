"""Lives through many histories, and plants bugs to see that it would notice: scripts/simulate.

Prints what came of it. A violated promise prints its seed and a trace, and ends with code 1; the
same seed gives the same history again, on any machine.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from random import SystemRandom
from typing import TYPE_CHECKING

from tests.simulation.bugs import BUGS
from tests.simulation.history import live
from tests.simulation.runs import BUG_WITHIN, live_through, notice

if TYPE_CHECKING:
    from tests.simulation.history import Verdict

#: Histories that one process lives through before it tells of them.
_CHUNK = 100
_SEEDS = 2**31


def main() -> int:
    """Do what the command line wants."""
    arguments = _arguments()
    with ProcessPoolExecutor(arguments.jobs) as processes:
        well = _simulate(processes, arguments)
        return 0 if _plant(processes) and well else 1


def _simulate(processes: ProcessPoolExecutor, arguments: argparse.Namespace) -> bool:
    first, runs = arguments.seed, arguments.runs
    print(f"{runs} histories from seed {first}")
    chunks = [
        processes.submit(live_through, first + done, min(_CHUNK, runs - done))
        for done in range(0, runs, _CHUNK)
    ]
    histories, enrollments, seconds, violated = 0, 0, 0.0, 0
    for chunk in as_completed(chunks):
        lived = chunk.result()
        histories += lived.histories
        enrollments += lived.enrollments
        seconds += lived.seconds
        for verdict in lived.broken:
            violated += len(verdict.violations)
            _tell(verdict)
    print(
        f"{histories} histories, {enrollments} enrollments, {violated} violations; "
        f"{enrollments / seconds:.0f} enrollments a second on one core"
    )
    if arguments.trace:
        print(live(first, traced=True).trace)
    return not violated


def _plant(processes: ProcessPoolExecutor) -> bool:
    noticed = 0
    for (name, bug), verdict in zip(BUGS.items(), processes.map(notice, BUGS), strict=True):
        if verdict is None:
            print(f"NOT NOTICED within {BUG_WITHIN} histories: {bug.what} ({name})")
            continue
        noticed += 1
        violation = verdict.violations[0]
        print(
            f"history {verdict.seed + 1:4}: {bug.what}\n"
            f"              promise {violation.promise}: {violation.what}"
        )
    print(f"{noticed} of {len(BUGS)} planted bugs noticed")
    return noticed == len(BUGS)


def _tell(verdict: Verdict) -> None:
    print(f"\nseed {verdict.seed}:\n{verdict.trace}")
    for violation in verdict.violations:
        print(f"VIOLATED at {violation.at:.3f}: promise {violation.promise}, {violation.what}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="how many histories")
    parser.add_argument(
        "--seed", type=int, default=SystemRandom().randrange(_SEEDS), help="of the first history"
    )
    parser.add_argument("--trace", action="store_true", help="print the first history")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many processes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
