"""What the sensor holds: which sensor it is, which slots are occupied, and by whose ids.

Work on slots of a sensor always comes together with asking for its mark: sensors are swapped while
nobody looks, and slot 5 of another one is somebody else's.
"""

from fpreader.memory import DELETE
from fpreader.sensor_commands import DELET_CHAR, READ_INDEX_TABLE
from fpreader.sensor_connection import OK, CodeError, SensorError
from fpreader.sensor_mark import SensorMark
from fpreader.slot_index import SlotIndex, is_occupied, occupied

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fpreader.board import Board
    from fpreader.memory import Memory
    from fpreader.sensor import Sensor
    from fpreader.sensor_probe import SensorProbe


class Templates:
    """The sensor's templates beside the reader's memory of them.

    What asks the sensor raises SensorError as Sensor does; what writes to flash raises OSError.
    """

    def __init__(
        self, board: "Board", sensor: "Sensor", probe: "SensorProbe", memory: "Memory"
    ) -> None:
        self.sensor = sensor
        self.probe = probe
        self.memory = memory
        self.slots = SlotIndex(sensor)
        """Asks the sensor which slots are occupied."""
        self._mark = SensorMark(board, sensor, probe, memory)
        self._index = bytearray()
        self.capacity: int | None = None
        """Slots of the sensor; None until it has answered."""
        self.security_level: int | None = None
        """How strictly the sensor compares, 1 to 5; None until it has answered sensibly."""
        self.changed = False
        """Whether this is another sensor than the one whose ids the memory holds."""
        self.unclear = False
        """Whether it was not to be proven what a Store has stored, since the sensor was started."""

    async def start(self) -> None:
        """Find out which sensor is there, and bring it and the memory into step.

        Source: the three steps at start in "What the reader keeps in flash" of the protocol.
        """
        await self.probe.run()
        capacity = self.probe.capacity or 0
        await self._mark.meet()
        # Read twice before all ids are void.
        changed = not (await self.is_ours() or await self.is_ours())
        await self.slots.start(capacity, None if changed else self.memory.index_shift)
        if self.memory.operation and not changed:
            await self._finish(self.memory.operation)
        index = await self.slots.read()
        if not changed:
            if not await self.is_ours():
                raise SensorError  # the index may be another sensor's
            self.memory.reconcile(lambda slot: slot < capacity and is_occupied(index, slot))
        self._set(capacity, index, changed=changed)
        self._keep_shift()

    async def accept(self) -> bool:
        """Accept the connected sensor as this reader's own; False where it is that already."""
        if await self.is_ours() or await self.is_ours():
            return False
        mark = await self._mark.make()
        await self.probe.run()
        capacity = self.probe.capacity or 0
        await self.slots.start(capacity, None)
        index = await self.slots.read()
        if not await self._mark.is_there(mark):
            raise SensorError  # what was read may be another sensor's
        self.memory.accept(mark)
        self._set(capacity, index, changed=False)
        return True

    async def is_ours(self) -> bool:
        """Ask for the mark: is this the sensor whose ids the memory holds."""
        return await self._mark.is_ours()

    async def search(self, first: int = 0, count: int = 0) -> "tuple[int, int] | None":
        """Look for the finger of buffer 1 (count 0: in all slots): (slot, score) or None.

        Raises SensorError also when the answer came from another sensor.
        """
        found = await self.sensor.search(1, first, count or self.capacity or 0)
        if not await self.is_ours():
            raise SensorError
        return found

    async def is_free(self, slot: int) -> bool:
        """Ask our sensor whether a slot is free; that of another one is not."""
        free = await self.is_ours() and await self.slots.prove_free(slot)
        self._keep_shift()
        return free

    async def store(self, slot: int) -> str:
        """Store into a slot that was free: good, refused, or taken, and then nothing was stored.

        It is good when the sensor shows exactly this one beside those before.
        """
        if not await self.is_ours():
            return "taken"
        if not await self.sensor.store(slot):
            return "refused"
        if not await self.slots.prove_stored(slot):
            self.unclear = True
            return "refused"
        self._keep_shift()
        return "good"

    async def empty(self, slot: int) -> None:
        """Empty a slot of our sensor, and make sure of it. Raises SensorError where it is not."""
        if not await self.is_ours():
            raise SensorError
        code = await self.sensor.delet_char(slot)
        emptied = await self.slots.prove_emptied(slot)
        self._keep_shift()
        if not emptied:
            raise SensorError if code == OK else CodeError(DELET_CHAR, code)

    async def delete(self, slot: int, template_id: "str | None") -> bool:
        """Empty a slot and forget its id; False where the sensor has kept the template after all.

        If it raises after the operation was recorded, the record stays and the next start completes
        the delete.
        """
        if not await self.is_ours():
            raise SensorError
        operation = {"op": DELETE, "slot": slot, "template_id": template_id}
        self.memory.keep_operation(operation)
        await self.sensor.delet_char(slot)
        emptied = await self.slots.prove_emptied(slot)
        self._keep_shift()
        if not emptied:
            self.memory.end_operation()
            return False
        self.memory.forget(slot)
        self._index[slot >> 3] &= ~(1 << (slot & 7))
        return True

    async def adopt(self, slot: int, template_id: str) -> None:
        """Give an id to the template in a slot. Raises SensorError where it is not there."""
        if not await self.slots.is_taken(slot) or not await self.is_ours():
            raise SensorError
        self.memory.adopt(slot, template_id)

    async def set_security_level(self, level: int) -> None:
        """Let the sensor compare this strictly, from 1 to 5, and make sure that it does."""
        await self.sensor.set_security_level(level)
        _, self.security_level = await self.sensor.read_sys_para()
        if self.security_level != level:
            raise SensorError

    def commit(self, slot: int, template_id: str, snapshot: "dict[str, Any]") -> None:
        """Make an enrollment count, in flash and here."""
        self.memory.commit(slot, template_id, snapshot)
        self._index[slot >> 3] |= 1 << (slot & 7)

    def is_occupied(self, slot: int) -> bool:
        """Tell whether the slot held a template when the index was read, or since."""
        return is_occupied(self._index, slot)

    def may_store(self, slot: int) -> bool:
        """Tell whether a slot was free then, for certain."""
        return self.slots.may_store(self._index, slot)

    def lowest_free(self) -> "int | None":
        """Give the lowest free slot; None when the sensor is full."""
        for slot in range(self.capacity or 0):
            if self.may_store(slot):
                return slot
        return None

    @property
    def slots_known(self) -> bool:
        """Whether it is proven which slot each occupied one is."""
        return self.slots.shift is not None or not any(self._index)

    def page(self, first: int, most: int) -> "tuple[list[tuple[int, str | None]], int | None]":
        """List occupied slots from one on, with their ids, and give the slot that comes next."""
        found: list[tuple[int, str | None]] = []
        for slot in self._occupied(first):
            if len(found) == most:
                return found, slot
            found.append((slot, None if self.changed else self.memory.template_id(slot)))
        return found, None

    @property
    def revision(self) -> "str | None":
        """The revision of what the sensor holds (protocol, `templates`); None until it is known."""
        if self.capacity is None:
            return None
        return self.memory.revision(self._occupied(), void=self.changed)

    def info(self) -> "dict[str, Any]":
        """Give what the sensor was found to be, as `sensor_info` of hello."""
        shift = self.slots.shift
        by_table = not isinstance(shift, str)
        return {
            "product": self.probe.product,
            "missing": self.probe.missing,
            "mark": self._mark.is_kept,
            "index": "table" if by_table else shift,
            "index_shift": shift if by_table else None,
            "count_agrees": self.slots.count_agrees,
        }

    def description(self) -> str:
        """Say in one line what the sensor was found to be, for the console."""
        info = self.info()
        found = (
            self.probe.model.name,
            info["product"],
            self.capacity,
            self.probe.model.buffers,
            self.security_level,
            info["index"],
            info["mark"],
            ", ".join("%02X" % command for command in info["missing"]) or "nothing",
        )
        return (
            "%s (ReadProdInfo: %s), %s slots, %s buffers, security level %s, index by %s, "
            "mark %s, lacks %s" % found
        )

    def state(self) -> "dict[str, Any]":
        """Give capacity, count, revision and sensor_changed, as on the topic `templates`."""
        return {
            "capacity": self.capacity,
            "count": None if self.capacity is None else occupied(self._index),
            "revision": self.revision,
            "sensor_changed": self.changed,
        }

    def _set(self, capacity: int, index: bytearray, *, changed: bool) -> None:
        self.capacity, self._index = capacity, index
        self.security_level, self.changed = self.probe.security_level, changed
        self.unclear = False

    def _occupied(self, begin: int = 0) -> "Iterator[int]":
        """Go through the occupied slots from one on, in ascending order."""
        capacity = self.capacity or 0
        for first in range(begin & ~7, capacity, 8):
            if self._index[first >> 3]:  # most are empty, and looking at each takes a reader long
                for slot in range(max(first, begin), min(first + 8, capacity)):
                    if self.is_occupied(slot):
                        yield slot

    async def _finish(self, operation: "dict[str, Any]") -> None:
        """Bring the slot of an operation that was interrupted into its final state."""
        if operation.get("op") == DELETE:
            # The index tells what came of it.
            await self.sensor.delet_char(operation["slot"])
        # Before Store, what is there is somebody else's. Firmware 0.1 noted only the scans; Store
        # belongs to the last but one.
        elif operation.get("stored", len(operation["captured"]) >= operation["total"] - 2):
            await self.empty(operation["slot"])

    def _keep_shift(self) -> None:
        """Remember what was proven of the index table; found out again where flash refuses.

        Not that it is missing: that is asked at each start, and may have been a fault of then.
        """
        shift = self.slots.shift
        if shift is None or READ_INDEX_TABLE in self.sensor.connection.missing:
            return
        if shift != self.memory.index_shift and not self.changed:
            try:
                self.memory.keep_index_shift(shift)
            except OSError as error:
                print("templates: the flash refuses:", error)
