"""Many histories at once, as processes share them."""

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
from tests.simulation.history import live

if TYPE_CHECKING:
    from tests.simulation.history import Verdict

#: Histories between two rounds of the garbage collector.
_COLLECTED_EVERY = 20


class Lived(NamedTuple):
    """What came of some histories."""

    histories: int
    enrollments: int
    seconds: float
    """Of one core."""
    virtual_s: float
    """How long the histories lasted, in their own time."""
    coverage: Coverage
    """Which faults struck when."""
    broken: list[Verdict]
    """Those in which a promise was not kept."""


def live_through(first: int, count: int) -> Lived:
    """Live through the histories of these seeds."""
    logging.disable()  # what goes wrong here is meant to
    _spare_collector()
    begin = time.process_time()
    enrollments, virtual_s, broken = 0, 0.0, []
    coverage = Coverage()
    for seed in range(first, first + count):
        verdict = live(seed)
        if not seed % _COLLECTED_EVERY:
            gc.collect()
        enrollments += verdict.enrollments
        virtual_s += verdict.virtual_s
        coverage.add(verdict.coverage)
        if verdict.violations:
            broken.append(verdict)
    return Lived(count, enrollments, time.process_time() - begin, virtual_s, coverage, broken)


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
    """Leave what a history leaves to `gc.collect` after it: it is over, and all goes at once."""
    if gc.isenabled():
        gc.collect()
        gc.freeze()
        gc.disable()
