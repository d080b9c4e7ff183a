"""Options flow of a reader: enroll, change fingerprints, and set options.

The options are read whenever they are needed, so a change needs no reload.
"""

from typing import TYPE_CHECKING, Any, override

import probatio
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from . import fingerprint_changes
from .client.host import Options
from .const import (
    CONF_ENROLLERS,
    CONF_LIVE_LIMIT,
    CONF_MIN_CONFIDENCE,
    CONF_SCAN_TIMEOUT,
    CONF_SCANS,
    CONF_TRUST_TOUCHES,
    SCAN_TIMEOUT,
    SCANS,
)
from .enroll_flow import EnrollSteps
from .fingerprints_flow import FingerprintSteps
from .markdown import harmless

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult


class ReaderOptionsFlow(EnrollSteps, FingerprintSteps):
    """A menu: enroll, fingerprints, options of the reader."""

    @override
    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu of what is possible now."""
        del user_input
        if not self._loaded:
            # Without the reader, only the options can be changed.
            if self._capabilities.can_prove_age:
                return await self.async_step_reader()
            return await self.async_step_first_generation()
        enrolling = ["watch", "cancel"] if self._coordinator.data.snapshot.running else ["enroll"]
        fingerprints = ["fingerprints"] if fingerprint_changes.all_on(self._coordinator) else []
        settings = "reader" if self._capabilities.can_prove_age else "first_generation"
        return self.async_show_menu(
            step_id="init",
            menu_options=[*enrolling, *fingerprints, settings],
            description_placeholders={"reader": harmless(self.config_entry.title)},
        )

    async def async_step_reader(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options of touches and enrollments, and who may enroll."""
        return await self._async_ask("reader", _OPTIONS, user_input)

    async def async_step_first_generation(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether touches of unknown age may open doors, and who may enroll."""
        return await self._async_ask("first_generation", _FIRST_GENERATION_OPTIONS, user_input)

    async def _async_ask(
        self, step_id: str, schema: probatio.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        chosen = self.config_entry.options.get(CONF_ENROLLERS, [])
        offers = await self._async_users(chosen)
        # Removed users cannot be offered, so they must not be selected either.
        present = {offer["value"] for offer in offers}
        still = {CONF_ENROLLERS: [each for each in chosen if each in present]}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                schema.extend({probatio.Optional(CONF_ENROLLERS, default=list): _users(offers)}),
                {**self.config_entry.options, **still},
            ),
        )

    async def _async_users(self, chosen: list[str]) -> list[SelectOptionDict]:
        """Return the users to offer for enrolling: active ones who are not administrators.

        Users who are already chosen stay in the list, or the next change would silently drop them.
        """
        users = [
            SelectOptionDict(value=user.id, label=user.name or user.id)
            for user in await self.hass.auth.async_get_users()
            if user.id in chosen
            or (user.is_active and not user.is_admin and not user.system_generated)
        ]
        return sorted(users, key=lambda user: user["label"].casefold())


def _users(offers: list[SelectOptionDict]) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(options=offers, multiple=True, mode=SelectSelectorMode.DROPDOWN)
    )


def _number(least: int, most: int, unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(min=least, max=most, step=1, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


_OPTIONS = probatio.Schema(
    {
        probatio.Required(CONF_MIN_CONFIDENCE, default=Options().min_confidence): _number(
            0, 0xFFFF
        ),
        probatio.Required(CONF_LIVE_LIMIT, default=Options().live_limit): _number(1, 10, "s"),
        probatio.Required(CONF_SCANS, default=SCANS): _number(3, 7),
        probatio.Required(CONF_SCAN_TIMEOUT, default=SCAN_TIMEOUT): _number(5, 120, "s"),
    }
)

_FIRST_GENERATION_OPTIONS = probatio.Schema(
    {probatio.Required(CONF_TRUST_TOUCHES, default=False): bool}
)
