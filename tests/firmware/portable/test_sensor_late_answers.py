"""Answers that come late or twice, commands that get lost, and noise that never ends."""

import asyncio

from fpreader.sensor_connection import SensorError
from fpreader.sensor_packet import ACK, encode
from fpreader.slot_index import SlotIndex, is_occupied
from tests.firmware.portable.test_sensor import SILENCE, Line, ack, on, run

SLOTS = (0, 1, 300, 301)


class Late(Line):
    """A sensor that is one command late, once, and then has caught up."""

    def __init__(self, late: int) -> None:
        super().__init__()
        self._count = 0
        self._late = late
        self._held = b""

    def write(self, data: bytes) -> None:
        answer = self._answer(data[9:-2])
        self._count += 1
        if self._late <= self._count <= self._late + 1:
            self._waiting, self._held = self._held, answer
        else:
            self._waiting, self._held = self._held + answer, b""

    def _answer(self, command: bytes) -> bytes:
        if command[0] == 0x1D:
            return encode(ACK, bytes((0, 0, len(SLOTS))))
        if command[0] == 0x19:
            return encode(ACK, bytes(1) + b"\x55" * 32)
        page = bytearray(32)
        for slot in SLOTS:
            if slot >> 8 == command[1]:
                page[(slot & 255) >> 3] |= 1 << (slot & 7)
        return encode(ACK, bytes(1) + bytes(page))


def test_a_page_that_comes_twice_is_not_the_next_page() -> None:
    """Else the ids of slots 300 and 301 are dropped at start: the count is right all the same."""

    async def read() -> bytearray:
        index = SlotIndex(on(Late(1)))
        await index.start(512, 0)
        return await index.read()

    index = run(read())
    assert tuple(slot for slot in range(512) if is_occupied(index, slot)) == SLOTS


def test_a_late_notepad_is_not_the_index() -> None:
    """Else Templates.store asks a random bit whether the slot is free."""

    async def both() -> bytes:
        sensor = on(Late(1))
        await sensor.read_notepad(14)
        return await sensor.read_index_table(0)

    assert run(both()) == b"\x03" + bytes(31)


def test_a_late_answer_to_the_image_is_not_taken_for_the_features() -> None:
    """GenImg is slow and said twice; Img2Tz is lost; buffer 1 still has who was here before."""
    line = Line(
        SILENCE,  # GenImg
        ack(0),  # GenImg once more: the answer to the first comes now
        ack(0),  # the command after it is lost; this is the answer to the second GenImg
        SILENCE,
        SILENCE,
        SILENCE,
    )

    async def touch() -> str:
        sensor = on(line)
        assert await sensor.gen_img() == "finger"
        return await sensor.img2tz(1)

    try:
        word = run(touch())
    except SensorError:
        word = "nothing"
    assert word != "good"


class Flood(Line):
    """A line on which noise comes faster than it is read."""

    reads = 0

    async def read(self, n: int, timeout_ms: int) -> bytes:
        self.reads += 1
        if self.reads > 20_000:
            raise AssertionError("nobody else had a turn")
        return b"\xef"


def test_a_flood_of_noise_leaves_others_their_turn() -> None:
    async def both() -> None:
        line = Flood()
        task = asyncio.create_task(on(line).light(on=True))
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert not task.done()
        line.reads = -1_000_000
        try:
            await task
        except SensorError:
            pass

    run(both())
