"""The dialog of a reader's options, as the frontend shows it.

It fails where a text is missing, or a placeholder of a text has no value.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Self

from homeassistant.core import callback
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE,
    EVENT_DATA_ENTRY_FLOW_PROGRESSED,
    FlowResultType,
)

from tests.unit.translation_files import TEXTS, placeholders

if TYPE_CHECKING:
    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.home import Home


OPTIONS = TEXTS["options"]


def check_texts(step: dict[str, Any]) -> None:
    """Check that there is a text for everything in a step."""
    kind, texts = step["type"], OPTIONS["step"].get(step.get("step_id"), {})
    used = [text for key, text in texts.items() if key in {"title", "description"}]
    if kind is FlowResultType.MENU:
        assert set(step["menu_options"]) <= texts["menu_options"].keys()
    elif kind is FlowResultType.FORM:
        fields = {str(key) for key in step["data_schema"].schema}
        assert texts.get("data", {}).keys() == texts.get("data_description", {}).keys() == fields
        used += [OPTIONS["error"][error] for error in (step["errors"] or {}).values()]
    elif kind is FlowResultType.SHOW_PROGRESS:
        used.append(OPTIONS["progress"][step["progress_action"]])
    elif kind is FlowResultType.ABORT:
        used.append(OPTIONS["abort"][step["reason"]])
    if kind is not FlowResultType.CREATE_ENTRY:
        assert used
    told = (step.get("description_placeholders") or {}).keys()
    assert set().union(*map(placeholders, used)) <= told


class Dialog:
    """Shows one step at a time; fetches the next one when it is notified of it."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Show nothing yet."""
        self.hass = hass
        self.step: dict[str, Any] = {}
        self.said: list[str] = []
        """The progress steps that it has shown: stage and scan."""
        self.deaf = False
        """Whether it misses notifications."""
        self.missed = asyncio.Event()
        self.rings: list[float] = []
        """The values of the progress ring."""
        self._news = asyncio.Event()
        self._stop = [
            hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESSED, self._refresh),
            hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, self._fill),
        ]

    @classmethod
    async def open(cls, hass: HomeAssistant, entry: MockConfigEntry, *choices: str) -> Self:
        """Open it, and choose one menu option after the other."""
        self = cls(hass)
        self._show(await hass.config_entries.options.async_init(entry.entry_id))
        for choice in choices:
            await self.choose(choice)
        return self

    async def choose(self, option: str) -> None:
        """Choose from a menu."""
        assert option in self.menu
        await self._answer({"next_step_id": option})

    async def submit(self, **fields: Any) -> None:
        """Submit a form."""
        assert self.step["type"] is FlowResultType.FORM
        await self._answer(fields)

    async def _answer(self, answer: dict[str, Any] | None = None) -> None:
        flows = self.hass.config_entries.options
        self._show(await flows.async_configure(self.step["flow_id"], answer))

    def close(self) -> None:
        """Close it, which aborts the flow unless that has ended."""
        while self._stop:
            self._stop.pop()()
        self.hass.config_entries.options.async_abort(self.step["flow_id"])

    async def until(self, shown: str) -> None:
        """Wait until it shows a step, or a progress step with this stage and scan."""
        async with asyncio.timeout(5):
            while shown not in {self.step["step_id"], *self.said[-1:]}:
                self._news.clear()
                await self._news.wait()

    @callback
    def _refresh(self, event: Event[Any]) -> None:
        if self.deaf:
            self.missed.set()
        elif event.data["flow_id"] == self.step["flow_id"]:
            self.hass.async_create_task(self._answer())

    @callback
    def _fill(self, event: Event[Any]) -> None:
        self.rings.append(event.data["progress"])

    def _show(self, step: Any) -> None:
        check_texts(step)
        self.step = step
        if step["type"] is FlowResultType.SHOW_PROGRESS:
            words = step["description_placeholders"]
            said = f"{step['progress_action']} {words['step']}/{words['total']}"
            if [said] != self.said[-1:]:
                self.said.append(said)
        self._news.set()

    @property
    def step_id(self) -> str:
        """Which step it shows."""
        step_id: str = self.step["step_id"]
        return step_id

    @property
    def menu(self) -> list[str]:
        """What can be chosen."""
        return list(self.step["menu_options"])

    @property
    def error(self) -> str | None:
        """Return the key of what a form says about what was entered before."""
        found: str | None = (self.step["errors"] or {}).get("base")
        return found

    @property
    def suggested(self) -> dict[str, Any]:
        """What the fields of a form are filled with."""
        fields = [key for key in self.step["data_schema"].schema if key.description]
        return {str(key): key.description["suggested_value"] for key in fields}

    def offers(self, field: str) -> dict[str, str]:
        """Return what can be selected in a field: value by label."""
        selector = self.step["data_schema"].schema[field]
        return {each["label"]: each["value"] for each in selector.config["options"]}


async def async_started(home: Home) -> Dialog:
    """Open the dialog and start to enroll Anna."""
    dialog = await Dialog.open(home.hass, home.entry, "enroll")
    await dialog.submit(name="Anna")
    await dialog.until("place_finger 1/3")
    return dialog
