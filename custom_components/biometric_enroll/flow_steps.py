"""The base class of the steps of a reader's options flow."""

from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.const import ATTR_NAME
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from .const import FINGERS
from .coordinator import capabilities
from .markdown import harmless
from .subjects import ATTR_FINGER, ATTR_PERSON

if TYPE_CHECKING:
    from homeassistant.exceptions import HomeAssistantError

    from .client.capabilities import Capabilities
    from .coordinator import ReaderCoordinator


SUBJECT_FIELDS = {
    probatio.Optional(ATTR_PERSON): EntitySelector(EntitySelectorConfig(domain="person")),
    probatio.Optional(ATTR_NAME): TextSelector(),
    probatio.Optional(ATTR_FINGER): SelectSelector(
        SelectSelectorConfig(
            options=list(FINGERS), translation_key="finger", mode=SelectSelectorMode.DROPDOWN
        )
    ),
}
"""Form fields for whose finger it is."""


class ReaderSteps(OptionsFlow):
    """Steps for one reader, which start and end at a menu."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu."""
        raise NotImplementedError

    @property
    def _loaded(self) -> bool:
        return self.config_entry.state is ConfigEntryState.LOADED

    @property
    def _coordinator(self) -> ReaderCoordinator:
        """Return the coordinator; a new object after each reload. Raises `AbortFlow`."""
        if not self._loaded:
            raise AbortFlow("not_loaded")
        coordinator: ReaderCoordinator = self.config_entry.runtime_data
        return coordinator

    @property
    def _capabilities(self) -> Capabilities:
        return capabilities(self.config_entry)

    def _form(
        self,
        step_id: str,
        schema: probatio.Schema | None = None,
        error: HomeAssistantError | None = None,
        **placeholders: str,
    ) -> ConfigFlowResult:
        """Show a form, with the error of the last attempt if it failed."""
        words = {"reader": self.config_entry.title, **placeholders}
        if error is not None:
            words |= error.translation_placeholders or {}
        words = {key: harmless(word) for key, word in words.items()}
        if error is None:
            return self.async_show_form(
                step_id=step_id, data_schema=schema, description_placeholders=words
            )
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors={"base": str(error.translation_key)},
            description_placeholders=words,
        )
