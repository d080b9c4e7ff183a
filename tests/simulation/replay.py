"""Prints the history of one seed, and whether all promises were kept.

python -m tests.simulation.replay SEED; ends with code 1 where one was broken.
"""

from __future__ import annotations

import logging
import sys

from tests.simulation.history import run_history

if __name__ == "__main__":
    logging.disable()
    result = run_history(int(sys.argv[1]), traced=True)
    print(result.trace)
    for broken in result.violations:
        print(f"VIOLATED at {broken.at:.3f}: promise {broken.promise}, {broken.what}")
    print(f"{result.enrollments} enrollments, {len(result.violations)} violations")
    sys.exit(bool(result.violations))
