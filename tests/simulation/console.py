"""Redirects what simulated readers print to their observers, away from standard output."""

from __future__ import annotations

import contextlib
import contextvars
import io
import sys
from typing import TYPE_CHECKING, override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Called with each line that is printed in this context; each reader has a context of its own.
console: contextvars.ContextVar[Callable[[str], None] | None] = contextvars.ContextVar(
    "console", default=None
)


class _Consoles(io.TextIOBase):
    """Passes each printed line to the listener of the current context."""

    def __init__(self) -> None:
        self._others = sys.stdout
        self._begun = ""

    @override
    def write(self, text: str) -> int:
        listener = console.get()
        if listener is None:
            return self._others.write(text)
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            listener(line)
        return len(text)


@contextlib.contextmanager
def consoles() -> Iterator[None]:
    """Pass what the firmware prints to `Observer.printed` instead of standard output."""
    with contextlib.redirect_stdout(_Consoles()):
        yield
