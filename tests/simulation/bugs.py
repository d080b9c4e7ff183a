"""Mistakes that systems like this one have made, or that we nearly made: each must be noticed.

They are planted one at a time, in the integration's or in the firmware's real code. A simulation
that misses a planted bug would miss the same bug if we made it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

# Each of these modules adds its bugs to BUGS.
from tests.simulation import (  # noqa: F401 - to plant theirs
    bugs_in_changes,
    bugs_in_enrollments,
    bugs_in_liveness,
    bugs_in_sensors,
    bugs_in_touches,
)
from tests.simulation.history import run_history
from tests.simulation.planted_bug import BUGS

if TYPE_CHECKING:
    from tests.simulation.history import HistoryResult

__all__ = ["BUGS", "BUG_WITHIN", "notice"]

#: Histories within which each planted bug has to be noticed.
BUG_WITHIN = 3000


def notice(name: str) -> HistoryResult | None:
    """Plant a bug and return the first history in which it is noticed; None: it never is.

    The first violation that is returned is of the promise that the bug breaks.
    """
    logging.disable()
    bug = BUGS[name]
    with bug.plant():
        for seed in range(BUG_WITHIN):
            result = run_history(seed)
            found = [each for each in result.violations if each.promise == bug.promise]
            if found:
                return replace(result, violations=found)
    return None
