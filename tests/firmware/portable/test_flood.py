"""Noise that comes faster than it is read."""

import asyncio

from fpreader.sensor import Sensor, SensorError
from tests.firmware.portable.test_sensor import run


class Flood:
    """A line on which noise comes faster than it is read."""

    def __init__(self) -> None:
        self.reads = 0

    def write(self, data: bytes) -> None:
        pass

    def discard(self) -> None:
        pass

    async def read(self, n: int, timeout_ms: int) -> bytes:
        self.reads += 1
        if self.reads > 20_000:
            raise AssertionError("nobody else had a turn")
        return b"\xef"


def test_a_flood_of_noise_leaves_others_their_turn() -> None:
    async def both() -> None:
        line = Flood()
        task = asyncio.create_task(Sensor(line).light(on=True))
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert not task.done()
        line.reads = -1_000_000
        try:
            await task
        except SensorError:
            pass

    run(both())
