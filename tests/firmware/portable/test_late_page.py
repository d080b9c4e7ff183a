"""A page of the index that comes late, and twice."""

from fpreader.sensor import Sensor, is_occupied
from fpreader.sensor_packet import ACK, encode
from tests.firmware.portable.test_sensor import run

SLOTS = (0, 1, 300, 301)


class Late:
    """A sensor that is one command late, once, and then has caught up."""

    def __init__(self, late: int) -> None:
        self.sent = 0
        self._late = late
        self._held = b""
        self._waiting = b""

    def write(self, data: bytes) -> None:
        answer = self._answer(data[9:-2])
        self.sent += 1
        if self._late <= self.sent <= self._late + 1:
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

    async def read(self, n: int, timeout_ms: int) -> bytes:
        data, self._waiting = self._waiting[:n], self._waiting[n:]
        return data

    def discard(self) -> None:
        self._waiting = b""


def test_a_page_that_comes_twice_is_not_the_next_page() -> None:
    """Else the ids of slots 300 and 301 are dropped at start: the count is right all the same."""
    index = run(Sensor(Late(1)).read_index(512))
    assert tuple(slot for slot in range(512) if is_occupied(index, slot)) == SLOTS


def test_a_late_notepad_is_not_the_index() -> None:
    """Else Templates.store asks a random bit whether the slot is free."""

    async def both() -> bytes:
        sensor = Sensor(Late(1))
        await sensor.read_notepad(14)
        return await sensor.read_index_table(0)

    assert run(both()) == b"\x03" + bytes(31)
