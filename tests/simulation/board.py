"""The board of a simulated reader for one run of the firmware: its interface to the hardware.

Without power, whatever uses the board gets a CancelledError, which ends the firmware's tasks.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fpreader.board import Board
from fpreader.enrollment import POLL_MS
from tests.simulation.flash import JournalRecords, Power, Records
from tests.simulation.sensor_line import Port

if TYPE_CHECKING:
    from tests.simulation.reader import SimulatedReader

#: Longest pause between two polls of a sensor to which nothing happens. On a real board it is
#: POLL_MS; here a longer one gives the same results with less work.
IDLE_S = 60.0


class SimulatedBoard(Board):
    """The board during one run of the firmware."""

    name = "esp32"
    #: The main loop wakes up for whatever happens; nobody watches over it here.
    beat_ms = 600_000

    def __init__(self, reader: SimulatedReader, power: Power) -> None:
        self.power = power
        self.device = reader.device
        self.records = Records(reader.flash, power, reader.observer)
        self.journal_file = JournalRecords(reader.flash, power)
        self.stream = Port(reader.sensor_line, power)
        self.random = reader.rng.randbytes
        self._reader = reader
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._drift = reader.drift

    def collect(self) -> None:
        """Do nothing: CPython collects garbage itself."""

    def clock(self) -> int:
        # Half a microsecond more, or rounding would make 299 ms of 0.3 s.
        return int((self._loop.time() - self._start) * self._drift * 1000 + 0.0005)

    @property
    def now(self) -> float:
        """The time of the event loop, in seconds."""
        return self._loop.time()

    def time_of(self, at_ms: int) -> float:
        """Return the loop's time at an uptime in milliseconds."""
        return self._start + at_ms / 1000 / self._drift

    def free_memory(self) -> int | None:
        """Return None: it is not measured."""
        return None

    async def sleep(self, seconds: float) -> None:
        """Wait; between two polls of an idle sensor, until something happens to it.

        The polls are still at the times of a real board: whole pauses apart.
        """
        sensor_line = self._reader.sensor_line
        if seconds == POLL_MS / 1000 and not sensor_line.changed:
            begin = self._loop.time()
            await sensor_line.wait(self._longest())
            seconds -= (self._loop.time() - begin) % seconds
        await asyncio.sleep(seconds)
        self.power.check()

    async def open_connection(self, host: str, port: int) -> tuple[Any, Any]:
        """Connect to the broker."""
        self.power.check()
        reader, writer = await self._reader.open_connection(host, port)
        return reader, _Writer(writer, self.power)

    def _longest(self) -> float:
        """Return for how many seconds only an event at the sensor can change anything."""
        app = self._reader.app
        left_ms = app.scanner.snapshot["timeout_ms"] if app is not None else None
        return IDLE_S if left_ms is None else min(IDLE_S, left_ms / 1000 / self._drift)


class _Writer:
    """The writing half of a connection; cannot be used without power."""

    def __init__(self, writer: Any, power: Power) -> None:
        self._writer = writer
        self._power = power
        #: Where CPython has `abort`.
        self.transport = self

    def write(self, data: bytes) -> None:
        self._power.check()
        self._writer.write(data)

    async def drain(self) -> None:
        self._power.check()
        await self._writer.drain()

    def abort(self) -> None:
        self._power.check()
        self._writer.transport.abort()

    def close(self) -> None:
        self._power.check()
        self._writer.close()

    async def wait_closed(self) -> None:
        self._power.check()
        await self._writer.wait_closed()
