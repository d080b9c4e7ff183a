"""The people of a history: users of Home Assistant who enroll, and fingers on the sensors."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from custom_components.biometric_enroll.client.enroller import OUTCOME_GRACE, EnrollOptions
from custom_components.biometric_enroll.client.errors import ReaderError
from emulator import Finger, Quality
from tests.simulation.newer_words import known

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random
    from typing import Any

    from tests.simulation.home_assistant import HomeAssistant
    from tests.simulation.promises import Promises
    from tests.simulation.reader import SimulatedReader
    from tests.simulation.trace import Trace

NAMES = ("Anna", "Ben", "Clara", "Dora")
STRANGER = "a stranger"

#: Maximum wait for an answer to an enrollment request: hello and start, each queued behind a
#: periodic hello.
_ANSWERED_WITHIN_S = 45.0

_POOR = (Quality.TOO_MESSY, Quality.TOO_FEW_FEATURES, Quality.NO_IMAGE)


class PersonAtReader:
    """The person at one reader: follows its light, and sometimes places a finger badly."""

    def __init__(self, reader: SimulatedReader, rng: Random, trace: Trace) -> None:
        self.enrollee: str | None = None
        """Who is there to be enrolled."""
        self.over = asyncio.Event()
        """Set while the newest snapshot of the reader is of no running enrollment."""
        self.most_scans = reader.sensor.profile.buffers + 1
        self._reader = reader
        self._rng = rng
        self._trace = trace
        self._loop = asyncio.get_running_loop()
        self._moves = 0

    def see(self, snapshot: dict[str, Any]) -> None:
        """Do what a snapshot asks for, after a while."""
        stage = snapshot["stage"]
        if stage in {"completed", "failed", "cancelled"}:
            self.over.set()
        else:
            self.over.clear()
        if stage == "place_finger" and self.enrollee is not None and self._rng.random() < 49 / 50:
            self._soon(0.2, 1.2, lambda: self._place(self._finger()))
        elif stage in {"lift_finger", "completed", "failed", "cancelled"}:
            self._soon(0.1, 0.6, self._lift)

    async def touch(self, name: str) -> Finger | None:
        """Place a finger for about a second, and return it.

        None if another finger is there, or if an enrollment that began meanwhile moved it.
        """
        if self._reader.sensor.finger is not None:
            return None
        finger = self._clumsy(name)
        if self._rng.random() < 1 / 6:
            # The first images of a touch are poor, or only of the edge of a finger.
            early = self._rng.choices((*_POOR, Quality.EDGE), k=self._rng.randint(1, 3))
            finger = replace(finger, early=tuple(early))
        # Cancels moves that follow from older snapshots.
        self._moves = moves = self._moves + 1
        self._place(finger)
        await asyncio.sleep(self._rng.uniform(0.5, 1.5))
        self._lift()
        return finger if self._moves == moves else None

    def _finger(self) -> Finger:
        """Choose a finger: mostly the right one."""
        name = self.enrollee or STRANGER
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
        """Move a little later, unless another move was requested by then."""
        self._moves += 1
        self._loop.call_later(self._rng.uniform(least, most), self._move, self._moves, move)

    def _move(self, number: int, move: Callable[[], None]) -> None:
        if number == self._moves:
            move()


class Users:
    """Users of Home Assistant who enroll others."""

    def __init__(self, home: HomeAssistant, rng: Random, trace: Trace, promises: Promises) -> None:
        self.accepted: defaultdict[str, list[str]] = defaultdict(list)
        """Template ids of the enrollments that were accepted, by reader id."""
        self._home = home
        self._rng = rng
        self._trace = trace
        self._promises = promises
        self._loop = asyncio.get_running_loop()

    async def enroll(self, reader_id: str, person: PersonAtReader, name: str) -> bool:
        """Ask for an enrollment, up to three times, with the person at the reader.

        Returns whether one was accepted.
        """
        person.enrollee = name
        for _ in range(3):
            enroll_options = self._enroll_options(person.most_scans)
            asked_at = self._loop.time()
            try:
                template_id = await self._home.enroll(reader_id, name, enroll_options)
            except ReaderError as error:
                self._trace.note("user", "enroll %s on %s: %r", name, reader_id, error)
                self._check_patience("a no", asked_at, _ANSWERED_WITHIN_S)
                await asyncio.sleep(self._rng.uniform(0.5, 8))
                continue
            self._trace.note("user", "enroll %s on %s: %s", name, reader_id, template_id)
            self._check_patience("a yes", asked_at, _ANSWERED_WITHIN_S)
            self.accepted[reader_id].append(template_id)
            if self._rng.random() < 1 / 3:
                await self._wait_end(reader_id, template_id, enroll_options)
            return True
        return False

    def _enroll_options(self, most_scans: int) -> EnrollOptions:
        """Choose options, mostly the usual ones."""
        unusual = self._rng.random()
        return EnrollOptions(
            slot=self._rng.randrange(4) if unusual < 1 / 10 else None,
            scans=self._rng.randint(3, most_scans) if unusual > 9 / 10 else 3,
            scan_timeout=self._rng.choice((5, 10, 30)),
        )

    async def _wait_end(
        self, reader_id: str, template_id: str, enroll_options: EnrollOptions
    ) -> None:
        """Wait until it has ended; check that the result of the call is true."""
        asked_at = self._loop.time()
        try:
            ended = await self._home.wait_end(reader_id, template_id, enroll_options)
        except (ReaderError, TimeoutError) as error:
            self._trace.note("user", "hears no end of %s: %r", template_id, error)
            if self._promises.calm:
                self._promises.violated(4, f"no caller hears how {template_id} has ended")
        else:
            self._trace.note("user", "hears that %s is %s", template_id, ended.stage)
            truth = self._promises.truth_of(reader_id)
            true = (ended.stage, known(ended.reason)) in truth.ends[template_id]
            if not true and template_id not in truth.lost and not self._promises.forgetful:
                self._promises.violated(1, f"a caller hears that {template_id} is {ended.stage}")
        most = 2 * enroll_options.scans * enroll_options.scan_timeout + OUTCOME_GRACE
        self._check_patience("the end", asked_at, most)

    def _check_patience(self, what: str, asked_at: float, most: float) -> None:
        if (waited := self._loop.time() - asked_at) > most + 0.1:
            self._promises.violated(4, f"a caller has waited {waited:.0f} s for {what}")

    async def press(self, reader_id: str, button: str) -> None:
        """Press Identify or Restart."""
        await self._do(f"{button} {reader_id}", self._home.press(reader_id, button))

    async def update(self, reader_id: str) -> None:
        """Ask for an update of an entity."""
        work = self._home.change(reader_id, lambda client: client.async_look())
        await self._do(f"update {reader_id}", work)

    async def cancel(self, reader_id: str) -> None:
        """Press the button Cancel."""
        await self._do(f"cancel on {reader_id}", self._home.cancel(reader_id))

    async def _do(self, what: str, work: Awaitable[None]) -> None:
        try:
            await work
        except ReaderError as error:
            self._trace.note("user", "%s: %r", what, error)
        else:
            self._trace.note("user", what)
