"""The mark in the sensor's notepad, by which a reader knows its own sensor again.

Slot 5 of another sensor is somebody else's. A sensor without a notepad cannot be marked; then the
reader cannot notice that another one without is in its place.
"""

from fpreader.memory import MARK_BYTES, NO_MARK
from fpreader.sensor import NOTEPAD_BYTES
from fpreader.sensor_commands import READ_NOTEPAD
from fpreader.sensor_connection import CodeError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from fpreader.board import Board
    from fpreader.memory import Memory
    from fpreader.sensor import Sensor
    from fpreader.sensor_probe import SensorProbe

#: The notepad page that holds the mark: the last that all manuals know (some end at 0E).
MARK_PAGE = 14


class SensorMark:
    """Marks the sensor that was probed, and asks it for its mark.

    What asks the sensor raises SensorError as Sensor does; what writes to flash raises OSError.
    """

    def __init__(
        self, board: "Board", sensor: "Sensor", probe: "SensorProbe", memory: "Memory"
    ) -> None:
        self._random = board.random
        self._sensor = sensor
        self._probe = probe
        self._memory = memory
        self.is_kept = True
        """Whether the sensor keeps a mark."""
        self._written = NO_MARK  # what was written last

    async def meet(self) -> None:
        """Find out whether the sensor keeps a mark, and give it one where none is known."""
        mark = self._memory.mark
        has_notepad = self._probe.has_notepad
        if mark is None:
            self._memory.keep_mark(await self.make())
        elif mark == NO_MARK:
            # The one that is known could not keep one; this one may be another.
            self.is_kept = bool(has_notepad) and await self._try() is not None
        elif has_notepad is None:
            raise CodeError(READ_NOTEPAD, None)  # silence does not make it another sensor
        else:
            self.is_kept = has_notepad

    async def is_ours(self) -> bool:
        """Ask for the mark: is this the sensor whose ids the memory holds.

        A sensor that cannot keep one passes for the one that could not either.
        """
        mark = self._memory.mark
        if mark is None or mark == NO_MARK:
            return not self.is_kept and mark == NO_MARK
        return await (self.is_there(mark) if self.is_kept else self._is_there_after_all(mark))

    async def make(self) -> bytes:
        """Mark the sensor that this reader meets first, or that it is told to accept as its own.

        A mark that is there already is replaced: it belongs to another reader, which must notice
        when it gets back a sensor whose templates were not its own for a while.
        Write the mark to the sensor first, then to flash: the other way round, a power cut would
        leave a reader that takes its own sensor for another one.
        Gives NO_MARK where the sensor cannot keep one.
        """
        mark = None
        if self._probe.has_notepad:
            mark = await self._try() or await self._try()
        self.is_kept = mark is not None
        if mark is None:
            print("sensor: keeps no mark; another one in its place will not be noticed")
        return mark or NO_MARK

    async def is_there(self, mark: bytes) -> bool:
        """Ask whether the sensor has this mark; NO_MARK is always there."""
        if mark == NO_MARK:
            return True
        return (await self._sensor.read_notepad(MARK_PAGE))[:MARK_BYTES] == mark

    async def _is_there_after_all(self, mark: bytes) -> bool:
        """Ask a sensor that seemed to have no notepad: that may have been a fault of the moment."""
        connection = self._sensor.connection
        errors = connection.errors
        try:
            self.is_kept = await self.is_there(mark)
        except CodeError:
            connection.errors = errors  # that it lacks a command is no error
        if self.is_kept:
            connection.missing.discard(READ_NOTEPAD)
        return self.is_kept

    async def _try(self) -> "bytes | None":
        """Write a new mark to the sensor; give it, or None where the sensor does not keep it."""
        # Not once more with each start that fails afterwards: it wears the sensor's flash.
        if self._written != NO_MARK and await self.is_there(self._written):
            return self._written
        self._written = mark = self._random(MARK_BYTES)
        try:
            await self._sensor.write_notepad(MARK_PAGE, mark + bytes(NOTEPAD_BYTES - MARK_BYTES))
        except CodeError:
            return None
        return mark if await self.is_there(mark) else None
