"""Runs one enrollment: does in flash and on the sensor what the procedure asks for."""

from fpreader.memory import ENROLL
from fpreader.sensor_connection import CodeError, SensorError, always

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from fpreader.board import Board
    from fpreader.enrollment import Enrollment, Operation, Result
    from fpreader.templates import Templates
    from fpreader.touches import Touches


class EnrollmentRunner:
    """Runs enrollments, one at a time, each to its end."""

    def __init__(
        self,
        board: "Board",
        templates: "Templates",
        touches: "Touches",
        show: "Callable[[], Awaitable[None]]",
        on_templates: "Callable[[], None]",
    ) -> None:
        """`show` is called when the snapshot has changed, `on_templates` after a commit."""
        self._clock = board.clock
        self._sleep = board.sleep
        self._templates = templates
        self._sensor = templates.sensor
        self._connection = templates.sensor.connection
        self._memory = templates.memory
        self._touches = touches
        self._show = show
        self._on_templates = on_templates
        self._works = True  # nothing says that the sensor has to be started again

    async def run(self, enrollment: "Enrollment") -> bool:
        """Run an enrollment to its end; False when the sensor has to be started again."""
        shown = enrollment.seq
        self._works = True
        result: Result = None
        self._connection.may_repeat = lambda: enrollment.may_repeat(self._clock())
        try:
            while (operation := enrollment.advance(result, self._clock())) is not None:
                result = self._do_in_flash(enrollment, operation)
                if result is not None:
                    continue  # nothing is shown before it is remembered
                if enrollment.seq != shown:
                    shown = enrollment.seq
                    await self._show()
                result = await self._do_on_sensor(operation)
        finally:
            self._connection.may_repeat = always
        # A finger of the last scan that is still there at the end is no touch.
        self._touches.hold()
        return self._works

    def _do_in_flash(self, enrollment: "Enrollment", operation: "Operation") -> "Result":
        """Do an operation on the flash; None when it is none."""
        name, numbers = operation
        try:
            if name == "keep":
                self._memory.keep_operation(operation_record(enrollment))
            elif name == "commit":
                snapshot = enrollment.snapshot(self._clock())
                self._templates.commit(numbers[0], enrollment.template_id, snapshot)
                self._on_templates()
            elif name == "end":
                snapshot = enrollment.snapshot(self._clock())
                self._memory.end_enrollment(snapshot, emptied=bool(numbers[0]))
                # What could not be emptied now is emptied when the sensor is started again.
                self._works = self._works and bool(numbers[0])
            else:
                return None
        except OSError as error:
            print("scanner: the flash refuses:", error)
            return "sensor_error"
        return "good"

    async def _do_on_sensor(self, operation: "Operation") -> "Result":
        """Do an operation on the sensor, or wait."""
        name, numbers = operation
        try:
            if name in ("prove_free", "store", "empty"):
                result = await self._do_in_slot(name, numbers[0])
            else:
                result = await self._do_with_image(name, numbers)
        except CodeError:
            return "sensor_error"  # it answers: that costs this command, not the sensor
        except SensorError:
            result = "sensor_error"
        self._works = self._works and result not in ("sensor_error", "taken")
        return result

    async def _do_with_image(self, name: str, numbers: "tuple[int, ...]") -> "Result":
        if name == "gen_img":
            image = await self._sensor.gen_img()
            self._touches.saw(image)
            return image
        if name == "img2tz":
            return await self._sensor.img2tz(numbers[0])
        if name == "search":
            found = await self._templates.search(*numbers)
            return found and (found[0], self._memory.template_id(found[0]))
        if name == "reg_model":
            return "good" if await self._sensor.reg_model() else "mismatch"
        await self._sleep(numbers[0] / 1000)
        return "good"

    async def _do_in_slot(self, name: str, slot: int) -> "Result":
        if name == "prove_free":
            return "good" if await self._templates.is_free(slot) else "taken"
        if name == "store":
            return await self._templates.store(slot)
        # It is worth its repeats, also when the enrollment is out of time.
        self._connection.may_repeat = always
        await self._templates.empty(slot)
        return "good"


def operation_record(enrollment: "Enrollment") -> "dict[str, Any]":
    """Make the operation record of an enrollment."""
    record = enrollment.operation()
    record["op"] = ENROLL
    return record
