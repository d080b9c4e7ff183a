"""The sensor side of the reader: keeps the sensor running, reads touches, runs enrollments."""

import asyncio

from fpreader.changes import Changes
from fpreader.enrollment import IDLE, POLL_MS, Enrollment
from fpreader.enrollment_runner import EnrollmentRunner, operation_record
from fpreader.interrupted_enrollment import end_interrupted
from fpreader.light import Light
from fpreader.memory import Memory
from fpreader.sensor_connection import CodeError, SensorError
from fpreader.sensor_probe import SensorProbe
from fpreader.slot_index import UnclearIndexError
from fpreader.templates import Templates
from fpreader.touches import Touches

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from fpreader.app import App
    from fpreader.board import Board
    from fpreader.config import SensorConfig
    from fpreader.sensor import Sensor
    from fpreader.sensor_models import SensorModel

    #: Word of the protocol, command and code.
    Problem = tuple[str | None, int | None, int | None]

#: How often a sensor that does not work is tried again.
RETRY_MS = 5000
#: How often another sensor than ours is asked for our mark: ours may be back, untouched.
ASK_MARK_EVERY_MS = 10000
#: After how long a sensor that did not tell what a Store has stored is found out anew.
UNCLEAR_MS = 60000
#: Most templates on one page of `list`: no longer than an answer to hello, for which there is room.
PAGE = 32
#: The word for a sensor that sees a finger all the time, and works on.
ALWAYS_FINGER = "always_finger"


