"""Which slots of the sensor hold a template: asked for, and proven where something is stored.

ReadIndexTable tells it, as the manuals say with one bit for each slot. Real sensors shift the bits,
or lack the command. So a shift counts only when it was proven: by LoadChar at start, or by the bit
that the first Store sets. Until then a slot counts as free only when no shift could mean it. Where
there is no table, or it was found to be wrong, LoadChar of each slot takes its place.
"""

from fpreader.sensor import PAGE_SLOTS, SPARE_BUFFER
from fpreader.sensor_commands import LOAD_CHAR, READ_INDEX_TABLE, TEMPLETE_NUM
from fpreader.sensor_connection import CodeError, SensorError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from fpreader.sensor import Sensor

#: How far the bits of an index table may be shifted; none that was heard of is by more than 1.
MOST_SHIFT = 8
#: In the place of a shift: the index table is not to be believed.
NO_TABLE = "load_char"


class UnclearIndexError(SensorError):
    """The sensor does not tell, in a way that can be proven, which of its slots are occupied."""

    word = "unclear_index"


class SlotIndex:
    """Asks one sensor. What does so raises SensorError as Sensor does, and UnclearIndexError."""

    def __init__(self, sensor: "Sensor") -> None:
        self._sensor = sensor
        self._capacity = 0
        self.shift: int | str | None = None
        """Slot n is bit n + `shift` of the index table; NO_TABLE, or None while that is unknown."""
        self.count_agrees: bool | None = None
        """Whether TempleteNum agrees with the occupied slots; None where it does not answer."""
        self._load_char_works: bool | None = None
        """Whether LoadChar tells an empty slot from an occupied one; None: not known yet."""
        self._before = bytearray()  # the table before Store
        self._was_empty = False  # LoadChar found the slot empty before Store

    async def start(self, capacity: int, shift: "int | str | None") -> None:
        """Find out how this sensor tells it; `shift` is what was proven of it before."""
        self._capacity, self.shift = capacity, shift
        missing = self._sensor.connection.missing
        self._load_char_works = False if LOAD_CHAR in missing else None
        if READ_INDEX_TABLE in missing:
            self.shift = NO_TABLE
        if self.shift == NO_TABLE:
            return
        try:
            table = await self._table()
        except CodeError:
            # It lacks some of its pages, as far as can be said now.
            missing.add(READ_INDEX_TABLE)
            self.shift = NO_TABLE
            return
        if shift is None:
            self.shift = await self._find_shift(table)

    async def read(self) -> bytearray:
        """Give which slots are occupied, one bit each, lowest first, without any shift."""
        if self.shift == NO_TABLE:
            return await self._load_all()
        table = await self._table()
        index = self._unshifted(table)
        self.count_agrees = await self._agrees(index)
        if self.count_agrees is False:
            # Misread, or a sensor that cannot count: the same table once more is believed, unless
            # it hides templates.
            again = await self._table()
            if again != table:
                raise SensorError
            if isinstance(self.shift, int) and await self._hides(table):
                self.shift = NO_TABLE
                return await self._load_all()
        return index

    async def is_taken(self, slot: int) -> bool:
        """Ask for one slot; taken is also one of which it is not known."""
        if self.shift == NO_TABLE:
            return await self._sensor.load_char(SPARE_BUFFER, slot)
        if not isinstance(self.shift, int) or not 0 <= slot + self.shift < self._capacity:
            return self._may_mean(await self._table(), slot)
        page, bit = divmod(slot + self.shift, PAGE_SLOTS)
        return _bit(await self._sensor.read_index_table(page), bit)

    async def prove_emptied(self, slot: int) -> bool:
        """Ask whether a slot is empty after DeletChar, and learn that the table is wrong."""
        if not await self.is_taken(slot):
            return True
        if self.shift == NO_TABLE or await self._loads(slot) is not False:
            return False
        self.shift = NO_TABLE
        return True

    def may_store(self, index: bytearray, slot: int) -> bool:
        """Tell whether a slot is free for certain in an index that `read` gave."""
        return not any(is_occupied(index, near) for near in self._near(slot))

    async def prove_free(self, slot: int) -> bool:
        """Ask every witness whether a slot is free, right before Store. Overwrites buffer 2."""
        self._was_empty = False
        if self.shift != NO_TABLE:
            self._before = await self._table()
            if self._may_mean(self._before, slot):
                return False
        loads = await self._loads(slot)
        if loads and await self._load_char_lies(slot):
            loads = None
        if loads:
            # The table does not know of it, so it is not to be believed.
            self.shift = NO_TABLE
            return False
        self._was_empty = loads is False
        return self._was_empty or self.shift != NO_TABLE

    async def prove_stored(self, slot: int) -> bool:
        """Ask whether exactly this slot was filled since prove_free, and learn the shift by it."""
        if self.shift == NO_TABLE:
            return await self._sensor.load_char(SPARE_BUFFER, slot)
        after = await self._table()
        # Over the longer of the two: the page behind the last slot may answer only now and then.
        both = range(8 * max(len(after), len(self._before)))
        bits = [bit for bit in both if is_occupied(after, bit) != is_occupied(self._before, bit)]
        if len(bits) == 1 and is_occupied(after, bits[0]):
            shift = bits[0] - slot
            if shift == self.shift or (self.shift is None and abs(shift) <= MOST_SHIFT):
                self.shift = shift
                return True
        if self._was_empty and await self._loads(slot):
            # It is there, so the table is wrong, and so is what else it says.
            self.shift = NO_TABLE
            return True
        return False

    # --- the table ------------------------------------------------------------------

    async def _table(self) -> bytearray:
        table = bytearray()
        pages = (self._capacity - 1) // PAGE_SLOTS + 1
        for page in range(pages):
            table.extend(await self._sensor.read_index_table(page))
        if isinstance(self.shift, int) and self._capacity + self.shift > pages * PAGE_SLOTS:
            try:
                table.extend(await self._sensor.read_index_table(pages))
            except CodeError:
                pass  # not every sensor has a page behind its last slot
        return table

    def _unshifted(self, table: bytearray) -> bytearray:
        shift = self.shift or 0
        if not shift or isinstance(shift, str):
            return table
        index = bytearray(len(table))
        for bit in range(8 * len(table)):
            slot = bit - shift
            if _bit(table, bit) and 0 <= slot < 8 * len(index):
                index[slot >> 3] |= 1 << (slot & 7)
        return index

    def _near(self, slot: int) -> range:
        """Give the slots that may be meant by the bit of this one."""
        if self.shift is not None:
            return range(slot, slot + 1)
        return range(max(0, slot - MOST_SHIFT), slot + MOST_SHIFT + 1)

    def _may_mean(self, table: bytearray, slot: int) -> bool:
        index = self._unshifted(table)
        return any(is_occupied(index, near) for near in self._near(slot))

    async def _find_shift(self, table: bytearray) -> "int | str | None":
        """Find the shift of a table by its lowest slot; None: it cannot be, or none is occupied.

        NO_TABLE for one that has fewer bits than there are templates: a shift has lost them.
        """
        bits = [bit for bit in range(8 * len(table)) if _bit(table, bit)]
        if await self._hides(table):
            return NO_TABLE
        if not bits or await self._load_char_lies(None, table):
            return None
        for slot in range(max(0, bits[0] - MOST_SHIFT), bits[0] + MOST_SHIFT + 1):
            if slot < self._capacity and await self._loads(slot):
                shift = bits[0] - slot
                # A table in another order may pass by some of its bits.
                for bit in bits:
                    if not await self._loads(bit - shift):
                        return NO_TABLE
                return shift
        return NO_TABLE if self._load_char_works else None

    async def _hides(self, table: bytearray) -> bool:
        """Tell whether there are more templates than a table shows, and LoadChar finds them."""
        count = await self._count()
        if count is None or count <= occupied(self._unshifted(table)):
            return False
        await self._load_char_lies(None, table)
        return self._load_char_works is True

    async def _agrees(self, table: bytearray) -> "bool | None":
        count = await self._count()
        return None if count is None else count == occupied(table)

    async def _count(self) -> "int | None":
        """Give what TempleteNum says; None where it does not answer."""
        if TEMPLETE_NUM in self._sensor.connection.missing:
            return None
        try:
            return await self._sensor.templete_num()
        except CodeError:
            return None

    # --- LoadChar -------------------------------------------------------------------

    async def _loads(self, slot: int) -> "bool | None":
        """Ask LoadChar for a slot; None where the sensor has no such command, or it lies."""
        if self._load_char_works is False:
            return None
        try:
            loads = await self._sensor.load_char(SPARE_BUFFER, slot)
        except CodeError:
            if self._load_char_works:
                # It has it, so this was one command that failed.
                raise
            self._load_char_works = False
            return None
        if not loads:
            self._load_char_works = True
        return loads

    async def _load_char_lies(self, slot: "int | None", table: "bytearray | None" = None) -> bool:
        """Tell whether LoadChar finds a template also where there can be none.

        Asks for the highest slot, beside this one, that no bit of the table can mean.
        """
        if self._load_char_works is None:
            table = self._before if table is None else table
            for empty in range(self._capacity - 1, -1, -1):
                near = range(max(0, empty - MOST_SHIFT), empty + MOST_SHIFT + 1)
                if empty != slot and not any(is_occupied(table, bit) for bit in near):
                    loads = await self._loads(empty)
                    self._load_char_works = loads is False
                    break
        return self._load_char_works is False

    async def _load_all(self) -> bytearray:
        """Ask LoadChar for each slot: the long way, where there is no index table."""
        if LOAD_CHAR in self._sensor.connection.missing:
            raise CodeError(READ_INDEX_TABLE, None)
        index = await self._load_each()
        count = await self._count()
        found = occupied(index)
        self.count_agrees = None if count is None else count == found
        if found == self._capacity and not self.count_agrees:
            # Full, or every slot passes for occupied.
            raise UnclearIndexError
        if count is not None and count > found:
            # Misread, or a count that is wrong: the same once more is believed, unless the table
            # knows of as many as the count, for then it is LoadChar that does not find all.
            if await self._load_each() != index:
                raise SensorError
            if await self._table_shows(count):
                raise UnclearIndexError
        return index

    async def _load_each(self) -> bytearray:
        index = bytearray((self._capacity + 7) // 8)
        for slot in range(self._capacity):
            if await self._sensor.load_char(SPARE_BUFFER, slot):
                index[slot >> 3] |= 1 << (slot & 7)
        return index

    async def _table_shows(self, count: int) -> bool:
        if READ_INDEX_TABLE in self._sensor.connection.missing:
            return False
        try:
            return occupied(await self._table()) == count
        except CodeError:
            return False


def occupied(index: "bytes | bytearray") -> int:
    """Count the occupied slots of an index."""
    return sum(bin(byte).count("1") for byte in index)


def is_occupied(index: "bytes | bytearray", slot: int) -> bool:
    """Tell whether an index has a template in this slot; none is beyond its end."""
    return slot >> 3 < len(index) and _bit(index, slot)


def _bit(table: "bytes | bytearray", number: int) -> bool:
    return bool(table[number >> 3] >> (number & 7) & 1)
