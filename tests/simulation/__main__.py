"""Runs many histories, then plants bugs to check that they are noticed: scripts/simulate.

Prints the results, also to .cache/simulation/report.md. A violated promise prints its seed and
a trace, and ends with code 1; the same seed gives the same history again, on any machine. A run
that was interrupted goes on when the same command is given again.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

from tests.simulation.bugs import BUG_WITHIN, BUGS, notice
from tests.simulation.history import run_history
from tests.simulation.progress import ROOT, Progress, RunOptions, code_hash
from tests.simulation.report import report
from tests.simulation.worker import begin_process, run_batch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from tests.simulation.history import HistoryResult
    from tests.simulation.worker import BatchResult

#: Histories that one process runs before it returns their results.
_CHUNK = 50
_SEEDS = 2**31
_PROGRESS_EVERY_S = 30.0
_INTERRUPTED = 130


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    arguments = _arguments()
    with ProcessPoolExecutor(arguments.jobs, initializer=begin_process) as processes:
        try:
            if arguments.only_bugs:
                all_noticed, summary = _plant(processes)
                print(summary)
                return 0 if all_noticed else 1
            return _Run(arguments).go(processes)
        except KeyboardInterrupt:
            processes.shutdown(wait=False, cancel_futures=True)
            print("\ninterrupted: the same command goes on from here", flush=True)
            return _INTERRUPTED


class _Run:
    """A run of histories; continues where the last run of the same command stopped."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._file: Path = arguments.cache / "progress.json"
        runs = None if arguments.hunt is not None else arguments.runs
        options = RunOptions(runs, arguments.hunt, arguments.seed)
        code = code_hash()
        first = arguments.seed
        if first is None:
            first = SystemRandom().randrange(_SEEDS)
        found = Progress.load(self._file, options, code)
        self._progress = found or Progress(options, code, first)
        self._runs = runs
        self._before_s = self._progress.elapsed_s
        self._began = self._printed_at = time.monotonic()
        what = f"{runs} histories" if runs is not None else f"{arguments.hunt} hours of histories"
        print(f"{what} from seed {self._progress.first}", flush=True)
        if found is not None:
            print(f"going on: {found.histories} histories are done", flush=True)

    def go(self, processes: ProcessPoolExecutor) -> int:
        """Run them all, then plant bugs; return the exit code."""
        self._run_histories(processes)
        if self._arguments.trace:
            print(run_history(self._progress.first, traced=True).trace)
        noticed, bugs = (True, "left out")
        if not self._arguments.no_bugs:
            noticed, bugs = _plant(processes)
        text = report(self._progress, shlex.join(["scripts/simulate", *sys.argv[1:]]), bugs)
        (self._arguments.cache / "report.md").write_text(text, encoding="utf-8")
        self._file.unlink(missing_ok=True)
        print(text)
        return 0 if noticed and not self._progress.broken else 1

    def _run_histories(self, processes: ProcessPoolExecutor) -> None:
        chunks = self._chunks()
        under_way: dict[Future[BatchResult], int] = {}
        while True:
            while len(under_way) < 2 * self._arguments.jobs and (chunk := next(chunks, None)):
                under_way[processes.submit(run_batch, *chunk)] = chunk[0]
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                result = future.result()
                self._progress.add(under_way.pop(future), result)
                for history in result.broken:
                    _print_violations(history)
            self._progress.elapsed_s = self._elapsed_s
            self._progress.save(self._file)
            self._print_progress()

    @property
    def _elapsed_s(self) -> float:
        return self._before_s + time.monotonic() - self._began

    def _chunks(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of seeds until there are enough or the time is over."""
        at = self._progress.first
        while True:
            count = _CHUNK
            if self._runs is not None:
                count = min(count, self._progress.first + self._runs - at)
            elif self._elapsed_s >= 3600 * self._arguments.hunt:
                count = 0
            if not count:
                return
            yield from self._progress.left(at, count)
            at += count

    def _print_progress(self) -> None:
        if time.monotonic() - self._printed_at >= _PROGRESS_EVERY_S:
            self._printed_at = time.monotonic()
            progress = self._progress
            print(
                f"{progress.elapsed_s / 60:6.1f} min: {progress.histories} histories, "
                f"{progress.enrollments} enrollments, {len(progress.broken)} violations; "
                f"{progress.enrollments / progress.cpu_s:.0f} enrollments a second and core",
                flush=True,
            )


def _plant(processes: ProcessPoolExecutor) -> tuple[bool, str]:
    """Plant all bugs; return whether all were noticed, and a line for the report."""
    noticed = 0
    for (name, bug), history in zip(BUGS.items(), processes.map(notice, BUGS), strict=True):
        if history is None:
            print(f"NOT NOTICED within {BUG_WITHIN} histories: {bug.what} ({name})", flush=True)
            continue
        noticed += 1
        violation = history.violations[0]
        print(
            f"history {history.seed + 1:4}: {bug.what}\n"
            f"              promise {violation.promise}: {violation.what}",
            flush=True,
        )
    return noticed == len(BUGS), f"{noticed} of {len(BUGS)} planted bugs noticed"


def _print_violations(history: HistoryResult) -> None:
    print(f"\nseed {history.seed}:\n{history.trace}")
    for violation in history.violations:
        print(f"VIOLATED at {violation.at:.3f}: promise {violation.promise}, {violation.what}")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="how many histories")
    parser.add_argument("--hunt", type=float, metavar="HOURS", help="go on for so long instead")
    parser.add_argument("--seed", type=int, help="of the first history; a fresh one by default")
    parser.add_argument("--trace", action="store_true", help="print the first history")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many processes")
    bugs = parser.add_mutually_exclusive_group()
    bugs.add_argument("--no-bugs", action="store_true", help="plant no bugs")
    bugs.add_argument("--only-bugs", action="store_true", help="plant bugs, and do nothing else")
    parser.add_argument(
        "--cache",
        type=Path,
        default=ROOT / ".cache" / "simulation",
        help="folder for progress and report",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
