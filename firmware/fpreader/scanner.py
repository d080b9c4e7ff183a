"""The sensor side of the reader: keeps the sensor running, reads touches, runs enrollments."""

import asyncio

from fpreader.changes import Changes
from fpreader.enrollment import IDLE, POLL_MS, Enrollment
from fpreader.interrupted_enrollment import end_interrupted
from fpreader.light import Light
from fpreader.memory import ENROLL, Memory
from fpreader.sensor import SensorError, always
from fpreader.templates import Templates
from fpreader.touches import Touches

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from fpreader.app import App
    from fpreader.board import Board
    from fpreader.enrollment import Operation, Result
    from fpreader.sensor import Sensor

#: How often a sensor that does not work is tried again.
RETRY_MS = 5000
#: Most templates on one page of `list`: no longer than an answer to hello, for which there is room.
PAGE = 32


class Scanner:
    """Owns the sensor; `buffers` is its number of character buffers.

    Calls `on_snapshot` and `on_templates` of the app when the property of that name has changed,
    and `on_touch` with each touch.
    """

    def __init__(self, board: "Board", sensor: "Sensor", buffers: int, app: "App") -> None:
        self._sensor = sensor
        self._memory = memory = Memory(board.records)
        self._clock = board.clock
        self._sleep = board.sleep
        self._buffers = buffers
        self._app = app
        self._templates = Templates(board, sensor, memory)
        self._light = Light(
            board, sensor, memory, buffers, lambda: self._ready and not self.running
        )
        self._touches = Touches(board, self._templates, self._light, app.on_touch)
        self._state = self._templates.state()
        self._state["sensor_error"] = SensorError.word
        self._ready = False  # the sensor was started and nothing speaks against an enrollment
        self._enrollment: Enrollment | None = None
        self.changes = Changes(
            self._templates, self._light, self._refusal, lambda: self._report(None)
        )
        """What may be changed beside enrolling."""
        self.sensor_tried = asyncio.Event()
        """Whether it is known if the sensor works: it was started, or that has failed."""
        end_interrupted(memory)  # now, not when the sensor answers

    # --- what others see ------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether an enrollment is running."""
        return self._enrollment is not None

    @property
    def busy(self) -> bool:
        """Whether an enrollment is running or a change is under way."""
        return self.running or self.changes.under_way

    @property
    def sensor_errors(self) -> int:
        """How many commands had no valid answer since the start."""
        return self._sensor.errors

    @property
    def snapshot(self) -> "dict[str, Any]":
        """The current or last enrollment, as on `enroll/response` but without `v`, as of now."""
        if self._enrollment:
            return self._enrollment.snapshot(self._clock())
        return dict(self._memory.last or IDLE)

    @property
    def templates(self) -> "dict[str, Any]":
        """What the sensor holds, as on `templates` but without `v`."""
        return dict(self._state)

    def page(self, first: int) -> "dict[str, Any] | None":
        """List the templates from a slot on, as `list` does; None while they are not known."""
        if self._state["revision"] is None:
            return None
        templates, following = self._templates.page(first, PAGE)
        return {
            "revision": self._state["revision"],
            "templates": templates,
            "next": following,
        }

    # --- what others ask for --------------------------------------------------------

    def start(
        self, template_id: str, slot: "int | None", total: int, scan_timeout_s: int
    ) -> "tuple[int | None, str | None]":
        """Accept an enrollment: (slot, None), or (None, error) with an error of the protocol."""
        error = self._refusal() or self._start_refusal(template_id, slot, total)
        if error:
            return None, error
        free = self._templates.lowest_free() if slot is None else slot
        if free is None:
            return None, "sensor_full"
        enrollment = Enrollment(template_id, free, total, scan_timeout_s, self._clock())
        try:
            self._memory.keep_operation(_record(enrollment))
        except OSError as problem:
            # The protocol has no word for it; this one also means that the hardware is at fault.
            print("scanner: no enrollment, the flash refuses:", problem)
            return None, "sensor_error"
        self._enrollment = enrollment
        self._app.on_snapshot()
        return free, None

    def cancel(self) -> None:
        """Ask the running enrollment to end; its final snapshot tells that it has."""
        if self._enrollment:
            self._enrollment.cancel()

    async def identify(self) -> None:
        """Blink the sensor's light for about three seconds, unless an enrollment is running."""
        await self._light.identify()

    async def run(self) -> None:
        """Keep the sensor running, for ever."""
        while True:
            if self._enrollment:
                # Its deadlines hold whatever has become of the sensor.
                await self._enroll(self._enrollment)
            works = False
            try:
                await self._templates.start()
                self._report(None)
                self._ready = True
                await self._light.restore()
                await self._serve()
                works = True
            except SensorError as error:
                self._report(error.word)
            except OSError as error:
                print("scanner: the flash refuses:", error)
                self._report(SensorError.word)
            finally:
                self._ready = False
            self.changes.abort()
            if not works and not self._enrollment:
                await self._pause(RETRY_MS)

    async def _serve(self) -> None:
        """Read touches, run enrollments, do changes until the sensor has to be started again."""
        while True:
            if self._enrollment:
                fine = await self._enroll(self._enrollment)
            elif self.changes.under_way:
                fine = await self.changes.run()
            else:
                fine = await self._touches.poll()
                await self._light.refresh()
            if not fine:
                return
            await self._pause(POLL_MS)

    async def _pause(self, ms: int) -> None:
        await self._sleep(ms / 1000)

    def _report(self, error: "str | None") -> None:
        """Report what the sensor holds and whether it works, if that has changed."""
        state = self._templates.state()
        state["sensor_error"] = error
        if state != self._state:
            self._state = state
            self._app.on_templates()
        self.sensor_tried.set()

    # --- enrollments ----------------------------------------------------------------

    def _refusal(self) -> "str | None":
        """Make the checks of whatever changes something, in the protocol's order."""
        if self.busy:
            return "busy"
        return None if self._ready else "sensor_error"

    def _start_refusal(self, template_id: str, slot: "int | None", total: int) -> "str | None":
        """Make the further checks of `start`; sensor_full is not among them."""
        if self._templates.changed:
            return "sensor_changed"
        beyond = slot is not None and slot >= (self._templates.capacity or 0)
        if beyond or total > self._buffers + 1 or self._memory.has_id(template_id):
            return "bad_request"
        if slot is not None and self._templates.is_occupied(slot):
            return "slot_occupied"
        return None

    async def _enroll(self, enrollment: Enrollment) -> bool:
        """Run an enrollment to its end; False when the sensor has to be started again."""
        shown = enrollment.seq
        fine = True
        result: Result = None
        self._sensor.may_repeat = lambda: enrollment.may_repeat(self._clock())
        try:
            await self._light.show_snapshot(self.snapshot)
            while (operation := enrollment.advance(result, self._clock())) is not None:
                result = self._do_in_flash(enrollment, operation)
                if result is not None:
                    continue  # nothing is shown before it is remembered
                if enrollment.seq != shown:
                    shown = enrollment.seq
                    self._app.on_snapshot()
                    await self._light.show_snapshot(self.snapshot)
                result = await self._do_on_sensor(operation)
                fine = fine and result not in ("sensor_error", "taken")
        finally:
            self._sensor.may_repeat = always
        self._enrollment = None
        self._ready = self._ready and fine
        self._app.on_snapshot()
        if fine:
            await self._light.show_snapshot(enrollment.snapshot(self._clock()))
        return fine

    def _do_in_flash(self, enrollment: Enrollment, operation: "Operation") -> "Result":
        """Do an operation on the flash; None when it is none."""
        name, numbers = operation
        try:
            if name == "keep":
                self._memory.keep_operation(_record(enrollment))
            elif name == "commit":
                snapshot = enrollment.snapshot(self._clock())
                self._templates.commit(numbers[0], enrollment.template_id, snapshot)
                self._report(None)
            elif name == "end":
                snapshot = enrollment.snapshot(self._clock())
                self._memory.end_enrollment(snapshot, emptied=bool(numbers[0]))
            else:
                return None
        except OSError as error:
            print("scanner: the flash refuses:", error)
            return "sensor_error"
        return "good"

    async def _do_on_sensor(self, operation: "Operation") -> "Result":
        """Do an operation on the sensor, or wait."""
        name, numbers = operation
        result: Result = "good"
        try:
            if name == "pause":
                await self._pause(numbers[0])
            elif name == "gen_img":
                result = await self._sensor.gen_img()
                # A finger of the last scan that is still there at the end is no touch.
                self._touches.resting = result != "no_finger"
            elif name == "img2tz":
                result = await self._sensor.img2tz(numbers[0])
            elif name == "search":
                found = await self._templates.search(*numbers)
                result = found and (found[0], self._memory.template_id(found[0]))
            elif name == "reg_model":
                result = "good" if await self._sensor.reg_model() else "mismatch"
            elif name == "prove_free":
                result = "good" if await self._templates.is_free(numbers[0]) else "taken"
            elif name == "store":
                result = await self._templates.store(numbers[0])
            elif name == "empty":
                # It is worth its repeats, also when the enrollment is out of time.
                self._sensor.may_repeat = always
                await self._templates.empty(numbers[0])
        except SensorError:
            result = "sensor_error"
        return result


def _record(enrollment: Enrollment) -> "dict[str, Any]":
    """Make the operation record of an enrollment."""
    record = enrollment.operation()
    record["op"] = ENROLL
    return record
