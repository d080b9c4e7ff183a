"""The log lines about bad messages: one for each topic and cause a minute."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

_LOGGER = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds between two lines about the same topic and cause."""


class Complaints:
    """Logs bad messages; repeated ones are counted and logged together."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Initialize without bad messages."""
        self._loop = loop
        self._more: dict[tuple[str, str], int] = {}
        """Bad messages that are not logged yet, by topic and cause."""
        self._timers: dict[tuple[str, str], asyncio.TimerHandle] = {}

    def bad(self, topic: str, cause: str) -> None:
        """Log what is wrong with a message, at once if it is the first one for a minute."""
        about = topic, cause
        if about in self._timers:
            self._more[about] = self._more.get(about, 0) + 1
            return
        _LOGGER.warning("Bad message on %s: %s", topic, cause)
        self._wait(about)

    def stop(self) -> None:
        """Log what was counted."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for about in list(self._more):
            self._log(about)

    def _wait(self, about: tuple[str, str]) -> None:
        self._timers[about] = self._loop.call_later(EVERY, self._minute_over, about)

    def _minute_over(self, about: tuple[str, str]) -> None:
        del self._timers[about]
        if about in self._more:
            self._log(about)
            self._wait(about)

    def _log(self, about: tuple[str, str]) -> None:
        more, (topic, cause) = self._more.pop(about), about
        _LOGGER.warning("%s more bad messages on %s: %s", more, topic, cause)
