"""What happened in a history, for whoever has to understand it."""

from __future__ import annotations

import asyncio


class Trace:
    """Lines with their time; put together only when somebody reads them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines: list[tuple[float, str, str, tuple[object, ...]]] = []

    def note(self, who: str, what: str, *args: object) -> None:
        """Note what somebody did; the arguments fill the `%s` of the text."""
        self._lines.append((self._loop.time(), who, what, args))

    def __str__(self) -> str:
        """Return all lines."""
        return "\n".join(
            f"{time:10.3f}  {who:<16} {what % args if args else what}"
            for time, who, what, args in self._lines
        )
