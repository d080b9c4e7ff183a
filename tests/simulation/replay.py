"""Prints the history of one seed, and whether it kept all promises.

python -m tests.simulation.replay SEED; ends with code 1 where one was broken.
"""

from __future__ import annotations

import logging
import sys

from tests.simulation.history import live

if __name__ == "__main__":
    logging.disable()
    verdict = live(int(sys.argv[1]), traced=True)
    print(verdict.trace)
    for broken in verdict.violations:
        print(f"VIOLATED at {broken.at:.3f}: promise {broken.promise}, {broken.what}")
    print(f"{verdict.enrollments} enrollments, {len(verdict.violations)} violations")
    sys.exit(bool(verdict.violations))
