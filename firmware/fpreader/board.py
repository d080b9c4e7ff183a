"""What one kind of hardware provides: everything by which the reader touches the world."""

import asyncio
import gc
import os

from fpreader.journal_file import JournalFile
from fpreader.storage import Storage
from fpreader.uptime import Uptime

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from fpreader.sensor import Stream


class Board:
    """What all boards have in common: files in a folder, and the clock and network of Python."""

    name: str
    """Word for `board` on `status`."""
    device: str
    """Hardware id."""
    stream: "Stream"
    """The line to the sensor."""
    beat_ms = 1000
    """Most milliseconds between two calls of `feed`."""

    def __init__(self, folder: str) -> None:
        self.records = Storage(folder)
        self.journal_file = JournalFile(folder + "/journal")
        self._uptime = Uptime()

    def clock(self) -> int:
        """Give the uptime in milliseconds, which never wraps."""
        return self._uptime()

    def random(self, size: int) -> bytes:
        """Give so many random bytes."""
        return os.urandom(size)

    def collect(self) -> None:
        """Make room on the heap, in large pieces."""
        gc.collect()

    async def sleep(self, seconds: float) -> None:
        """Let seconds go by in which the sensor is left alone."""
        await asyncio.sleep(seconds)

    async def open_connection(self, host: str, port: int) -> "tuple[Any, Any]":
        """Connect to a host and a port: the streams of asyncio, to read and to write."""
        return await asyncio.open_connection(host, port)

    async def network(self) -> None:
        """Return once there is a network; OSError when that takes too long."""

    def feed(self) -> None:
        """Tell the watchdog, where there is one, that the program lives."""

    def signal(self) -> "int | None":
        """Give the strength of the radio signal in dBm; None where there is none."""
        return None

    def free_memory(self) -> "int | None":
        """Give the bytes that are free after a collection; None where nobody knows."""
        if not hasattr(gc, "mem_free"):  # CPython, whose heap has no end
            return None
        gc.collect()
        return gc.mem_free()
