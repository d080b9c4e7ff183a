"""Prints the history of one seed, and nothing else: python -m tests.simulation.replay SEED."""

from __future__ import annotations

import logging
import sys

from tests.simulation.history import live

if __name__ == "__main__":
    logging.disable()
    print(live(int(sys.argv[1]), traced=True).trace)
