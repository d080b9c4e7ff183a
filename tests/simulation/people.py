"""The people of a history: who presses buttons in Home Assistant, and whose fingers come when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from custom_components.biometric_enroll.follower.errors import ReaderError
from emulator import Finger, Quality

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random
    from typing import Any

    from tests.simulation.home_assistant import HomeAssistant
    from tests.simulation.reader import SimulatedReader
    from tests.simulation.trace import Trace

NAMES = ("Anna", "Ben", "Clara", "Dora")
STRANGER = "a stranger"

_POOR = (Quality.TOO_MESSY, Quality.TOO_FEW_FEATURES, Quality.NO_IMAGE)


class Hand:
    """Whoever stands at one reader; follows what its light says, and is sometimes clumsy."""

    def __init__(self, reader: SimulatedReader, rng: Random, trace: Trace) -> None:
        self.person: str | None = None
        """Who came to be enrolled."""
        self._reader = reader
        self._rng = rng
        self._trace = trace
        self._loop = asyncio.get_running_loop()
        self._moves = 0

    def see(self, snapshot: dict[str, Any]) -> None:
        """Do what the enrollment wants now, after a while."""
        stage = snapshot["stage"]
        if stage == "place_finger" and self.person is not None and self._rng.random() < 49 / 50:
            self._soon(0.2, 1.2, lambda: self._place(self._finger()))
        elif stage in {"lift_finger", "completed", "failed", "cancelled"}:
            self._soon(0.1, 0.6, self._lift)

    async def touch(self, name: str) -> None:
        """Put a finger on for a moment, if there is room."""
        if self._reader.sensor.finger is not None:
            return
        self._place(self._clumsy(name))
        await asyncio.sleep(self._rng.uniform(0.5, 1.5))
        self._lift()

    def _finger(self) -> Finger:
        """Choose: the right one, nearly always."""
        name = self.person or STRANGER
        if self._rng.random() < 1 / 20:
            name = self._rng.choice((*NAMES, STRANGER))
        return self._clumsy(name)

    def _clumsy(self, name: str) -> Finger:
        quality = self._rng.choice(_POOR) if self._rng.random() < 1 / 12 else Quality.OK
        return Finger(name, quality)

    def _place(self, finger: Finger) -> None:
        self._trace.note(self._reader.device, "finger of %s (%s)", finger.name, finger.quality)
        self._reader.place(finger)

    def _lift(self) -> None:
        self._reader.lift()

    def _soon(self, least: float, most: float, move: Callable[[], None]) -> None:
        """Move a little later, unless something else is wanted by then."""
        self._moves += 1
        self._loop.call_later(self._rng.uniform(least, most), self._move, self._moves, move)

    def _move(self, number: int, move: Callable[[], None]) -> None:
        if number == self._moves:
            move()


class Users:
    """Whoever uses Home Assistant."""

    def __init__(self, home: HomeAssistant, rng: Random, trace: Trace) -> None:
        self.accepted: dict[str, list[str]] = {}
        """Template ids of the enrollments that were accepted, by reader id."""
        self.finished = 0
        self._home = home
        self._rng = rng
        self._trace = trace

    async def enroll(self, reader_id: str, hand: Hand, name: str) -> None:
        """Ask for an enrollment, up to three times, with the person at the reader."""
        hand.person = name
        for _ in range(3):
            timeout = self._rng.choice((5, 10, 30))
            try:
                template_id = await self._home.enroll(reader_id, name, timeout)
            except ReaderError as error:
                self._trace.note("user", "enroll %s on %s: %r", name, reader_id, error)
                await asyncio.sleep(self._rng.uniform(0.5, 8))
                continue
            self._trace.note("user", "enroll %s on %s: %s", name, reader_id, template_id)
            self.accepted.setdefault(reader_id, []).append(template_id)
            return

    async def cancel(self, reader_id: str) -> None:
        """Press the button."""
        try:
            await self._home.cancel(reader_id)
        except ReaderError as error:
            self._trace.note("user", "cancel on %s: %r", reader_id, error)
        else:
            self._trace.note("user", "cancel on %s", reader_id)