class Scanner:
    """Owns the sensor.

    Calls `on_snapshot`, `on_templates` and `on_model` of the app when the property of that name has
    changed, and `on_touch` with each touch.
    """

    def __init__(
        self, board: "Board", sensor: "Sensor", config: "SensorConfig", app: "App"
    ) -> None:
        self._connection = sensor.connection
        self._memory = memory = Memory(board.records)
        self._clock = board.clock
        self._sleep = board.sleep
        self._app = app
        self._probe = SensorProbe(sensor, config)
        self._templates = Templates(board, sensor, self._probe, memory)
        self._light = Light(
            board,
            sensor,
            memory,
            lambda: self.model.colored,
            lambda: self._ready and not self.running,
        )
        self._touches = Touches(board, self._templates, self._light, app.on_touch)
        self._runner = EnrollmentRunner(
            board, self._templates, self._touches, self._show_snapshot, self._report
        )
        self._state = self._templates.state()
        self._state["sensor_error"] = SensorError.word
        self._state["sensor_error_details"] = None
        self._problem: Problem = (SensorError.word, None, None)
        self._asked_at = self._clock()
        """When what speaks against an enrollment was found, or last asked for."""
        self._ready = False  # the sensor was started and nothing speaks against an enrollment
        self._enrollment: Enrollment | None = None
        self.changes = Changes(self._templates, self._light, self._refusal, self._report)
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
        return self._connection.errors

    @property
    def model(self) -> "SensorModel":
        """The sensor's model, as configured or as found."""
        return self._probe.model

    @property
    def sensor_info(self) -> "dict[str, Any] | None":
        """What the sensor was found to be, as in hello; None until it was probed."""
        return None if self._templates.capacity is None else self._templates.info()

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
            self._memory.keep_operation(operation_record(enrollment))
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

    def finish_touch(self) -> None:
        """Tell what was seen so far of a touch that is being looked at: the reader restarts."""
        self._touches.tell()

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
                await self._start_sensor()
                await self._serve()
                works = True
            except SensorError as error:
                self._report((error.word, error.command, error.code))
            except OSError as error:
                print("scanner: the flash refuses:", error)
                self._report((SensorError.word, None, None))
            finally:
                self._ready = False
            self.changes.abort()
            # Nobody looks at that finger any more: whoever is there afterwards is another touch.
            self._touches.tell()
            if not works and not self._enrollment:
                await self._pause(RETRY_MS)

    async def _start_sensor(self) -> None:
        """Find out what the sensor is and holds, and get ready."""
        before = self._probe.model
        await self._templates.start()
        if not self._probe.model.is_same(before):
            self._app.on_model()
        print("sensor:", self._templates.description())
        self._report()
        self._ready = True
        await self._light.restore()

    async def _serve(self) -> None:
        """Read touches, run enrollments, do changes until the sensor has to be started again."""
        while True:
            if self._enrollment:
                fine = await self._enroll(self._enrollment)
            elif self.changes.under_way:
                fine = await self.changes.run()
            else:
                fine = await self._touches.poll() and not await self._may_be_right_again()
                await self._light.refresh()
            if not fine:
                return
            if self._problem_now() != self._problem:
                self._report()
            hurry_ms = self._touches.hurry_ms
            await self._pause(POLL_MS if hurry_ms is None else hurry_ms)

    async def _may_be_right_again(self) -> bool:
        """Ask now and then whether a new start may end what speaks against an enrollment."""
        asked_ms = self._clock() - self._asked_at
        if self._templates.unclear:
            # A code that it gives now and then is enough for that.
            return asked_ms >= UNCLEAR_MS
        if not self._templates.changed or asked_ms < ASK_MARK_EVERY_MS:
            return False
        self._asked_at = self._clock()
        try:
            return await self._templates.is_ours()
        except CodeError:
            return False

    async def _pause(self, ms: int) -> None:
        await self._sleep(ms / 1000)

    def _problem_now(self) -> "Problem":
        """Give what is wrong with a sensor that works on, if anything."""
        refused = self._connection.refused
        if refused is not None:
            return CodeError.word, refused[0], refused[1]
        if self._templates.unclear:
            return UnclearIndexError.word, None, None
        return (ALWAYS_FINGER if self._touches.always_finger else None), None, None

    def _report(self, problem: "Problem | None" = None) -> None:
        """Report what the sensor holds and what is wrong with it, if that has changed.

        Without a problem it is that of a sensor that works on.
        """
        before, self._problem = self._problem, problem or self._problem_now()
        if self._problem != before:
            self._asked_at = self._clock()
        word, command, code = self._problem
        state = self._templates.state()
        state["sensor_error"] = word
        state["sensor_error_details"] = None
        if command is not None:
            state["sensor_error_details"] = {"command": command, "code": code}
        if state != self._state:
            if word is not None and word != self._state["sensor_error"]:
                print("sensor: %s, command %s, code %s" % self._problem)
            self._state = state
            self._app.on_templates()
        self.sensor_tried.set()

    # --- enrollments ----------------------------------------------------------------

    def _refusal(self) -> "str | None":
        """Make the checks of whatever changes something, in the protocol's order."""
        if self.busy:
            return "busy"
        return None if self._ready and not self._templates.unclear else "sensor_error"

    def _start_refusal(self, template_id: str, slot: "int | None", total: int) -> "str | None":
        """Make the further checks of `start`; sensor_full is not among them."""
        if self._templates.changed:
            return "sensor_changed"
        beyond = slot is not None and slot >= (self._templates.capacity or 0)
        if beyond or total > self.model.buffers + 1 or self._memory.has_id(template_id):
            return "bad_request"
        if slot is not None and not self._templates.may_store(slot):
            return "slot_occupied"
        return None

    async def _show_snapshot(self) -> None:
        self._app.on_snapshot()
        await self._light.show_snapshot(self.snapshot)

    async def _enroll(self, enrollment: Enrollment) -> bool:
        """Run an enrollment to its end; False when the sensor has to be started again."""
        await self._touches.finish()
        await self._light.show_snapshot(self.snapshot)
        fine = await self._runner.run(enrollment)
        self._enrollment = None
        self._ready = self._ready and fine
        self._app.on_snapshot()
        if fine:
            await self._light.show_snapshot(enrollment.snapshot(self._clock()))
        return fine
