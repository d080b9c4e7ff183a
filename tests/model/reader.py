"""A simulated reader with the real firmware, and a person who enrolls and touches there."""

import asyncio
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from emulator import R307, EmulatedSensor, Finger, Quality
from emulator.fingers import Capture
from emulator.templates import features, merge
from tests.model.model import FINGERS, SLOTS
from tests.simulation.reader import SimulatedReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tests.simulation.network import Network
    from tests.simulation.reader_firmware import Touch

PROFILE = replace(R307, capacity=SLOTS)

FINAL = ("completed", "failed", "cancelled")

_HAND_S = 0.3
"""Seconds until the person has placed or lifted a finger."""


def new_sensor() -> EmulatedSensor:
    """Return a sensor as from the factory."""
    return EmulatedSensor(PROFILE)


class Door:
    """One reader, and the person there, who follows its light."""

    def __init__(self, reader_id: str, device: str, network: Network, seed: int) -> None:
        """Make a new reader with a new sensor, and switch it on."""
        self.reader_id = reader_id
        self.device = device
        self.linked = True
        """Whether its network works."""
        self.back_after: float | None = None
        """Seconds after which power returns after a cut; None: only by `power_on`."""
        self._loop = asyncio.get_running_loop()
        self._network = network
        self._shown: dict[str, Any] = {}
        self._news = asyncio.Event()
        self._plan: Sequence[str | None] = ()
        self._coming: asyncio.TimerHandle | None = None
        """The finger on its way to the sensor."""
        self._trouble: tuple[int, Callable[[], Awaitable[object]]] | None = None
        self._troubles: list[asyncio.Future[object]] = []
        self.reader = SimulatedReader(
            reader_id,
            device,
            rng=Random(seed),  # noqa: S311 - it has to be the same each time
            open_connection=lambda _host, _port: network.open(reader_id),
            observer=self,
            model=PROFILE,
        )
        for finger in FINGERS:
            # A finger may also be in a sensor that comes from the other reader.
            self.reader.know(finger)
        self.reader.power_on()

    # --- the person ---------------------------------------------------------------------

    def expect(
        self,
        plan: Sequence[str | None],
        trouble: tuple[int, Callable[[], Awaitable[object]]] | None = None,
    ) -> None:
        """Prepare for an enrollment with these fingers, one for each scan; None: no finger.

        `trouble` is what happens once so many scans are captured.
        """
        self._plan, self._trouble = plan, trouble

    async def until_ended(self) -> None:
        """Wait until no enrollment is running, also over a power cut."""
        async with asyncio.timeout(300):
            while self._shown["stage"] not in {*FINAL, "idle"}:
                self._news.clear()
                await self._news.wait()

    async def leave(self) -> None:
        """Lift the finger, and place none any more."""
        self._plan, self._trouble = (), None
        self.reader.lift()
        troubles, self._troubles = self._troubles, []
        await asyncio.gather(*troubles)

    async def touch(self, finger: str) -> None:
        """Place a finger and lift it.

        Afterwards the touch is in flash, and it is late for a Home Assistant that has not got it.
        """
        self.reader.place(Finger(finger))
        await asyncio.sleep(3)
        self.reader.lift()
        await asyncio.sleep(4)

    # --- network, sensor and power ---------------------------------------------------------

    def link(self, *, linked: bool) -> None:
        """Cut the network, or restore it."""
        self.linked = linked
        if linked:
            self._network.unblock(self.reader_id)
        else:
            self._network.block(self.reader_id)
            self._network.cut(self.reader_id)

    def store(self, slot: int, finger: str) -> None:
        """Store a template in the sensor without the reader's knowledge."""
        scan = features(Capture(Finger(finger), 0, Quality.OK), PROFILE.feature_size)
        template = merge([scan, scan], PROFILE.template_size)
        assert template is not None
        self.reader.sensor.templates[slot] = template

    def disarm(self) -> None:
        """Cancel scheduled power cuts."""
        self.reader.sensor_line._cut_after = None
        self.reader.flash._planned = None
        self.back_after = None

    # --- the observer of SimulatedReader --------------------------------------------------------

    def snapshot(self, snapshot: dict[str, Any]) -> None:
        """Do what a snapshot asks for."""
        self._shown = snapshot
        self._news.set()
        stage, captured = snapshot["stage"], len(snapshot["captured"])
        if stage == "place_finger" and self._plan:
            finger = self._plan[snapshot["step"] - 1]
            if finger is not None:
                self._coming = self._loop.call_later(_HAND_S, self.reader.place, Finger(finger))
        elif stage != "processing":
            # A finger that is not placed yet is no longer asked for.
            if self._coming is not None:
                self._coming.cancel()
            self._loop.call_later(_HAND_S, self.reader.lift)
        if self._trouble is not None and self._trouble[0] == captured:
            (_, trouble), self._trouble = self._trouble, None
            self._troubles.append(asyncio.ensure_future(trouble()))

    def power(self, *, on: bool) -> None:
        """Restore the power later, if requested."""
        if not on and self.back_after is not None:
            self._loop.call_later(self.back_after, self.reader.power_on)

    def touched(self, touch: Touch) -> None:
        """Do nothing: the test reads Home Assistant's events."""

    def committed(self, slot: int, template_id: str) -> None:
        """Look at flash instead."""

    def accepted(self) -> None:
        """Look at flash instead."""

    def overwritten(self, slot: int) -> None:
        """Look at the sensor instead."""

    def kept(self, template_id: str | None) -> None:
        """Look at the sensor instead."""

    def emptying(self, slot: int, template_id: str | None) -> None:
        """Look at the sensor instead."""

    def emptied(self, slot: int, template_id: str | None) -> None:
        """Look at the sensor instead."""

    def stopped(self, error: Exception | None) -> None:
        """Raise the error of the firmware."""
        assert error is None, error

    def printed(self, line: str) -> None:
        """Do nothing."""
