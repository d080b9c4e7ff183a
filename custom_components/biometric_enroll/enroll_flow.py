"""Steps of a reader's options flow: start, watch and cancel an enrollment."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, override

import probatio
from homeassistant.core import Context, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_interval

from . import enrollment_start, subjects
from .const import CONF_DEVICE
from .enrollment_watch import Watch
from .errors import translate_errors
from .flow_steps import SUBJECT_FIELDS, ReaderSteps
from .markdown import harmless
from .storage import DATA_REGISTRY
from .subjects import ATTR_FINGER

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import CALLBACK_TYPE

    from .client.state import Subject
    from .enrollment_watch import View

    type Step = Callable[
        [EnrollSteps, dict[str, Any] | None], Coroutine[Any, Any, ConfigFlowResult]
    ]

TELL_AGAIN = timedelta(seconds=1)
"""Interval at which a dialog is notified again until it has fetched the new stage.

The frontend misses notifications that arrive while it changes from one step to the next.
"""

_ANSWERED = {"completed", "overtaken"}
"""Endings after which there is nothing to try again."""

_NOBODY = "?"
"""Name in an enrollment that Home Assistant has not requested."""

_ENROLL_SCHEMA = probatio.Schema(SUBJECT_FIELDS)


def _ending(step_id: str) -> Step:
    """Return a step that shows how the enrollment ended, and offers what to do next."""

    async def step(self: EnrollSteps, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        del user_input
        return self.show_ending(step_id)

    return step


class EnrollSteps(ReaderSteps):
    """Steps that request and watch an enrollment; the reader runs it."""

    _template_id: str | None = None
    """Of the enrollment that was watched last."""
    _watch: Watch | None = None
    _view: View
    """What the dialog shows."""
    _waiting: asyncio.Task[None] | None = None
    """Ends when the view changes."""
    _unseen = False
    """Whether no dialog has fetched the newest stage yet."""
    _stop_telling: CALLBACK_TYPE | None = None
    _removed = False
    _asked: dict[str, Any] | None = None
    """The user input for the enrollment that was requested last."""

    async def async_step_enroll(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whose finger it is, and start the enrollment."""
        coordinator, error = self._coordinator, None
        enroll_options = enrollment_start.enroll_options({}, self.config_entry.options)
        if user_input is not None:
            self._asked = user_input
            try:
                subject = subjects.subject(self.hass, user_input)
                template_id, _ = await enrollment_start.async_start(
                    self.hass, coordinator, subject, enroll_options, Context()
                )
            except HomeAssistantError as err:
                error = err
            else:
                return await self._async_look_on(template_id)
        return self._form(
            "enroll",
            self.add_suggested_values_to_schema(_ENROLL_SCHEMA, self._asked),
            error,
            scans=str(enroll_options.scans),
            scan_timeout=str(enroll_options.scan_timeout),
        )

    async def async_step_try_again(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Start the same enrollment once more; ask whose finger it is if that is not known."""
        del user_input
        return await self.async_step_enroll(self._asked)

    async def async_step_watch(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Watch the running enrollment, whoever started it."""
        del user_input
        template_id = self._coordinator.data.snapshot.template_id
        if template_id is None:
            return await self.async_step_init()
        if (subject := self._whose(template_id)) is not None:
            # The suggested values for another try, if this one fails.
            described = subjects.describe(self.hass, subject)
            self._asked = {field: value for field, value in described.items() if value}
        return await self._async_look_on(template_id)

    def _whose(self, template_id: str | None) -> Subject | None:
        """Return whose finger is enrolled; from the registry, so also while the entry reloads."""
        device = self.config_entry.data[CONF_DEVICE]
        asked_for = self.hass.data[DATA_REGISTRY].enrollment(device)
        if asked_for is None or asked_for.template_id != template_id:
            return None
        return asked_for.subject

    def _words(self, template_id: str | None) -> dict[str, str]:
        """Return the placeholders for texts about an enrollment."""
        subject = self._whose(template_id)
        name = subject.name if subject is not None else _NOBODY
        return {"reader": harmless(self.config_entry.title), "name": harmless(name)}

    async def _async_look_on(self, template_id: str) -> ConfigFlowResult:
        if self._removed:
            # The dialog was closed while waiting for the reader: there is nothing to notify.
            return await self.async_step_init()
        self._look_away()
        self._template_id = template_id
        self._watch = Watch(self.config_entry, template_id)
        self._stop_telling = async_track_time_interval(self.hass, self._tell_again, TELL_AGAIN)
        result = await self.async_step_progress()
        # The result of this step already shows the stage.
        self._unseen = False
        return result

    async def async_step_progress(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show each stage, and finally how the enrollment ended.

        Home Assistant calls this again when `_waiting` is done, and when a dialog fetches the flow.
        """
        del user_input
        if self._watch is None:
            return self.async_show_progress_done(next_step_id="init")
        if self._waiting is None or self._waiting.done():
            self._view = self._watch.view
            self._unseen = True
            if self._view.ending is not None:
                return self.async_show_progress_done(next_step_id=self._view.ending)
            # Not eagerly: the current stage must be shown first.
            self._waiting = self.hass.async_create_background_task(
                self._async_changed(self._watch, self._view),
                f"dialog about an enrollment on {self.config_entry.title}",
                eager_start=False,
            )
        else:
            self._unseen = False
        return self.async_show_progress(
            step_id="progress",
            progress_action=self._view.stage,
            description_placeholders={
                **self._words(self._template_id),
                "step": str(self._view.step),
                "total": str(self._view.total),
                "word": self._view.word,
            },
            progress_task=self._waiting,
        )

    async def _async_changed(self, watch: Watch, view: View) -> None:
        """Show the captured scans as progress, and wait until the view changes."""
        if view.progress:
            self.async_update_progress(view.progress / 100)
        await watch.async_changed(view)

    @callback
    def _tell_again(self, _: datetime) -> None:
        if self._unseen:
            self.async_notify_flow_changed()

    def show_ending(self, step_id: str) -> ConfigFlowResult:
        """Show how the enrollment ended."""
        self._look_away()
        if step_id == "completed" and self._asked is not None:
            # The next one is of the same person.
            self._asked = {key: self._asked[key] for key in self._asked if key != ATTR_FINGER}
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["enroll" if step_id in _ANSWERED else "try_again", "init"],
            description_placeholders={**self._words(self._template_id), "word": self._view.word},
        )

    async_step_completed = _ending("completed")
    async_step_cancelled = _ending("cancelled")
    async_step_failed = _ending("failed")
    async_step_timeout = _ending("timeout")
    async_step_mismatch = _ending("mismatch")
    async_step_duplicate = _ending("duplicate")
    async_step_sensor_error = _ending("sensor_error")
    async_step_reader_restarted = _ending("reader_restarted")
    async_step_given_up = _ending("given_up")
    async_step_other = _ending("other")
    async_step_overtaken = _ending("overtaken")

    async def async_step_cancel(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to cancel the running enrollment, and cancel it."""
        coordinator, error = self._coordinator, None
        words = self._words(coordinator.data.snapshot.template_id)
        if user_input is not None:
            try:
                with translate_errors(self.config_entry.title):
                    await coordinator.client.enroller.async_cancel()
            except HomeAssistantError as err:
                error = err
            else:
                return await self.async_step_init()
        return self._form("cancel", probatio.Schema({}), error, **words)

    @callback
    @override
    def async_remove(self) -> None:
        """Stop watching; the enrollment goes on."""
        self._removed = True
        self._look_away()

    def _look_away(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = self._waiting = None
        if self._stop_telling is not None:
            self._stop_telling()
            self._stop_telling = None
