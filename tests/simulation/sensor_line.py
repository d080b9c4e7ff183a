"""The line between a simulated reader and its emulated sensor, in virtual time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol

from emulator import Code, Command
from tests.simulation.flash import nothing
from tests.simulation.loop import sleep_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator import EmulatedSensor, Reply
    from tests.simulation.flash import Power

#: Seconds between the pieces of a split answer.
_PIECE_GAP = 0.005

#: Where a packet to the sensor has its command, and DeletChar its slot.
_COMMAND_AT = 9
_SLOT_AT = slice(10, 12)


class Observer(Protocol):
    """Is told what becomes of slots."""

    def emptying(self, slot: int) -> None:
        """Hear that the reader asks for a slot to be emptied, whether that reaches the sensor."""

    def emptied(self, slot: int) -> None:
        """Hear that the sensor has emptied a slot that held a template."""


class SensorLine:
    """Carries packets to the sensor that is connected, and its answers back when they are due.

    A sensor does one command after the other: what it is asked while it is busy, it answers later.
    """

    def __init__(self, sensor: EmulatedSensor, cut: Callable[[], None], observer: Observer) -> None:
        """Join a sensor; `cut` takes the reader's power."""
        self.sensor = sensor
        self._observer = observer
        self.imaged: str | None = None
        """The finger of the last image, by name."""
        self.imaged_at = 0.0
        """When that was taken."""
        self.stirred = True
        """Whether something has happened that the next GenImg may see, or that asks for one."""
        self.delay = 0.0
        """Seconds by which the next answer comes too late; used up by it."""
        self._loop = asyncio.get_running_loop()
        self._cut = cut
        self._cut_after: tuple[Command | None, int] | None = None
        self._struck: Callable[[], None] = nothing
        self.silenced: Callable[[], None] = nothing
        """Hears that something is lost in a silence …"""
        self.delayed: Callable[[], None] = nothing
        """… that an answer comes too late …"""
        self.distorted: Callable[[], None] = nothing
        """… that a planned fault has struck a command."""
        self._silent_until = 0.0
        self._busy_until = 0.0
        self._coming: deque[tuple[float, bytes]] = deque()
        self._waiter: asyncio.Future[None] | None = None

    # --- what happens to it -----------------------------------------------------------

    def stir(self) -> None:
        """Note that something has happened, and wake who waits for that."""
        self.stirred = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Wait until something has happened since the last GenImg, but so long at most."""
        if self.stirred:
            return
        self._waiter = waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, self.stir)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def silence(self, seconds: float) -> None:
        """Lose everything for so many seconds, in both directions."""
        self._silent_until = max(self._silent_until, self._loop.time() + seconds)
        if self._coming:
            self.silenced()
        self._coming.clear()
        self.stir()

    def cut_after(
        self, command: Command | None, nth: int = 1, struck: Callable[[], None] = nothing
    ) -> None:
        """Cut the power as soon as the sensor has done its nth command of a kind from now.

        `struck` is called right before. None stands for any command.
        """
        self._cut_after = (command, nth)
        self._struck = struck

    def power_off(self) -> None:
        """Cut the sensor's power: it falls silent and loses its RAM."""
        self.sensor.power_off()
        self._coming.clear()
        self._busy_until = 0.0
        self.stir()

    def power_on(self) -> None:
        """Start the sensor."""
        self._come(self._loop.time(), self.sensor.power_on())
        self.stir()

    def swap(self, sensor: EmulatedSensor) -> EmulatedSensor:
        """Replace the sensor; return the old one."""
        powered = self.sensor.powered
        self.power_off()
        old, self.sensor = self.sensor, sensor
        sensor.power_off()
        if powered:
            self.power_on()
        return old

    # --- the two directions -----------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Have the sensor do what a packet asks for."""
        now = self._loop.time()
        if data[_COMMAND_AT] == Command.DELET_CHAR:
            self._observer.emptying(int.from_bytes(data[_SLOT_AT]))
        if now < self._silent_until:
            self.silenced()
            return
        held = tuple(self.sensor.templates)
        planned = self.sensor.faults.left
        replies = self.sensor.process(data)
        if planned and self.sensor.faults.left != planned:
            self.distorted()
        for reply in replies:
            for slot in held:
                if slot not in self.sensor.templates:
                    self._observer.emptied(slot)
            self._note(reply)
            seconds = self.sensor.profile.seconds.get(reply.command or 0, 0.0)
            self._busy_until = max(self._busy_until, now) + seconds + self.delay
            if self.delay:
                self.delayed()
                self.delay = 0.0
            for index, piece in enumerate(reply.pieces):
                self._come(self._busy_until + index * _PIECE_GAP, piece)

    async def read(self, n: int, timeout_ms: int) -> bytes:
        """Return what came, at most n bytes; nothing after the timeout."""
        now = self._loop.time()
        if not self._coming or self._coming[0][0] > now:
            end = now + timeout_ms / 1000
            due = min(self._coming[0][0], end) if self._coming else end
            await sleep_until(due)
            # The loop may wake up a rounding error before the time that it was asked for.
            if not self._coming or self._coming[0][0] > max(due, self._loop.time()):
                return b""
        due, data = self._coming.popleft()
        if len(data) > n:
            self._coming.appendleft((due, data[n:]))
        return data[:n]

    def discard(self) -> None:
        """Drop what came and was not read."""
        now = self._loop.time()
        while self._coming and self._coming[0][0] <= now:
            self._coming.popleft()

    def _note(self, reply: Reply) -> None:
        if reply.command == Command.GEN_IMG:
            self.stirred = False
            if reply.code in {Code.OK, Code.IMAGE_FAIL} and self.sensor.finger is not None:
                self.imaged = self.sensor.finger.name
                self.imaged_at = self._loop.time()
        if reply.code is None or self._cut_after is None:
            return
        command, nth = self._cut_after
        if command not in {None, reply.command}:
            return
        self._cut_after = (command, nth - 1) if nth > 1 else None
        if self._cut_after is None:
            self._struck()
            self._cut()
            raise asyncio.CancelledError("no power")

    def _come(self, due: float, data: bytes) -> None:
        if data and due >= self._silent_until:
            self._coming.append((due, data))


class Port:
    """The line as one life of the firmware sees it: nothing comes or goes without power."""

    def __init__(self, line: SensorLine, power: Power) -> None:
        self._line = line
        self._power = power

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._power.check()
        self._line.write(data)

    async def read(self, n: int, timeout_ms: int) -> bytes:
        """Return what came, at most n bytes; nothing after the timeout."""
        self._power.check()
        data = await self._line.read(n, timeout_ms)
        self._power.check()
        return data

    def discard(self) -> None:
        """Drop what came and was not read."""
        self._power.check()
        self._line.discard()
