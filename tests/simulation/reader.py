"""A whole reader: the real firmware on a board with simulated flash, sensor, clock and power.

Power can be cut at any time. From then on the firmware has no effect on flash, sensor, network or
observer (see board.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from typing import TYPE_CHECKING, Any

from emulator import PROFILES, Code, Command, EmulatedSensor
from emulator.templates import identity, made_of
from fpreader import scanner
from fpreader.config import Config, Section
from fpreader.memory import ENROLL, MARK_BYTES, NO_MARK
from fpreader.sensor_mark import MARK_PAGE
from fpreader.sensor_models import BUFFERS
from tests.simulation.board import SimulatedBoard
from tests.simulation.console import console
from tests.simulation.flash import Flash, Power
from tests.simulation.reader_firmware import Firmware
from tests.simulation.seen_fingers import SeenFingers
from tests.simulation.sensor_line import SensorLine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from random import Random

    from emulator import Fault, Finger, Profile
    from tests.simulation.reader_firmware import Observer

    type Open = Callable[[str, int], Awaitable[tuple[Any, Any]]]

#: Seconds from power to the first line of the firmware, and for a reset after a failure.
BOOT_S = 0.7
RESET_S = 0.3
FAILED_S = 5.0
#: Templates on a page of a list here: so small that the few templates of a history fill several.
PAGE = 2


@contextlib.contextmanager
def short_pages() -> Iterator[None]:
    """Make all readers list their templates in pages of `PAGE`."""
    usual, scanner.PAGE = scanner.PAGE, PAGE
    try:
        yield
    finally:
        scanner.PAGE = usual


class SimulatedReader:
    """One reader with its sensor; begins without power, with an erased flash and a new sensor."""

    def __init__(
        self,
        reader_id: str,
        device: str,
        *,
        rng: Random,
        open_connection: Open,
        observer: Observer,
        model: str | Profile = "R307",
    ) -> None:
        """Make a reader.

        `open_connection` takes host and port and returns streams like those of asyncio; when the
        reader loses power, the connection is not closed, it only falls silent.
        """
        profile = PROFILES[model] if isinstance(model, str) else model
        self.reader_id = reader_id
        self.device = device
        self.rng = rng
        self.observer = observer
        self.open_connection = open_connection
        self.drift = 1.0
        """Rate of the uptime clock relative to true time, from the next start on."""
        self.flash = Flash(rng, self.power_off)
        self.sensor_line = SensorLine(EmulatedSensor(profile), self.power_off, self)
        self.sensor_line.power_off()
        self.garbles = False
        """Whether the touches that come now are told in a way that nobody understands."""
        self.garbled: set[str] = set()
        """Those that are."""
        self.newer = False
        """Whether its firmware is a newer one, with words that nobody knows."""
        self.app: Firmware | None = None
        """The running firmware; None while there is none."""
        config: dict[str, Any] = {"reader_id": reader_id, "broker": "broker", "port": 1883}
        if profile.name in BUFFERS:
            config["sensor"] = profile.name
        if not profile.knows(Command.READ_SYS_PARA):
            config["capacity"] = profile.capacity
        self._config = Config(Section(config))
        self.seen = SeenFingers(None)
        """What the running firmware has heard of fingers."""
        self._excused: set[tuple[EmulatedSensor, int]] = set()
        self._stored: dict[tuple[EmulatedSensor, int], tuple[str | None, bytes]] = {}
        self._power = Power()
        self._main: asyncio.Task[None] | None = None
        self._taken_out: list[EmulatedSensor] = []
        self._names: dict[bytes, str] = {}
        self._placed_at = 0.0
        self.touched_at = 0.0
        """Time of the last touch that was added to the journal."""

    # --- power --------------------------------------------------------------------------

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self._main is not None

    @property
    def uptime_s(self) -> float:
        """Uptime of the firmware, in seconds of its own clock."""
        return self.app._clock() / 1000 if self.app is not None else 0.0

    def power_on(self) -> None:
        """Switch reader and sensor on, unless they are on already."""
        if self._main is not None:
            return
        self.sensor_line.power_on()
        self.observer.power(on=True)
        context = contextvars.copy_context()
        context.run(console.set, self.observer.printed)
        loop = asyncio.get_running_loop()
        self._main = loop.create_task(self._run_firmware(), name=self.device, context=context)

    def power_off(self) -> None:
        """Cut the power of reader and sensor at once, unless they are off already."""
        if self._main is None:
            return
        self._power.on = False
        self._main.cancel()
        self._main = None
        self.app = None
        self.sensor_line.power_off()
        self.observer.power(on=False)

    # --- flash --------------------------------------------------------------------------

    @property
    def memory(self) -> dict[int, str]:
        """Template id of each slot, as in flash."""
        return self.flash.memory

    # --- the sensor, and who touches it ---------------------------------------------------

    @property
    def sensor(self) -> EmulatedSensor:
        """The connected sensor."""
        return self.sensor_line.sensor

    @property
    def being_touched(self) -> bool:
        """Whether there is a finger whose touch is not in the journal yet."""
        return self.sensor.finger is not None and self.touched_at < self._placed_at

    @property
    def own_sensor(self) -> EmulatedSensor:
        """The sensor whose ids the flash holds, connected or not; if none, the connected one."""
        return next(filter(self.owns, (self.sensor, *self._taken_out)), self.sensor)

    def owns(self, sensor: EmulatedSensor) -> bool:
        """Return whether a sensor is the one whose ids the flash holds."""
        if not sensor.profile.knows(Command.READ_NOTEPAD):
            return self.flash.mark == NO_MARK
        return bytes(sensor.notepad[MARK_PAGE][:MARK_BYTES]) == self.flash.mark

    def stored(self, slot: int, before: bytes | None) -> None:
        """Notify the observer where the sensor has stored over a template of somebody else."""
        operation = self.flash.operation
        enrollment = operation["template_id"] if operation and operation["op"] == ENROLL else None
        mine = self._stored.get((self.sensor, slot)) == (enrollment, before)
        if before is not None and not mine and (self.sensor, slot) not in self._excused:
            self.observer.overwritten(slot)
        self._stored[self.sensor, slot] = enrollment, self.sensor.templates[slot]

    def excuse_store(self, slot: int) -> None:
        """Let the running enrollment store over what comes into a slot now."""
        self._excused.add((self.sensor, slot))

    def emptying(self, slot: int) -> None:
        """Notify the observer that the firmware requests to empty a slot."""
        self.observer.emptying(slot, self.memory.get(slot))

    def kept(self, slot: int) -> None:
        """Notify the observer that the sensor has refused to delete a template."""
        self.observer.kept(self.memory.get(slot))

    def emptied(self, slot: int) -> None:
        """Notify the observer that the sensor has deleted a template."""
        self.observer.emptied(slot, self.memory.get(slot))

    @property
    def templates(self) -> dict[int, str]:
        """Name of the finger in each slot of the connected sensor (of several: joined by +)."""
        return self.held_by(self.sensor)

    def held_by(self, sensor: EmulatedSensor) -> dict[int, str]:
        """Return the same for any sensor."""
        return {slot: self._held(data) for slot, data in sensor.templates.items()}

    def _held(self, template: bytes) -> str:
        made = made_of(template)
        if len(made) == 1:
            [one] = made
            return self._names.get(one, "?")
        return "+".join(sorted(self._names.get(one, "?") for one in made))

    def place(self, finger: Finger) -> None:
        """Put a finger on the sensor."""
        self.know(finger.name)
        self.sensor.place(finger)
        self.seen.placed(finger.name)
        self._placed_at = asyncio.get_running_loop().time()
        self.sensor_line.notify_change()

    def know(self, name: str) -> None:
        """Register the name of a finger that is stored on a sensor which may be connected later."""
        self._names[identity(name)] = name

    def lift(self) -> None:
        """Take the finger away."""
        self.sensor.lift()
        self.sensor_line.notify_change()

    def fault(
        self,
        fault: Fault,
        times: int = 1,
        *,
        after: int = 0,
        command: Command | None = None,
        code: int = Code.RESIDUAL_FINGER,
    ) -> None:
        """Inject a fault into commands to the sensor; the parameters are those of FaultPlan.add."""
        self.sensor.faults.add(fault, times, after=after, command=command, code=code)
        self.sensor_line.notify_change()

    def cycle_sensor(self) -> None:
        """Interrupt the sensor's supply."""
        if self.powered:
            self.sensor_line.power_off()
            self.sensor_line.power_on()

    def swap_sensor(self, other: EmulatedSensor | None = None) -> EmulatedSensor:
        """Replace the sensor (by a new one by default); return the old one."""
        taken_out = self.sensor_line.swap(other or EmulatedSensor(self.sensor.profile))
        self._taken_out.append(taken_out)
        return taken_out

    # --- the firmware -------------------------------------------------------------------

    async def _run_firmware(self) -> None:
        """Run the firmware, and restart it whenever it ends, as its board does."""
        await asyncio.sleep(BOOT_S)
        while True:
            power = self._power = Power()
            error: Exception | None = None
            self.seen = SeenFingers(None if self.sensor.finger is None else self.sensor.finger.name)
            try:
                app = self.app = Firmware(self, SimulatedBoard(self, power), self._config)
                self.observer.snapshot(app.scanner.snapshot)
                await app.run()
            except Exception as problem:  # noqa: BLE001 - the board does the same
                error = problem
            # Off before any task that it left behind could continue.
            power.on = False
            self.app = None
            self.observer.stopped(error)
            await asyncio.sleep((RESET_S if error is None else FAILED_S) + BOOT_S)
