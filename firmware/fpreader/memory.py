"""What the reader keeps in flash (protocol, "What the reader keeps in flash").

Map, operation record, last snapshot, mark and settings are one record, so one write commits an
enrollment or a delete: there is no moment at which one of them knows of it and another does not.
"""

import hashlib
import json
from binascii import hexlify

from fpreader.sensor import LED_COLORS
from fpreader.template_ids import TemplateIds, to_hex

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from fpreader.storage import Storage

RECORD = "memory"
MARK_BYTES = 16
#: In the place of the mark of a sensor that cannot keep one.
NO_MARK = b""
#: What an operation record calls an enrollment and a delete.
ENROLL, DELETE = "enroll", "delete"


class Memory:
    """The record, in RAM and in flash.

    A method that writes raises OSError when the flash refuses, and then nothing has changed.
    """

    def __init__(self, records: "Storage") -> None:
        self._records = records
        self._kept = _empty()
        record = records.read(RECORD)
        if record is None:
            return
        try:
            self._kept = unpack(*record)
        except (KeyError, TypeError, ValueError):
            # Whole, but not written by this firmware.
            records.set_aside(RECORD)

    @property
    def mark(self) -> "bytes | None":
        """The mark of the sensor whose ids these are, or NO_MARK; None before one was met."""
        mark: bytes | None = self._kept["mark"]
        return mark

    @property
    def operation(self) -> "dict[str, Any] | None":
        """The operation record: what may have left something in its slot, or not yet removed it.

        `op` says which kind it is: ENROLL, or missing, with what Enrollment.operation tells; or
        DELETE with slot and template_id.
        """
        operation: dict[str, Any] | None = self._kept["operation"]
        return operation

    @property
    def index_shift(self) -> "int | str | None":
        """What was proven of the sensor's index table (SlotIndex.shift); None: nothing."""
        shift: int | str | None = self._kept["index_shift"]
        return shift

    @property
    def last(self) -> "dict[str, Any] | None":
        """The final snapshot of the last enrollment, without `v`."""
        last: dict[str, Any] | None = self._kept["last"]
        return last

    @property
    def identification(self) -> bool:
        """Whether touches that are identified are reported."""
        return bool(self._kept["identification"])

    @property
    def led_color(self) -> str:
        """The steady colour of the sensor's light, one of LED_COLORS."""
        color: str = self._kept["led_color"]
        return color

    def template_id(self, slot: int) -> "str | None":
        """Give the id that was given to the template in this slot."""
        return self._ids.get(slot)

    def has_id(self, template_id: str) -> bool:
        """Tell whether some slot has this id."""
        return self._ids.has(template_id)

    def keep_mark(self, mark: bytes) -> None:
        """Remember the mark of the sensor that was met for the first time."""
        self._write(mark=mark)

    def accept(self, mark: bytes) -> None:
        """Accept the connected sensor as this reader's own.

        No id of the one before counts, nor does its operation.
        """
        self._write(mark=mark, ids=TemplateIds(), operation=None, index_shift=None)

    def keep_index_shift(self, shift: "int | str") -> None:
        """Remember what was proven of the sensor's index table."""
        self._write(index_shift=shift)

    def keep_operation(self, operation: "dict[str, Any]") -> None:
        """Remember how far what is going on has come."""
        self._write(operation=operation)

    def keep_settings(self, identification: bool, led_color: str) -> None:  # noqa: FBT001 - a value
        """Remember whether identified touches are reported, and the light's steady colour."""
        self._write(identification=identification, led_color=led_color)

    def commit(self, slot: int, template_id: str, snapshot: "dict[str, Any]") -> None:
        """Make an enrollment count: the one write after which it is completed."""
        self._write(ids=self._ids.with_id(slot, template_id), operation=None, last=snapshot)

    def adopt(self, slot: int, template_id: str) -> None:
        """Give an id to a template that has none."""
        self._write(ids=self._ids.with_id(slot, template_id))

    def forget(self, slot: int) -> None:
        """Make a delete count: the one write after which it is done."""
        self._write(ids=self._ids.only(lambda one: one != slot), operation=None)

    def end_enrollment(self, snapshot: "dict[str, Any]", *, emptied: bool) -> None:
        """Remember how an enrollment failed, and its slot as long as it is not emptied.

        Does not raise: where the flash refuses, this is true until the next start, which then ends
        the enrollment once more.
        """
        operation = None if emptied else self.operation
        try:
            self._write(operation=operation, last=snapshot)
        except OSError as error:
            print("memory: the end of an enrollment is not kept:", error)
            self._kept["operation"], self._kept["last"] = operation, snapshot

    def end_operation(self) -> None:
        """Forget the operation: its slot is as it was before."""
        self._write(operation=None)

    def reconcile(self, is_occupied: "Callable[[int], bool]") -> None:
        """Forget the operation, which has been ended, and the ids whose template is gone."""
        kept = self._ids.only(is_occupied)
        if kept is not self._ids or self.operation is not None:
            self._write(ids=kept, operation=None)

    def revision(self, occupied: "Iterable[int]", *, void: bool) -> str:
        """Work out the revision (protocol, `templates`) of these slots, in ascending order.

        With `void` no id counts, because another sensor is there.
        """
        digest = hashlib.sha256(hexlify(self.mark or b"") + b"\n")
        for slot in occupied:
            template_id = None if void else self._ids.get(slot)
            digest.update(("%d:%s\n" % (slot, template_id or "")).encode())
        return to_hex(digest.digest()[:8])

    @property
    def _ids(self) -> TemplateIds:
        ids: TemplateIds = self._kept["ids"]
        return ids

    def _write(self, **changed: "Any") -> None:
        kept = dict(self._kept)
        kept.update(changed)
        self._records.write(RECORD, _head(kept), kept["ids"].packed())
        self._kept = kept


def unpack(line: bytes, pieces: "list[bytes]") -> "dict[str, Any]":
    """Read what a record holds, by the names of Memory, and the map as `ids`.

    Raises what JSON and dictionaries raise where no firmware has written it.
    """
    kept = _empty()
    head = json.loads(line.decode())
    # The map is not part of the JSON, or a thousand ids would be 20 kB of text, several times.
    # Firmware 0.1 wrote it so.
    kept["ids"] = TemplateIds([bytes.fromhex(head["map"])] if "map" in head else pieces)
    kept["mark"] = None if head["mark"] is None else bytes.fromhex(head["mark"])
    kept["index_shift"] = head.get("index_shift")
    kept["operation"] = head["operation"]
    kept["last"] = head["last"]
    kept["identification"] = head.get("identification", True)
    # Firmware 0.1 had no settings; a colour that only a later one knows is not worth all the rest.
    if head.get("led_color") in LED_COLORS:
        kept["led_color"] = head["led_color"]
    return kept


def _head(kept: "dict[str, Any]") -> bytes:
    mark = kept["mark"]
    head = {
        "mark": None if mark is None else to_hex(mark),
        "index_shift": kept["index_shift"],
        "operation": kept["operation"],
        "last": kept["last"],
        "identification": kept["identification"],
        "led_color": kept["led_color"],
    }
    return json.dumps(head).encode() + b"\n"


def _empty() -> "dict[str, Any]":
    return {
        "mark": None,
        "index_shift": None,
        "ids": TemplateIds(),
        "operation": None,
        "last": None,
        "identification": True,
        "led_color": LED_COLORS[0],
    }
