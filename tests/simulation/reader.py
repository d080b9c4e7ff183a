"""A whole reader: the real firmware on a board whose flash, sensor, clock and power are pretended.

Power can be cut at any moment. From then on nothing that the firmware still does reaches flash,
sensor, network or observer (see board.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, override

from emulator import PROFILES, EmulatedSensor
from emulator.templates import identity, made_of
from fpreader import scanner, touch_record
from fpreader.app import App
from fpreader.config import Config, Section
from fpreader.memory import MARK_BYTES
from fpreader.templates import MARK_PAGE
from tests.simulation.board import SimulatedBoard
from tests.simulation.console import console
from tests.simulation.flash import Flash, Moment, Power, nothing
from tests.simulation.sensor_line import SensorLine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from random import Random

    from emulator import Command, Fault, Finger, Profile

    type Open = Callable[[str, int], Awaitable[tuple[Any, Any]]]

#: Seconds from power to the first line of the firmware, and for a reset after a failure.
BOOT_S = 0.7
RESET_S = 0.3
FAILED_S = 5.0
#: Templates on a page of a list here: in the few that a history leaves there are several pages.
PAGE = 2


class Touch(NamedTuple):
    """A touch as the journal took it."""

    touch: str
    """Its id; that of an earlier one when it was only counted there."""
    result: str
    slot: int | None
    template_id: str | None
    finger: str | None
    """Whose image the sensor had, in truth."""
    at: float
    """When the sensor was asked, as the firmware says, in seconds of the loop."""
    seen_at: float
    """When the sensor had that image, in truth."""
    times: int
    """How many touches are counted under the id by now."""


class Told(Protocol):
    """Is told what is true at the reader, at the moment at which it happens.

    May cut the power, and must not raise: the firmware would take that for a failure of its own.
    """

    def snapshot(self, snapshot: dict[str, Any]) -> None:
        """Hear the enrollment as the firmware has it: at its start, and after every change."""

    def touched(self, touch: Touch) -> None:
        """Hear of a touch that the journal took."""

    def committed(self, slot: int, template_id: str) -> None:
        """Hear that the map in flash has gained an id."""

    def accepted(self) -> None:
        """Hear that another sensor counts as its own from now on."""

    def emptying(self, slot: int, template_id: str | None) -> None:
        """Hear that it asks for a slot to be emptied, with the id that the slot has."""

    def emptied(self, slot: int, template_id: str | None) -> None:
        """Hear that the sensor has lost a template by that."""

    def power(self, *, on: bool) -> None:
        """Hear that power came or went."""

    def stopped(self, error: Exception | None) -> None:
        """Hear that the firmware ended and starts anew: it was asked to, or failed."""

    def printed(self, line: str) -> None:
        """Hear what the serial console says."""


@contextlib.contextmanager
def short_pages() -> Iterator[None]:
    """Have all readers list their templates in pages of `PAGE`."""
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
        told: Told,
        model: str | Profile = "R307",
    ) -> None:
        """Put a reader together.

        `open_connection` takes host and port and gives streams like those of asyncio; a
        connection whose reader loses power just falls silent.
        """
        profile = PROFILES[model] if isinstance(model, str) else model
        self.reader_id = reader_id
        self.device = device
        self.rng = rng
        self.told = told
        self.open_connection = open_connection
        self.drift = 1.0
        """How fast the uptime goes, from the next start."""
        self.flash = Flash(rng, self.power_off)
        self.line = SensorLine(EmulatedSensor(profile), self.power_off, self)
        self.line.power_off()
        self.app: App | None = None
        """The firmware that runs; None while there is none."""
        self._config = Config(
            Section(
                {"reader_id": reader_id, "sensor": profile.name, "broker": "broker", "port": 1883}
            )
        )
        self._life = Power()
        self._main: asyncio.Task[None] | None = None
        self._names: dict[bytes, str] = {}
        self._placed_at = 0.0
        self.touched_at = 0.0
        """When the journal took a touch last."""

    # --- power --------------------------------------------------------------------------

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self._main is not None

    @property
    def uptime_s(self) -> float:
        """For how long the firmware runs, in its own seconds."""
        return self.app._clock() / 1000 if self.app is not None else 0.0

    def power_on(self) -> None:
        """Give power to reader and sensor; idle when there is some."""
        if self._main is not None:
            return
        self.line.power_on()
        self.told.power(on=True)
        context = contextvars.copy_context()
        context.run(console.set, self.told.printed)
        loop = asyncio.get_running_loop()
        self._main = loop.create_task(self._live(), name=self.device, context=context)

    def power_off(self) -> None:
        """Take the power from reader and sensor at once; idle when there is none."""
        if self._main is None:
            return
        self._life.on = False
        self._main.cancel()
        self._main = None
        self.app = None
        self.line.power_off()
        self.told.power(on=False)

    def cut_after(
        self, command: Command | None, nth: int = 1, struck: Callable[[], None] = nothing
    ) -> None:
        """Take the power as soon as the sensor has done its nth command of a kind from now.

        `struck` hears of it right before. None stands for any command.
        """
        self.line.cut_after(command, nth, struck)

    def cut_at_write(
        self,
        nth: int = 1,
        moment: Moment = Moment.AFTER,
        struck: Callable[[], None] = nothing,
    ) -> None:
        """Take the power around the nth write to flash from now; `struck` hears of it."""
        self.flash.cut_at(nth, moment, struck)

    # --- flash --------------------------------------------------------------------------

    @property
    def memory(self) -> dict[int, str]:
        """Slot to template id, as flash has it."""
        return self.flash.memory

    def erase_flash(self) -> None:
        """Lose what the flash holds; a firmware that runs still has its own idea of it."""
        self.flash.erase()

    # --- the sensor, and who touches it ---------------------------------------------------

    @property
    def sensor(self) -> EmulatedSensor:
        """The sensor that is there now."""
        return self.line.sensor

    @property
    def being_touched(self) -> bool:
        """Whether a finger is there of which the journal does not know yet."""
        return self.sensor.finger is not None and self.touched_at < self._placed_at

    def owns(self, sensor: EmulatedSensor) -> bool:
        """Return whether a sensor is the one whose ids the flash holds."""
        return bytes(sensor.notepad[MARK_PAGE][:MARK_BYTES]) == self.flash.mark

    def emptying(self, slot: int) -> None:
        """See the firmware ask for a slot to be emptied."""
        self.told.emptying(slot, self.memory.get(slot))

    def emptied(self, slot: int) -> None:
        """See the sensor lose a template."""
        self.told.emptied(slot, self.memory.get(slot))

    @property
    def templates(self) -> dict[int, str]:
        """Slot to the name of the finger (of several: joined by +) in the sensor."""
        return self.held_by(self.sensor)

    def held_by(self, sensor: EmulatedSensor) -> dict[int, str]:
        """Return the same of another sensor."""
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
        self._placed_at = asyncio.get_running_loop().time()
        self.line.stir()

    def know(self, name: str) -> None:
        """Be able to name a finger that was never placed here, but on a sensor that comes here."""
        self._names[identity(name)] = name

    def lift(self) -> None:
        """Take the finger away."""
        self.sensor.lift()
        self.line.stir()

    def fault(
        self, fault: Fault, times: int = 1, *, after: int = 0, command: Command | None = None
    ) -> None:
        """Let commands to the sensor go wrong; the parameters are those of FaultPlan.add."""
        self.sensor.faults.add(fault, times, after=after, command=command)
        self.line.stir()

    def cycle_sensor(self) -> None:
        """Interrupt the sensor's supply."""
        if self.powered:
            self.line.power_off()
            self.line.power_on()

    def swap_sensor(self, other: EmulatedSensor | None = None) -> EmulatedSensor:
        """Put another sensor in (a new one by default), and give the one that was there."""
        return self.line.swap(other or EmulatedSensor(self.sensor.profile))

    # --- the firmware -------------------------------------------------------------------

    async def _live(self) -> None:
        """Start the firmware again and again, as its board does."""
        await asyncio.sleep(BOOT_S)
        while True:
            power = self._life = Power()
            error: Exception | None = None
            try:
                app = self.app = _App(self, SimulatedBoard(self, power), self._config)
                self.told.snapshot(app.scanner.snapshot)
                await app.run()
            except Exception as problem:  # noqa: BLE001 - the board does the same
                error = problem
            # The reset comes before anything that it left could go on.
            power.on = False
            self.app = None
            self.told.stopped(error)
            await asyncio.sleep((RESET_S if error is None else FAILED_S) + BOOT_S)


class _App(App):
    """The firmware, with somebody who looks over its shoulder."""

    def __init__(self, reader: SimulatedReader, board: SimulatedBoard, config: Config) -> None:
        self._reader = reader
        self._life = board
        super().__init__(board, config)

    @override
    def on_message(self, topic: str, payload: bytes | None, *, retained: bool) -> None:
        super().on_message(topic, payload, retained=retained)
        if self.scanner.busy:
            # What was asked for begins with the next look at the sensor, or ends with it.
            self._reader.line.stir()

    @override
    def on_snapshot(self) -> None:
        self._life.power.check()
        self._reader.told.snapshot(self.scanner.snapshot)
        super().on_snapshot()

    @override
    def on_touch(self, touch: touch_record.Touch) -> None:
        self._life.power.check()
        super().on_touch(touch)
        entry = self.journal._entries[-1]
        told = Touch(
            bytes(entry[1:9]).hex(),
            touch.result,
            touch.slot,
            touch.template_id,
            self._reader.line.imaged,
            self._life.time_of(touch.at_ms),
            self._reader.line.imaged_at,
            entry[16] << 8 | entry[17],
        )
        self._reader.touched_at = self._life.now
        self._reader.told.touched(told)
