"""The board of a simulated reader for one run of the firmware: its interface to the hardware.

Without power, whatever uses the board gets a CancelledError, which ends the firmware's tasks.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fpreader.board import Board
from fpreader.enrollment import POLL_MS
from tests.simulation.flash import JournalRecords, Power, Records
from tests.simulation.seen_fingers import ALWAYS_MS, NO_FINGER
from tests.simulation.sensor_line import Port

if TYPE_CHECKING:
    from tests.simulation.reader import SimulatedReader
    from tests.simulation.seen_fingers import SeenFingers

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
        idle = 0.0 if seconds != POLL_MS / 1000 or sensor_line.changed else self._idle_s()
        if idle:
            begin = self._loop.time()
            await sensor_line.wait(idle)
            seconds -= (self._loop.time() - begin) % seconds
        await asyncio.sleep(seconds)
        self.power.check()

    async def open_connection(self, host: str, port: int) -> tuple[Any, Any]:
        """Connect to the broker."""
        self.power.check()
        reader, writer = await self._reader.open_connection(host, port)
        return reader, _Writer(writer, self.power)

    def _idle_s(self) -> float:
        """Return for how many seconds only an event at the sensor can change anything."""
        app, seen = self._reader.app, self._reader.seen
        if app is None:
            return IDLE_S
        sensor_line = self._reader.sensor_line
        if sensor_line.flickers and self._reader.sensor.finger is not None:
            return 0.0
        left_ms = app.scanner.snapshot["timeout_ms"]
        if left_ms is not None:
            # A finger that seems to be gone has to be missing for a while.
            waits = "place_finger" if seen.image == NO_FINGER else "lift_finger"
            still = app.scanner.snapshot["stage"] == waits
            return min(IDLE_S, left_ms / 1000 / self._drift) if still else 0.0
        touched = app.scanner._touches._best is not None
        return 0.0 if touched else self._unchanged_s(seen)

    def _unchanged_s(self, seen: SeenFingers) -> float:
        """Return for how many seconds what was seen of fingers stays as it is; 0: not known yet."""
        if seen.resting is False:
            return IDLE_S
        if seen.resting is None or seen.image == NO_FINGER:
            return 0.0
        if seen.heard_ms - seen.since_ms >= ALWAYS_MS:
            return IDLE_S
        # By then it may be no finger at all, and that is told.
        return max(0, seen.since_ms + ALWAYS_MS - self.clock()) / 1000 / self._drift


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
