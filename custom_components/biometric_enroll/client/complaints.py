"""The log lines about bad messages: one for each topic and cause a minute."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

_LOGGER = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds between two lines about the same topic and cause."""


type _About = tuple[str, str, str]
"""What was done, topic and cause."""


class Complaints:
    """Logs bad messages; repeated ones are counted and logged together."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Initialize without bad messages."""
        self._loop = loop
        self._more: dict[_About, int] = {}
        """Bad messages that are not logged yet."""
        self._timers: dict[_About, asyncio.TimerHandle] = {}

    def dropped(self, topic: str, cause: str) -> None:
        """Log that a message was dropped, at once if it is the first one for a minute."""
        self.note("Dropped", topic, cause)

    def note(self, done: str, topic: str, cause: str) -> None:
        """Log likewise what else was done with a message."""
        about = done, topic, cause
        if about in self._timers:
            self._more[about] = self._more.get(about, 0) + 1
            return
        _LOGGER.warning("%s a message on %s: %s", *about)
        self._wait(about)

    def stop(self) -> None:
        """Log what was counted."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for about in list(self._more):
            self._log(about)

    def _wait(self, about: _About) -> None:
        self._timers[about] = self._loop.call_later(EVERY, self._minute_over, about)

    def _minute_over(self, about: _About) -> None:
        del self._timers[about]
        if about in self._more:
            self._log(about)
            self._wait(about)

    def _log(self, about: _About) -> None:
        done, topic, cause = about
        more = self._more.pop(about)
        _LOGGER.warning("%s %s more messages on %s: %s", done, more, topic, cause)
