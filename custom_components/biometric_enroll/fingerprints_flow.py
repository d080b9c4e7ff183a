"""Steps of a reader's options flow: list, change and delete its fingerprints."""

from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.const import ATTR_NAME
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.translation import async_get_translations

from . import fingerprint_changes, subjects
from .const import DOMAIN
from .errors import invalid
from .fingerprint_changes import ATTR_ENABLED, TemplateRef
from .flow_steps import SUBJECT_FIELDS, ReaderSteps
from .markdown import harmless
from .subjects import ATTR_FINGER, ATTR_PERSON

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult

_FINGERPRINT = "fingerprint"

_NOTHING = {ATTR_PERSON: None, ATTR_NAME: "", ATTR_FINGER: None, ATTR_ENABLED: True}
"""Values of the fields that a form omits because they are empty."""

_EDIT_SCHEMA = probatio.Schema(
    {**SUBJECT_FIELDS, probatio.Required(ATTR_ENABLED, default=True): BooleanSelector()}
)


class FingerprintSteps(ReaderSteps):
    """Steps for one template chosen from a list; each step checks that it still exists."""

    _offered: dict[str, TemplateRef]
    """The templates that the form offered, by option value."""
    _listed: str | None
    """The revision of that list: only it identifies templates without an id."""
    _chosen: TemplateRef
    _shown: dict[str, Any]
    """The initial values of the edit form."""

    async def async_step_fingerprints(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which template."""
        if user_input is None:
            return await self._async_list()
        self._chosen = self._offered[user_input[_FINGERPRINT]]
        if self._chosen.fingerprint is None:
            return await self.async_step_unnamed()
        return await self.async_step_fingerprint()

    async def _async_list(self, error: HomeAssistantError | None = None) -> ConfigFlowResult:
        found = fingerprint_changes.all_on(self._coordinator)
        if not found:
            return self.async_abort(reason="no_fingerprints")
        self._listed = self._coordinator.data.unmatched.revision
        self._offered = {str(index): ref for index, ref in enumerate(found)}
        options = [
            SelectOptionDict(value=value, label=await self._async_label(ref))
            for value, ref in self._offered.items()
        ]
        selector = SelectSelector(
            SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
        )
        return self._form(
            "fingerprints", probatio.Schema({probatio.Required(_FINGERPRINT): selector}), error
        )

    async def _async_label(self, ref: TemplateRef) -> str:
        """Return the label of a fingerprint: "Anna (5), Left thumb, missing"."""
        language = self.hass.config.language
        texts = await async_get_translations(self.hass, language, "selector", {DOMAIN})

        def text(field: str, option: str) -> str:
            return texts[f"component.{DOMAIN}.selector.{field}.options.{option}"]

        fingerprint = ref.fingerprint
        if fingerprint is None:
            return text(_FINGERPRINT, "unnamed").format(slot=ref.slot)
        parts = [f"{fingerprint.subject.name} ({ref.slot})"]
        if fingerprint.subject.finger is not None:
            parts.append(text(ATTR_FINGER, fingerprint.subject.finger))
        if ref.template_id in self._coordinator.data.unmatched.missing:
            parts.append(text(_FINGERPRINT, "missing"))
        if not fingerprint.enabled:
            parts.append(text(_FINGERPRINT, "disabled"))
        return ", ".join(parts)

    def _still(self) -> TemplateRef:
        """Return the current data of the chosen template. Raises a translated error if gone."""
        chosen = self._chosen
        for ref in fingerprint_changes.all_on(self._coordinator):
            if ref.template_id != chosen.template_id:
                continue
            if ref.template_id is not None:
                return ref
            if ref.slot == chosen.slot:
                if self._coordinator.data.unmatched.revision != self._listed:
                    # Another sensor may have been accepted, with another finger in this slot.
                    raise invalid("list_changed")
                return ref
        raise invalid("no_such_fingerprint")

    async def async_step_fingerprint(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the menu for a template with a name."""
        del user_input
        return await self._async_offer("fingerprint")

    async def async_step_unnamed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the menu for an unnamed template."""
        del user_input
        return await self._async_offer("unnamed")

    async def _async_offer(self, step_id: str) -> ConfigFlowResult:
        delete = ["delete"] if self._capabilities.can_delete else []
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["edit", *delete, "init"],
            description_placeholders={
                "fingerprint": harmless(await self._async_label(self._chosen))
            },
        )

    async def async_step_edit(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for name, person, finger and enabled."""
        try:
            ref = self._still()
        except HomeAssistantError as err:
            return await self._async_list(err)
        error = None
        if user_input is None:
            self._shown = self._known(ref)
        else:
            shown = {**_NOTHING, **self._shown}
            entered = {**_NOTHING, **user_input}
            # Only changed fields: the others may have been changed elsewhere meanwhile.
            changed = {field: value for field, value in entered.items() if value != shown[field]}
            try:
                await fingerprint_changes.async_update(self.hass, ref, changed)
            except HomeAssistantError as err:
                error = err
            else:
                return await self.async_step_init()
        return self._form(
            "edit",
            self.add_suggested_values_to_schema(_EDIT_SCHEMA, user_input or self._shown),
            error,
            fingerprint=await self._async_label(ref),
        )

    def _known(self, ref: TemplateRef) -> dict[str, Any]:
        """Return the initial values of the edit form."""
        if (fingerprint := ref.fingerprint) is None:
            return {}
        described = subjects.describe(self.hass, fingerprint.subject)
        given = {field: value for field, value in described.items() if value is not None}
        return {**given, ATTR_ENABLED: fingerprint.enabled}

    async def async_step_delete(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to delete the template, and delete it."""
        try:
            ref = self._still()
        except HomeAssistantError as err:
            return await self._async_list(err)
        error = None
        if user_input is not None:
            try:
                await fingerprint_changes.async_delete(self.hass, ref)
            except HomeAssistantError as err:
                error = err
            else:
                return await self.async_step_init()
        label = await self._async_label(ref)
        return self._form("delete", probatio.Schema({}), error, fingerprint=label)
