"""Records of what happened and when: of a history for humans, of a test bench for its test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Trace:
    """Lines with their time; formatted only when they are read."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines: list[tuple[float, str, str, tuple[object, ...]]] = []

    def note(self, who: str, what: str, *args: object) -> None:
        """Note what a party did; the arguments fill the `%s` of the text."""
        self._lines.append((self._loop.time(), who, what, args))

    def __str__(self) -> str:
        """Return all lines."""
        return "\n".join(
            f"{time:10.3f}  {who:<16} {what % args if args else what}"
            for time, who, what, args in self._lines
        )


class Recorder:
    """Notes what happens, and lets a test wait for it."""

    def __init__(self) -> None:
        self.trace: list[tuple[float, str, Any]] = []
        """When, what (a word or a topic), and the content."""
        self.loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    def note(self, what: str, content: Any = None) -> None:
        """Note that something happens now."""
        self.trace.append((self.loop.time(), what, content))
        self._news.set()

    def of(self, what: str, since: int = 0) -> list[Any]:
        """Return the contents of all that was noted under a word, since a place in the trace."""
        return [content for _, word, content in self.trace[since:] if word == what]

    async def wait(
        self, what: str, fits: Callable[[Any], bool] = lambda _: True, since: int = 0
    ) -> Any:
        """Wait until something was noted since a place in the trace; return its content.

        Raises TimeoutError after 1000 seconds.
        """
        async with asyncio.timeout(1000):
            while not (found := [one for one in self.of(what, since) if fits(one)]):
                self._news.clear()
                await self._news.wait()
        return found[0]
