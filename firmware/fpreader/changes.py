"""What Home Assistant may change beside enrolling: templates, their ids, the sensor, settings.

Each is accepted or refused at once. What needs the sensor is then done by the scanner between two
looks for a finger, one change at a time, and `done` is told what came of it.
"""

from fpreader.memory import DELETE
from fpreader.sensor_commands import READ_SYS_PARA
from fpreader.sensor_connection import SensorError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from fpreader.light import Light
    from fpreader.templates import Templates

    #: Is told None for a success, or an error of the protocol.
    Done = Callable[[str | None], None]
    Work = Callable[[], Coroutine[Any, Any, str | None]]


class Changes:
    """The one change that is under way, if any.

    What asks for a change returns None when it is accepted, or an error of the protocol. Only an
    accepted change calls `done`, and then once.
    """

    def __init__(
        self,
        templates: "Templates",
        light: "Light",
        refusal: "Callable[[], str | None]",
        report: "Callable[[], None]",
    ) -> None:
        """`refusal` says why nothing may be changed now (busy, sensor_error).

        `report` is called when the templates have changed.
        """
        self._templates = templates
        self._memory = templates.memory
        self._light = light
        self._refusal = refusal
        self._report = report
        self._work: Work | None = None
        self._done: Done | None = None
        self._identification: bool | None = None
        """Identification as requested by the running change.

        None once a newer request replaced it.
        """

    @property
    def under_way(self) -> bool:
        """Whether a change was accepted and is not done."""
        return self._work is not None

    @property
    def pending(self) -> bool:
        """Whether a request that was taken may still change something.

        It is under way, or it is a delete that was interrupted and that the next start ends.
        """
        operation = self._memory.operation
        return self.under_way or (operation is not None and operation.get("op") == DELETE)

    @property
    def revision(self) -> "str | None":
        """The revision of what the sensor holds, as on the topic `templates`."""
        return self._templates.revision

    @property
    def settings(self) -> "dict[str, Any]":
        """The settings as they are."""
        settings: dict[str, Any] = {
            "identification": self._memory.identification,
            "security_level": self._templates.security_level,
        }
        if self._light.colored:
            settings["led_color"] = self._memory.led_color
        return settings

    # --- what others ask for --------------------------------------------------------

    def delete(
        self, slot: int, template_id: "str | None", revision: "str | None", done: "Done"
    ) -> "str | None":
        """Empty the slot that holds the template of this id; None: one without id.

        Only the revision that listed it says which template without an id that is.
        """
        error = self._slot_refusal(slot)
        if error is None and self._memory.template_id(slot) != template_id:
            error = "not_found"
        if error is None and template_id is None and revision != self.revision:
            error = "not_found"
        return self._accept_unless(error, lambda: self._delete(slot, template_id), done)

    def adopt(self, slot: int, template_id: str, revision: str, done: "Done") -> "str | None":
        """Give an id to the template without one that this revision listed in a slot."""
        error = self._slot_refusal(slot)
        if error is None and revision != self.revision:
            error = "not_found"
        if error is None and self._memory.template_id(slot) is not None:
            error = "not_found"
        if error is None and self._memory.has_id(template_id):
            error = "not_found"
        return self._accept_unless(error, lambda: self._adopt(slot, template_id), done)

    def accept_sensor(self, done: "Done") -> "str | None":
        """Accept the connected sensor as this reader's own."""
        error = self._refusal()
        if error is None and not self._templates.changed:
            error = "bad_request"
        return self._accept_unless(error, self._accept_sensor, done)

    def set(
        self,
        identification: "bool | None",
        security_level: "int | None",
        led_color: "str | None",
        done: "Done",
    ) -> "str | None":
        """Change settings; None leaves one as it is. A colour needs a light that has some."""
        if security_level is None and led_color is None:
            # Needs no sensor and disturbs nobody: a lock-out must not wait for an enrollment.
            error = self._keep_settings(identification, None)
            if error is None:
                self._identification = None
                done(None)
            return error
        error = self._refusal() or ("sensor_changed" if self._templates.changed else None)
        missing = self._templates.sensor.connection.missing
        if error is None and security_level is not None and READ_SYS_PARA in missing:
            error = "sensor_error"  # it could not be told what the level is
        if error is None:
            self._identification = identification
        return self._accept_unless(error, lambda: self._set(security_level, led_color), done)

    # --- what the scanner does ------------------------------------------------------

    async def run(self) -> bool:
        """Do the change that is under way; False when the sensor has to be started again."""
        error: str | None = "sensor_error"
        try:
            error = await self._work() if self._work else None
        except SensorError:
            pass
        except OSError as problem:
            _refused(problem)
        if error is None:
            self._report()
        self._finish(error)
        return error is None

    def abort(self) -> None:
        """Let the change fail that is under way and cannot be done any more."""
        if self._work:
            self._finish("sensor_error")

    # --- pieces ---------------------------------------------------------------------

    def _slot_refusal(self, slot: int) -> "str | None":
        """Make the checks of whatever is about one template, in the protocol's order."""
        error = self._refusal()
        if error is not None:
            return error
        if self._templates.changed:
            return "sensor_changed"
        if slot >= (self._templates.capacity or 0):
            return "bad_request"
        if not self._templates.slots_known:
            return "sensor_error"
        return None if self._templates.is_occupied(slot) else "not_found"

    def _accept_unless(self, error: "str | None", work: "Work", done: "Done") -> "str | None":
        """Accept a change unless there is an error; give the error."""
        if error is None:
            self._work, self._done = work, done
        return error

    def _finish(self, error: "str | None") -> None:
        done, self._work, self._done = self._done, None, None
        if done is not None:
            done(error)

    async def _delete(self, slot: int, template_id: "str | None") -> "str | None":
        return None if await self._templates.delete(slot, template_id) else "sensor_error"

    async def _adopt(self, slot: int, template_id: str) -> "str | None":
        await self._templates.adopt(slot, template_id)
        return None

    async def _accept_sensor(self) -> "str | None":
        return None if await self._templates.accept() else "bad_request"

    async def _set(self, security_level: "int | None", led_color: "str | None") -> "str | None":
        if security_level is not None:
            await self._templates.set_security_level(security_level)
        if led_color is not None:
            # Shown before it is kept: what the sensor refuses is not to come back with each start.
            await self._light.set_color(led_color)
        # Where the flash refuses, the sensor is started again, and that brings the old colour back.
        return self._keep_settings(self._identification, led_color)

    def _keep_settings(
        self, identification: "bool | None", led_color: "str | None"
    ) -> "str | None":
        memory = self._memory
        if identification is None:
            identification = memory.identification
        if led_color is None:
            led_color = memory.led_color
        if (identification, led_color) == (memory.identification, memory.led_color):
            return None
        try:
            memory.keep_settings(identification, led_color)
        except OSError as problem:
            return _refused(problem)
        return None


def _refused(problem: OSError) -> str:
    """Give the error for a flash that refuses; the protocol has no word of its own for it."""
    print("changes: the flash refuses:", problem)
    return "sensor_error"
