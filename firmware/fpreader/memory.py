"""What the reader keeps in flash (protocol, "What the reader keeps in flash").

Map, operation record, last snapshot and mark are one record, so one write commits an enrollment:
there is no moment at which one of them knows of it and another does not.
"""

import hashlib
from binascii import hexlify

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Protocol

    class Records(Protocol):
        """Where records are kept; see storage.Storage."""

        def read(self, name: str) -> Any:
            """Give a record back, or None."""

        def write(self, name: str, value: Any) -> None:
            """Replace a record; OSError when the flash refuses."""

        def set_aside(self, name: str) -> None:
            """Let a record that cannot be believed count as erased."""


RECORD = "memory"
MARK_BYTES = 16

_SLOT = 2
_ID = 8
_ENTRY = _SLOT + _ID


class TemplateIds:
    """The map slot → template id, packed: a thousand strings are too much for a reader's RAM."""

    def __init__(self, packed: bytes = b"") -> None:
        if len(packed) % _ENTRY:
            raise ValueError("torn map")
        self._packed = packed

    def __iter__(self) -> "Iterator[int]":
        """Go through the slots in ascending order."""
        for start in range(0, len(self._packed), _ENTRY):
            yield self._packed[start] << 8 | self._packed[start + 1]

    def get(self, slot: int) -> "str | None":
        """Give the id of a slot."""
        start = self._find(slot)
        if not self._is_at(start, slot):
            return None
        return _hex(self._packed[start + _SLOT : start + _ENTRY])

    def with_id(self, slot: int, template_id: str) -> "TemplateIds":
        """Make the map in which this slot has this id."""
        start = self._find(slot)
        end = start + _ENTRY if self._is_at(start, slot) else start
        entry = bytes((slot >> 8, slot & 0xFF)) + bytes.fromhex(template_id)
        return TemplateIds(self._packed[:start] + entry + self._packed[end:])

    def only(self, slots: "Iterable[int]") -> "TemplateIds":
        """Make the map of these slots; each has to be in it."""
        packed = b""
        for slot in slots:
            start = self._find(slot)
            packed += self._packed[start : start + _ENTRY]
        return TemplateIds(packed)

    def packed(self) -> bytes:
        """Give all entries: slot (2 bytes), id (8 bytes), ascending by slot."""
        return self._packed

    def _find(self, slot: int) -> int:
        """Where the slot's entry is, or would be."""
        low, high = 0, len(self._packed) // _ENTRY
        while low < high:
            middle = (low + high) // 2
            start = middle * _ENTRY
            if self._packed[start] << 8 | self._packed[start + 1] < slot:
                low = middle + 1
            else:
                high = middle
        return low * _ENTRY

    def _is_at(self, start: int, slot: int) -> bool:
        return self._packed[start : start + _SLOT] == bytes((slot >> 8, slot & 0xFF))


class Memory:
    """The record, in RAM and in flash.

    A method that writes raises OSError when the flash refuses, and then nothing has changed.
    """

    def __init__(self, records: "Records") -> None:
        self._records = records
        self.mark: bytes | None = None
        self.operation: dict[str, Any] | None = None
        """The enrollment that may have left something in its slot; see Enrollment.operation."""
        self.last: dict[str, Any] | None = None
        """The final snapshot of the last enrollment, without `v`."""
        self._ids = TemplateIds()
        record = records.read(RECORD)
        if record is None:
            return
        try:
            mark = record["mark"]
            ids = TemplateIds(bytes.fromhex(record["map"]))
            self._set(mark and bytes.fromhex(mark), ids, record["operation"], record["last"])
        except (KeyError, TypeError, ValueError):
            # Whole, but not written by this firmware.
            records.set_aside(RECORD)

    def template_id(self, slot: int) -> "str | None":
        """Give the id that was given to the template in this slot."""
        return self._ids.get(slot)

    def keep_mark(self, mark: bytes) -> None:
        """Remember the mark of the sensor that was met for the first time."""
        self._write(mark, self._ids, self.operation, self.last)

    def keep_operation(self, operation: "dict[str, Any]") -> None:
        """Remember how far the running enrollment has come."""
        self._write(self.mark, self._ids, operation, self.last)

    def commit(self, slot: int, template_id: str, snapshot: "dict[str, Any]") -> None:
        """Make an enrollment count: the one write after which it is completed."""
        self._write(self.mark, self._ids.with_id(slot, template_id), None, snapshot)

    def end(self, snapshot: "dict[str, Any]", *, emptied: bool) -> None:
        """Remember how an enrollment failed, and its slot as long as it is not emptied.

        Does not raise: where the flash refuses, this is true until the next start, which then ends
        the enrollment once more.
        """
        operation = None if emptied else self.operation
        try:
            self._write(self.mark, self._ids, operation, snapshot)
        except OSError as error:
            print("memory: the end of an enrollment is not kept:", error)
            self._set(self.mark, self._ids, operation, snapshot)

    def end_operation(self) -> None:
        """Forget the operation: its slot is as it was before."""
        self._write(self.mark, self._ids, None, self.last)

    def drop_ids(self, is_occupied: "Callable[[int], bool]") -> None:
        """Forget the ids of slots whose template is gone."""
        kept = self._ids.only([slot for slot in self._ids if is_occupied(slot)])
        if kept.packed() != self._ids.packed():
            self._write(self.mark, kept, self.operation, self.last)

    def revision(self, occupied: "Iterable[int]", *, void: bool) -> str:
        """Work out the revision (protocol, `templates`) of these slots, in ascending order.

        With `void` no id counts, because another sensor is there.
        """
        digest = hashlib.sha256(hexlify(self.mark or b"") + b"\n")
        for slot in occupied:
            template_id = None if void else self._ids.get(slot)
            digest.update(("%d:%s\n" % (slot, template_id or "")).encode())
        return _hex(digest.digest()[:8])

    def _write(
        self,
        mark: "bytes | None",
        ids: TemplateIds,
        operation: "dict[str, Any] | None",
        last: "dict[str, Any] | None",
    ) -> None:
        record = {
            "mark": mark and _hex(mark),
            "map": _hex(ids.packed()),
            "operation": operation,
            "last": last,
        }
        self._records.write(RECORD, record)
        self._set(mark, ids, operation, last)

    def _set(
        self,
        mark: "bytes | None",
        ids: TemplateIds,
        operation: "dict[str, Any] | None",
        last: "dict[str, Any] | None",
    ) -> None:
        self.mark = mark
        self._ids = ids
        self.operation = operation
        self.last = last


def _hex(data: bytes) -> str:
    # Not data.hex(): MicroPython 1.25 makes bytes of it when there are none.
    return hexlify(data).decode()
