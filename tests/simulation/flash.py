"""The flash of a simulated reader: its content survives power cuts, and writes to it can fail."""

from __future__ import annotations

import asyncio
import errno
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from fpreader.journal_file import JournalFile
from fpreader.memory import RECORD, unpack
from fpreader.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from random import Random


def nothing() -> None:
    """Do nothing, as the default of a callback."""


class CutPoint(Enum):
    """When the power is cut, relative to a write."""

    BEFORE = "before"
    #: The last record that is added to the journal is torn; any other write: as BEFORE.
    DURING = "during"
    AFTER = "after"


class Power:
    """Whether one run of the firmware has power: from its start until a restart or a power cut."""

    def __init__(self) -> None:
        self.on = True

    def check(self) -> None:
        """Raise CancelledError without power, which ends the calling task of the firmware."""
        if not self.on:
            raise asyncio.CancelledError("no power")


class Flash:
    """The content of the flash, and its faults."""

    def __init__(self, rng: Random, cut: Callable[[], None]) -> None:
        """Make an erased flash; `cut` is called to cut the reader's power."""
        self.records: dict[str, tuple[bytes, list[bytes]]] = {}
        """By name."""
        self.journal: list[bytes | None] = []
        """None stands for a damaged record."""
        self.refuses = False
        """Whether every write fails."""
        self.unreadable = False
        """Whether every read fails."""
        self.writes = 0
        """Number of writes begun so far."""
        self._rng = rng
        self._cut = cut
        self._planned: tuple[int, CutPoint] | None = None
        self._before_cut: Callable[[], None] = nothing
        self.refused: Callable[[], None] = nothing
        """Called when a write is refused."""
        self._unpacked: tuple[object, dict[str, Any]] | None = None
        """Cache: the record that was unpacked last, and its content."""
        self._mapped: tuple[object, dict[int, str]] | None = None
        """The same for its map, which must not be modified."""

    def cut_at(
        self,
        nth: int = 1,
        point: CutPoint = CutPoint.AFTER,
        before_cut: Callable[[], None] = nothing,
    ) -> None:
        """Cut the power around the nth write from now; `before_cut` is called right before."""
        self._planned = (self.writes + nth, point)
        self._before_cut = before_cut

    def erase(self) -> None:
        """Erase everything."""
        self.records.clear()
        self.journal.clear()

    @property
    def memory(self) -> dict[int, str]:
        """The map as it is in flash, slot to template id."""
        record = self.records.get(RECORD)
        if record is None:
            return {}
        if self._mapped is None or self._mapped[0] is not record:
            ids = self._kept("ids")
            self._mapped = record, {slot: ids.get(slot) for slot in ids}
        return self._mapped[1]

    @property
    def operation(self) -> dict[str, Any] | None:
        """The operation record as it is in flash."""
        operation: dict[str, Any] | None = self._kept("operation")
        return operation

    @property
    def mark(self) -> bytes | None:
        """The mark of the sensor whose ids these are, as it is in flash."""
        mark: bytes | None = self._kept("mark")
        return mark

    def _kept(self, name: str) -> Any:
        record = self.records.get(RECORD)
        if record is None:
            return None
        if self._unpacked is None or self._unpacked[0] is not record:
            self._unpacked = record, unpack(*record)
        return self._unpacked[1][name]

    def check_readable(self) -> None:
        """Raise OSError where nothing can be read."""
        if self.unreadable:
            raise OSError(errno.EIO, "flash cannot be read")

    def write(self, work: Callable[[], object], tear: Callable[[], object] | None = None) -> None:
        """Do `work`, the write, unless the flash refuses it or the power is cut.

        `tear` does a part of it, where the write can be interrupted.
        """
        self.writes += 1
        planned = self._planned
        point = planned[1] if planned is not None and planned[0] == self.writes else None
        if point in {CutPoint.BEFORE, CutPoint.DURING}:
            if point is CutPoint.DURING and tear is not None:
                tear()
            self._lose_power()
        if self.refuses:
            self.refused()
            if tear is not None and self._rng.random() < 1 / 2:
                tear()
            raise OSError(errno.ENOSPC, "flash refuses")
        work()
        if point is CutPoint.AFTER:
            self._lose_power()

    def _lose_power(self) -> NoReturn:
        self._before_cut()
        self._cut()
        raise asyncio.CancelledError("no power")


class Observer(Protocol):
    """Notified about what a write to flash has changed."""

    def committed(self, slot: int, template_id: str) -> None:
        """Handle an id that was added to the map."""

    def accepted(self) -> None:
        """Handle that another sensor was accepted as the reader's own."""


class Records(Storage):
    """Replaces `fpreader.storage.Storage`: reads and writes the simulated flash."""

    def __init__(self, flash: Flash, power: Power, observer: Observer) -> None:
        self._flash = flash
        self._power = power
        self._observer = observer

    def read(self, name: str) -> tuple[bytes, list[bytes]] | None:
        """Return a record, None where there is none."""
        self._power.check()
        self._flash.check_readable()
        return self._flash.records.get(name)

    def write(self, name: str, line: bytes, pieces: list[bytes]) -> None:
        """Replace a record in one step."""
        self._power.check()
        before, mark = self._flash.memory, self._flash.mark

        def work() -> None:
            self._flash.records[name] = (line, pieces)
            if name != RECORD:
                return
            if mark is not None and mark != self._flash.mark:
                self._observer.accepted()
            for slot, template_id in self._flash.memory.items():
                if before.get(slot) != template_id:
                    self._observer.committed(slot, template_id)

        self._flash.write(work)

    def set_aside(self, name: str) -> None:
        """Treat a record as erased."""
        self._power.check()
        self._flash.records.pop(name, None)


class JournalRecords(JournalFile):
    """Replaces `fpreader.journal_file.JournalFile`: reads and writes the simulated flash."""

    def __init__(self, flash: Flash, power: Power) -> None:
        self._flash = flash
        self._power = power

    def read(self) -> Iterator[bytes | None]:
        """Return the records in the order written."""
        self._power.check()
        self._flash.check_readable()
        return iter(tuple(self._flash.journal))

    def append(self, records: list[bytes]) -> None:
        """Add records."""
        self._power.check()
        journal = self._flash.journal
        self._flash.write(
            lambda: journal.extend(records), lambda: journal.extend([*records[:-1], None])
        )

    def replace(self, records: Iterable[bytes]) -> None:
        """Replace all records in one step."""
        self._power.check()
        fresh = list(records)

        def work() -> None:
            self._flash.journal[:] = fresh

        self._flash.write(work)
