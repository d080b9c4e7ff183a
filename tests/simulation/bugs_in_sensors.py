"""Mistakes about sensors that are not what their manual says, and about what they see."""

from __future__ import annotations

from typing import Any

from fpreader import sensor, touches
from fpreader.finger_presence import FingerPresence
from fpreader.sensor import Sensor
from fpreader.sensor_connection import CodeError, SensorError
from fpreader.slot_index import NO_TABLE, SlotIndex
from fpreader.touches import Touches
from tests.simulation.planted_bug import bug, bug_value

# Which slots are occupied


async def _free_in_the_table(self: SlotIndex, slot: int) -> bool:
    return self.shift == NO_TABLE or not self._may_mean(await self._table(), slot)


async def _stored_anyhow(self: SlotIndex, _: int) -> bool:
    self.shift = 0 if self.shift is None else self.shift
    return True


@bug(2, "The index table is what the manual says, and no other command is asked",
     SlotIndex, "start", (SlotIndex, "prove_free", _free_in_the_table),
     (SlotIndex, "prove_stored", _stored_anyhow))  # fmt: skip
async def manual_believed(original: Any, self: SlotIndex, capacity: int, _: Any) -> None:
    await original(self, capacity, 0)


@bug(4, "The lowest bit of an index table is the first slot",
     SlotIndex, "_find_shift")  # fmt: skip
async def first_bit_is_slot_0(_original: Any, self: SlotIndex, table: bytearray) -> int | None:
    return next((bit for bit in range(8 * len(table)) if table[bit >> 3] >> (bit & 7) & 1), None)


bug_value("stored_unproven", 4, "What Store has answered is believed, and nothing learned from it",
          SlotIndex, "prove_stored", _stored_anyhow)  # fmt: skip


@bug(4, "A sensor that counts other templates than its index shows does not work",
     SlotIndex, "read")  # fmt: skip
async def count_is_a_condition(original: Any, self: SlotIndex) -> Any:
    index = await original(self)
    if self.count_agrees is False:
        raise SensorError
    return index


# What a command is answered with


@bug(2, "A match is a match, also one with the score 0",
     Sensor, "search")  # fmt: skip
async def zero_is_a_match(_original: Any, self: Sensor, buffer: int, first: int, count: int) -> Any:
    where = bytes((buffer, first >> 8, first & 0xFF, count >> 8, count & 0xFF))
    code, data = await self._search(self._search_command, where)
    return None if code else (data[0] << 8 | data[1], data[2] << 8 | data[3])


bug_value("empty_library_unknown", 4, "That there is nobody to be found is an unknown code",
          sensor, "_SEARCH_CODES", (0x00, 0x09))  # fmt: skip


@bug(6, "A sensor that answers a code that is on no list is started again, five seconds later",
     Touches, "_identify", (sensor, "_SEARCH_CODES", (0x00, 0x09)))  # fmt: skip
async def code_costs_the_sensor(original: Any, *its: Any) -> Any:
    try:
        return await original(*its)
    except CodeError:
        raise SensorError from None


# What one touch is


@bug(5, "The first image without a finger ends a touch",
     FingerPresence, "judge")  # fmt: skip
def gone_at_once(original: Any, self: FingerPresence, image: str, now: int) -> None:
    original(self, image, now)
    self.resting = image != "no_finger"


bug_value("one_look", 6, "What the first look at a finger shows is told",
          touches, "MOST_LOOKS", 1)  # fmt: skip


@bug(5, "A print that the sensor always sees is told again and again",
     Touches, "tell")  # fmt: skip
def print_is_told_again(original: Any, self: Touches) -> Any:
    told = original(self)
    self._told = set()
    return told


@bug(5, "Who rests on the sensor when the reader starts is told as identified",
     Touches, "tell")  # fmt: skip
def told_at_the_start(original: Any, self: Touches) -> Any:
    self._was_seen_empty = True
    return original(self)


@bug(6, "A touch that has begun is forgotten when the finger is gone too early",
     Touches, "finish")  # fmt: skip
async def short_touch_forgotten(original: Any, self: Touches) -> None:
    if self._presence.resting is False:
        self._best = None
    await original(self)
