"""What one worker process of scripts/simulate does: run a batch of histories."""

from __future__ import annotations

import gc
import logging
import multiprocessing.connection
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.simulation.coverage import Coverage
from tests.simulation.history import run_history

if TYPE_CHECKING:
    from tests.simulation.history import HistoryResult

#: Histories between two rounds of the garbage collector.
_COLLECTED_EVERY = 20


class BatchResult(NamedTuple):
    """The results of several histories."""

    histories: int
    enrollments: int
    seconds: float
    """Of one core."""
    virtual_s: float
    """How long the histories lasted, in their own time."""
    coverage: Coverage
    """Which faults struck when."""
    broken: list[HistoryResult]
    """Those in which a promise was not kept."""


def run_batch(first: int, count: int) -> BatchResult:
    """Run the histories of so many seeds, from the first one on."""
    logging.disable()  # what goes wrong here is meant to
    _spare_collector()
    begin = time.process_time()
    enrollments, virtual_s, broken = 0, 0.0, []
    coverage = Coverage()
    for seed in range(first, first + count):
        history = run_history(seed)
        if not seed % _COLLECTED_EVERY:
            gc.collect()
        enrollments += history.enrollments
        virtual_s += history.virtual_s
        coverage.add(history.coverage)
        if history.violations:
            broken.append(history)
    return BatchResult(count, enrollments, time.process_time() - begin, virtual_s, coverage, broken)


def begin_process() -> None:
    """Prepare a process of a run: it ends with the run, and leaves Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    # Else a run that was killed would leave processes that wait for work for ever.
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _spare_collector() -> None:
    """Turn automatic garbage collection off: `run_batch` collects between histories."""
    if gc.isenabled():
        gc.collect()
        gc.freeze()
        gc.disable()
