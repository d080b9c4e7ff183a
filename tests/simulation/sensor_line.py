"""The serial line between a simulated reader and its emulated sensor, in virtual time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol

from emulator import Background, Code, Command
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
#: Store has that of a buffer before.
_STORE_SLOT_AT = slice(11, 13)


class Observer(Protocol):
    """Notified about slots that are emptied or filled."""

    def emptying(self, slot: int) -> None:
        """Handle a request to empty a slot; it may not reach the sensor."""

    def emptied(self, slot: int) -> None:
        """Handle that the sensor has emptied a slot that held a template."""

    def kept(self, slot: int) -> None:
        """Handle that the sensor refuses to empty a slot."""

    def stored(self, slot: int, before: bytes | None) -> None:
        """Handle that the sensor has stored a template where this one was; None: none was."""


class SensorLine:
    """Carries packets to the connected sensor, and its answers back when they are due.

    A sensor executes one command after the other; those that arrive while it is busy are queued.
    """

    def __init__(self, sensor: EmulatedSensor, cut: Callable[[], None], observer: Observer) -> None:
        """Connect a sensor; `cut` is called to cut the reader's power."""
        self.sensor = sensor
        self._observer = observer
        self.last_finger: str | None = None
        """The finger of the last image, by name; also where it is only its print, or dirt."""
        self.last_image_at = 0.0
        """When that was taken."""
        self.changed = True
        """Whether something has happened that the next GenImg may see, or that asks for one."""
        self.delay = 0.0
        """Additional seconds until the next answer; reset by it."""
        self._loop = asyncio.get_running_loop()
        self._cut = cut
        self._cut_after: tuple[Command | None, int] | None = None
        self._before_cut: Callable[[], None] = nothing
        self.silenced: Callable[[], None] = nothing
        """Called when a packet is lost in a silence …"""
        self.delayed: Callable[[], None] = nothing
        """… when an answer is delayed …"""
        self.distorted: Callable[[], None] = nothing
        """… and when a planned fault has affected a command."""
        self.flickered: Callable[[], None] = nothing
        """Called when the sensor does not see the finger that rests on it …"""
        self.blinded: Callable[[], None] = nothing
        """… and when it sees one although none does."""
        self.flickers = False
        """Whether it sees a finger that rests on it only now and then."""
        self._silent_until = 0.0
        self._busy_until = 0.0
        self._incoming: deque[tuple[float, bytes]] = deque()
        self._waiter: asyncio.Future[None] | None = None

    # --- events and faults ------------------------------------------------------------

    def notify_change(self) -> None:
        """Note that something has happened, and end `wait`."""
        self.changed = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Wait until something has happened since the last GenImg, or for so many seconds."""
        if self.changed:
            return
        self._waiter = waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, self.notify_change)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def silence(self, seconds: float) -> None:
        """Lose everything for so many seconds, in both directions."""
        self._silent_until = max(self._silent_until, self._loop.time() + seconds)
        if self._incoming:
            self.silenced()
        self._incoming.clear()
        self.notify_change()

    def flicker(self, *seen: bool) -> None:
        """Let the sensor see a finger only at these looks, over and over; at all without any."""
        self.flickers = bool(seen)
        self.sensor.flicker(seen)
        self.notify_change()

    def look_at(self, background: Background) -> None:
        """Say what the sensor sees while no finger rests on it."""
        self.sensor.background(background)
        self.notify_change()

    def cut_after(
        self, command: Command | None, nth: int = 1, before_cut: Callable[[], None] = nothing
    ) -> None:
        """Cut the power as soon as the sensor has executed its nth command of a kind from now.

        `before_cut` is called right before. None stands for any command.
        """
        self._cut_after = (command, nth)
        self._before_cut = before_cut

    def power_off(self) -> None:
        """Cut the sensor's power: its answers under way and its RAM are lost."""
        self.sensor.power_off()
        self._incoming.clear()
        self._busy_until = 0.0
        self.notify_change()

    def power_on(self) -> None:
        """Start the sensor."""
        self._schedule(self._loop.time(), self.sensor.power_on())
        self.notify_change()

    def swap(self, sensor: EmulatedSensor) -> EmulatedSensor:
        """Replace the sensor; return the old one."""
        powered = self.sensor.powered
        self.power_off()
        # Whoever takes it out wipes it.
        self.sensor.lift()
        self.sensor.background(Background.NOTHING)
        self.flicker()
        old, self.sensor = self.sensor, sensor
        sensor.power_off()
        if powered:
            self.power_on()
        return old

    # --- the two directions -----------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Let the sensor execute the command of a packet."""
        now = self._loop.time()
        if data[_COMMAND_AT] == Command.DELET_CHAR:
            self._observer.emptying(int.from_bytes(data[_SLOT_AT]))
        if now < self._silent_until:
            self.silenced()
            return
        held = dict(self.sensor.templates)
        planned = self.sensor.faults.left
        replies = self.sensor.process(data)
        if planned and self.sensor.faults.left != planned:
            self.distorted()
        for reply in replies:
            self._note_templates(held, reply, data)
            self._note(reply)
            seconds = self.sensor.profile.seconds.get(reply.command or 0, 0.0)
            self._busy_until = max(self._busy_until, now) + seconds + self.delay
            if self.delay:
                self.delayed()
                self.delay = 0.0
            for index, piece in enumerate(reply.pieces):
                self._schedule(self._busy_until + index * _PIECE_GAP, piece)

    async def read(self, n: int, timeout_ms: int) -> bytes:
        """Return the received bytes, at most n; none after the timeout."""
        now = self._loop.time()
        if not self._incoming or self._incoming[0][0] > now:
            end = now + timeout_ms / 1000
            due = min(self._incoming[0][0], end) if self._incoming else end
            await sleep_until(due)
            # The loop may wake up a rounding error before the time that it was asked for.
            if not self._incoming or self._incoming[0][0] > max(due, self._loop.time()):
                return b""
        due, data = self._incoming.popleft()
        if len(data) > n:
            self._incoming.appendleft((due, data[n:]))
        return data[:n]

    def discard(self) -> None:
        """Drop received bytes that were not read."""
        now = self._loop.time()
        while self._incoming and self._incoming[0][0] <= now:
            self._incoming.popleft()

    def _note_templates(self, held: dict[int, bytes], reply: Reply, data: bytes) -> None:
        """Notify about the slots that have changed; `held` is what they held before."""
        for slot in held:
            if slot not in self.sensor.templates:
                self._observer.emptied(slot)
        if reply.command == Command.DELET_CHAR and reply.code not in {Code.OK, None}:
            self._observer.kept(int.from_bytes(data[_SLOT_AT]))
        if reply.command == Command.STORE and reply.code == Code.OK:
            slot = int.from_bytes(data[_STORE_SLOT_AT])
            self._observer.stored(slot, held.get(slot))

    def _note(self, reply: Reply) -> None:
        if reply.command == Command.GEN_IMG:
            self._note_image(reply.code)
        if reply.code is None or self._cut_after is None:
            return
        command, nth = self._cut_after
        if command not in {None, reply.command}:
            return
        self._cut_after = (command, nth - 1) if nth > 1 else None
        if self._cut_after is None:
            self._before_cut()
            self._cut()
            raise asyncio.CancelledError("no power")

    def _note_image(self, code: int | None) -> None:
        finger, image = self.sensor.finger, self.sensor._memory.ram.image
        if code == Code.OK and image is not None:
            self.last_finger = image.touch.finger.name
        elif code == Code.IMAGE_FAIL and finger is not None:
            self.last_finger = finger.name
        elif code == Code.NO_FINGER:
            self.changed = False
            if finger is not None:
                self.flickered()
            return
        else:
            return  # neither a finger nor none: the reader asks again
        self.changed = False
        self.last_image_at = self._loop.time()
        if finger is None:
            self.blinded()

    def _schedule(self, due: float, data: bytes) -> None:
        if data and due >= self._silent_until:
            self._incoming.append((due, data))


class Port:
    """The serial port of one run of the firmware: without power no bytes are sent or received."""

    def __init__(self, line: SensorLine, power: Power) -> None:
        self._line = line
        self._power = power

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._power.check()
        self._line.write(data)

    async def read(self, n: int, timeout_ms: int) -> bytes:
        """Return the received bytes, at most n; none after the timeout."""
        self._power.check()
        data = await self._line.read(n, timeout_ms)
        self._power.check()
        return data

    def discard(self) -> None:
        """Drop received bytes that were not read."""
        self._power.check()
        self._line.discard()

    def set_baud(self, rate: int) -> None:
        """Do nothing: the rate of a simulated line is always right."""
