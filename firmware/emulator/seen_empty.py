"""Waits until a reader takes the finger that was lifted for gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from .wire import Code, Command

if TYPE_CHECKING:
    from .line import SensorLine

#: How often, and over how many seconds, the sensor has to be seen empty in a row (protocol,
#: "`fingerprint`: a touch").
IMAGES: Final = 3
SECONDS: Final = 0.3


def wait_until_seen_empty(
    line: SensorLine, timeout: float = 30.0, *, seconds: float = SECONDS
) -> None:
    """Return once the reader must know that no finger is there; TimeoutError if it does not ask."""
    end = time.monotonic() + timeout
    since = line.command_count
    empty: list[float] = []
    # One more than the reader needs: it has handled the one before when it asks again. And one
    # before that, whose answer may be lost.
    while len(empty) <= IMAGES + 1 or empty[-2] - empty[1] < seconds:
        image = line.wait_for_command(Command.GEN_IMG, end - time.monotonic(), since=since)
        since = image.number + 1
        if image.code == Code.NO_FINGER:
            empty.append(image.time)
        else:
            empty.clear()
