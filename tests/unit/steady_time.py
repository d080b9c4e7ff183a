"""A clock for the event loop of a test that does not count what the machine does meanwhile.

The tests give a silent reader a tenth of a second. Where others work on the same machine, that can
go by between two steps of one answer; then a reader that has answered would be given up.
"""

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

MOST_FOR_A_TURN = 0.005
"""Seconds that one turn of the loop counts at most, however long it takes."""


class SteadyTime:
    """Counts how long the loop waits, as long as it meant to, and a little for each turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take over the time of a running loop."""
        self._at = loop.time()
        self._turned = time.monotonic()
        selector = loop._selector  # type: ignore[attr-defined]
        self._select: Callable[[float | None], list[Any]] = selector.select
        selector.select = self.select
        loop.time = self.time  # type: ignore[method-assign]

    def time(self) -> float:
        """Return the seconds that count."""
        return self._at + min(time.monotonic() - self._turned, MOST_FOR_A_TURN)

    def select(self, timeout: float | None = None) -> list[Any]:
        """Wait like the loop's own selector."""
        self._at = self.time()
        began = time.monotonic()
        ready = self._select(timeout)
        self._turned = time.monotonic()
        waited = self._turned - began
        self._at += waited if timeout is None else min(waited, max(timeout, 0.0))
        return ready
