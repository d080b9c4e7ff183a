"""What one kind of hardware provides: everything by which the reader touches the world."""

import asyncio
import gc
import os

from fpreader.journal_file import JournalFile
from fpreader.storage import Storage
from fpreader.uptime import Uptime

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from fpreader.sensor_connection import Stream


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
        self.clock: Callable[[], int] = Uptime()
        """Gives the uptime in milliseconds, which never wraps."""
        self.random: Callable[[int], bytes] = os.urandom
        """Gives so many random bytes."""
        self.collect: Callable[[], Any] = gc.collect
        """Makes room on the heap, in large pieces."""
        self.sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
        """Lets seconds go by in which the sensor is left alone."""
        self.open_connection: Callable[[str, int], Awaitable[tuple[Any, Any]]]
        """Connects to a host and a port: the streams of asyncio, to read and to write."""
        self.open_connection = asyncio.open_connection

    async def network(self) -> None:
        """Return once there is a network; OSError when that takes too long."""

    def feed(self) -> None:
        """Tell the watchdog, where there is one, that the program lives."""

    def signal(self) -> "int | None":
        """Give the strength of the radio signal in dBm; None where there is none."""
        return None

    def free_memory(self) -> "int | None":
        """Give the bytes that are free after a collection; None on CPython."""
        if not hasattr(gc, "mem_free"):
            return None
        gc.collect()
        return gc.mem_free()
