"""Measures how soon a finger is told to the broker: `scripts/bench touch`.

The firmware runs in a process of its own, its emulated sensor is as slow as a real one. Counted is
from the moment at which the sensor has answered the GenImg that saw the finger until the touch
arrives at a client of the broker; the sensor's own time in between (Img2Tz, Search) is taken off.
"""

# ruff: noqa: T201 - it prints

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path

from emulator import PROFILES, Code, Command, EmulatedSensor, SensorLine
from emulator.seen_empty import wait_until_seen_empty
from tests.firmware.reader_process import ANNA, Broker, Home, Reader, enroll

TOUCHES = 20
PROMISED_MS = 30
_OWN = (Command.IMG_2_TZ, Command.SEARCH)


def main() -> None:
    """Measure each runtime with each sensor that has a character of its own."""
    for runtime in ("micropython", "cpython"):
        for model in ("R307", "R503"):
            with tempfile.TemporaryDirectory() as folder:
                extra = sorted(_measure(Path(folder), runtime, model))
            own = 1000 * sum(PROFILES[model].seconds.get(one, 0.0) for one in _OWN)
            print(
                f"{runtime} {model}: the sensor's own {own:.0f} ms and "
                f"{statistics.median(extra):.0f} ms (at most {extra[-1]:.0f}); "
                f"{statistics.median(extra) / PROMISED_MS:.2f} of what is promised"
            )


def _measure(folder: Path, runtime: str, model: str) -> list[float]:
    """Give the milliseconds beyond the sensor's own time, of each touch."""
    broker = Broker(folder)
    broker.start()
    reader = Reader(folder, runtime, broker.port, model)
    home = Home(broker.port)
    try:
        reader.start()
        home.wait("templates", lambda one: one["sensor_error"] is None, timeout=30)
        enroll(home, reader, ANNA)
        reader.line.close()
        reader.line = SensorLine(_same(reader), link=folder / "sensor", time_scale=1.0)
        home.wait("templates", lambda one: one["sensor_error"] is None, timeout=30)
        return [_touch(home, reader, model) for _ in range(TOUCHES)]
    finally:
        home.close()
        reader.close()
        broker.kill()


def _same(reader: Reader) -> EmulatedSensor:
    with reader.line.hold() as sensor:
        return sensor


def _touch(home: Home, reader: Reader, model: str) -> float:
    wait_until_seen_empty(reader.line)
    mark, since = reader.line.command_count, home.mark()
    arrived: list[float] = []
    waiting = threading.Thread(target=lambda: arrived.append(_arrival(home, since)))
    waiting.start()
    reader.line.place(ANNA)
    seen = reader.line.wait_for_command(Command.GEN_IMG, 10, code=Code.OK, since=mark)
    waiting.join()
    reader.line.lift()
    own = sum(PROFILES[model].seconds.get(one, 0.0) for one in _OWN)
    return 1000 * (arrived[0] - seen.time - own)


def _arrival(home: Home, since: int) -> float:
    home.wait("fingerprint", lambda one: one["result"] == "identified", since, timeout=30)
    return time.monotonic()


if __name__ == "__main__":
    main()
