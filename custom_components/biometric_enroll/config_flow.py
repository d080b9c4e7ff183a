"""Config flow: set up a discovered reader, or one whose reader id the user enters."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, override

import probatio
from homeassistant.components import mqtt
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.core import DOMAIN as HA_DOMAIN
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .client.errors import UnreachableError
from .const import (
    CONF_DEVICE,
    CONF_DIALECT,
    CONF_READER_ID,
    DIALECT_FIRST_GENERATION,
    DOMAIN,
)
from .discovery import (
    announced,
    async_listen,
    async_probe,
    async_probe_version_1,
)
from .markdown import harmless
from .migration import async_move, entry_data, is_taken
from .options_flow import ReaderOptionsFlow
from .protocol.fields import MalformedError, is_reader_id

if TYPE_CHECKING:
    from homeassistant.helpers.service_info.mqtt import MqttServiceInfo

    from .coordinator import BiometricEnrollConfigEntry
    from .protocol.messages import Identity


class BiometricEnrollConfigFlow(ConfigFlow, domain=DOMAIN):
    """Handle the setup and reconfiguration of one reader."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Initialize without a reader."""
        self._reader_id = ""
        self._placeholders: dict[str, str] = {}
        self._offers: list[SelectOptionDict] | None = None
        self._replacement: Identity | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> ReaderOptionsFlow:
        """Return the options flow of a reader."""
        return ReaderOptionsFlow()

    @override
    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Handle a discovered `status` message, valid or not."""
        try:
            self._reader_id, identity = announced(discovery_info)
        except MalformedError:
            return self.async_abort(reason="invalid_discovery_info")
        if (known := await self.async_set_unique_id(identity.device)) is not None:
            await self._async_follow(known)
        self._abort_if_unique_id_configured()
        self._async_abort_entries_match({CONF_READER_ID: self._reader_id})
        self._placeholders = {
            "reader_id": self._reader_id,
            "sensor": harmless(identity.sensor),
            "board": harmless(identity.board),
        }
        self.context["title_placeholders"] = self._placeholders
        return await self.async_step_discovery_confirm()

    async def _async_follow(self, entry: BiometricEnrollConfigEntry) -> None:
        """Update the entry of a reader that was given another reader id.

        Only if it answers there, and not under its old id: the announcement may be retained from
        long ago, or forged. And not if another configured reader still answers under the new id.
        """
        if entry.source == SOURCE_IGNORE or entry.data[CONF_READER_ID] == self._reader_id:
            return
        for each in (entry, *self._entries_of(self._reader_id)):
            if await _async_is_there(each):
                return
        with suppress(UnreachableError):
            identity = await async_probe_version_1(self.hass, self._reader_id)
            if identity.device == entry.unique_id:
                await async_move(self.hass, entry, self._reader_id, identity)

    async def async_step_discovery_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to set up the discovered reader."""
        errors: dict[str, str] = {}
        if user_input is not None:
            # The announcement may be retained from long ago.
            if (result := await self._async_finish(self._reader_id)) is not None:
                return result
            errors["base"] = "cannot_connect"
        return self.async_show_form(
            step_id="discovery_confirm",
            description_placeholders=self._placeholders,
            errors=errors,
        )

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a reader id, and offer those of announced readers."""
        errors: dict[str, str] = {}
        if user_input is not None:
            reader_id = user_input[CONF_READER_ID].strip()
            if not is_reader_id(reader_id):
                errors[CONF_READER_ID] = "invalid_reader_id"
            elif (result := await self._async_finish(reader_id)) is not None:
                return result
            else:
                errors["base"] = "cannot_connect"
        elif not await self._async_mqtt_is_there():
            return self.async_abort(reason="mqtt_unavailable")
        if self._offers is None:
            self._offers = await self._async_offers()
        if user_input is None and self._offers:
            user_input = {CONF_READER_ID: self._offers[0]["value"]}
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_schema(self._offers), user_input),
            errors=errors,
        )

    async def _async_finish(self, reader_id: str) -> ConfigFlowResult | None:
        """Create the entry for the reader that answers under this id; None if none does."""
        self._async_abort_entries_match({CONF_READER_ID: reader_id})
        # No input can bring the broker back, so this aborts the flow instead of showing an error.
        if not await self._async_mqtt_is_there():
            return self.async_abort(reason="mqtt_unavailable")
        try:
            found = await async_probe(self.hass, reader_id)
        except UnreachableError:
            return None
        # A discovered reader may also be set up by hand; that ends the discovery flow.
        await self.async_set_unique_id(found.identity.device, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        self._reader_id = reader_id
        if found.dialect == DIALECT_FIRST_GENERATION:
            return await self.async_step_first_generation()
        return self.async_create_entry(
            title=_readable(reader_id),
            data=entry_data(reader_id, found.identity),
        )

    async def async_step_first_generation(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the limits of such a reader before it is set up."""
        if user_input is None:
            return self.async_show_form(
                step_id="first_generation", description_placeholders={"reader_id": self._reader_id}
            )
        return self.async_create_entry(
            title=_readable(self._reader_id),
            data={
                CONF_READER_ID: self._reader_id,
                CONF_DEVICE: self.unique_id,
                CONF_DIALECT: DIALECT_FIRST_GENERATION,
            },
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the current reader id of the reader or of its replacement."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if not await self._async_mqtt_is_there():
            return self.async_abort(reason="mqtt_unavailable")
        if user_input is not None:
            self._reader_id = user_input[CONF_READER_ID].strip()
            if not is_reader_id(self._reader_id):
                errors[CONF_READER_ID] = "invalid_reader_id"
            else:
                try:
                    identity = await async_probe_version_1(self.hass, self._reader_id)
                except UnreachableError:
                    errors["base"] = "cannot_connect"
                else:
                    return await self._async_reconfigure(entry, identity)
        if self._offers is None:
            self._offers = await self._async_offers()
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                _schema(self._offers), user_input or {CONF_READER_ID: entry.data[CONF_READER_ID]}
            ),
            description_placeholders={"reader": harmless(entry.title)},
            errors=errors,
        )

    async def _async_reconfigure(
        self, entry: BiometricEnrollConfigEntry, identity: Identity
    ) -> ConfigFlowResult:
        if self._is_taken(entry, identity):
            return self.async_abort(reason="already_configured")
        if identity.device == entry.unique_id:
            return await self._async_moved(entry, identity)
        self._replacement = identity
        return await self.async_step_replace()

    async def async_step_replace(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the other device replaces the reader that was set up."""
        entry, identity = self._get_reconfigure_entry(), self._replacement
        if identity is None or user_input is None:
            return self.async_show_form(
                step_id="replace",
                description_placeholders={
                    "reader": harmless(entry.title),
                    "expected": entry.data[CONF_DEVICE],
                    "found": identity.device if identity is not None else "",
                },
            )
        if self._is_taken(entry, identity):
            # Set up while the form was open.
            return self.async_abort(reason="already_configured")
        return await self._async_moved(entry, identity)

    def _is_taken(self, entry: BiometricEnrollConfigEntry, identity: Identity) -> bool:
        """Return whether another entry has this hardware id or reader id."""
        return is_taken(self.hass, entry, identity) or any(
            other is not entry for other in self._entries_of(self._reader_id)
        )

    def _entries_of(self, reader_id: str) -> list[BiometricEnrollConfigEntry]:
        entries = self._async_current_entries(include_ignore=False)
        return [entry for entry in entries if entry.data[CONF_READER_ID] == reader_id]

    async def _async_moved(
        self, entry: BiometricEnrollConfigEntry, identity: Identity
    ) -> ConfigFlowResult:
        if not await async_move(self.hass, entry, self._reader_id, identity):
            return self.async_abort(reason="not_unloaded")
        return self.async_abort(reason="reconfigure_successful", translation_domain=HA_DOMAIN)

    async def _async_mqtt_is_there(self) -> bool:
        return await mqtt.async_wait_for_mqtt_client(self.hass) and mqtt.is_connected(self.hass)

    async def _async_offers(self) -> list[SelectOptionDict]:
        """Return the announced readers that are not set up yet."""
        entries = self._async_current_entries(include_ignore=False)
        ids = {entry.data[CONF_READER_ID] for entry in entries}
        devices = {entry.data[CONF_DEVICE] for entry in entries}
        return [
            SelectOptionDict(
                value=reader_id, label=f"{reader_id} ({identity.sensor}, {identity.board})"
            )
            for reader_id, identity in sorted((await async_listen(self.hass)).items())
            if reader_id not in ids and identity.device not in devices
        ]


async def _async_is_there(entry: BiometricEnrollConfigEntry) -> bool:
    """Return whether the reader of an entry answers under its configured id."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    coordinator = entry.runtime_data
    await coordinator.async_refresh()
    return coordinator.data.available


def _schema(offers: list[SelectOptionDict]) -> probatio.Schema:
    selector = SelectSelector(
        SelectSelectorConfig(options=offers, custom_value=True, mode=SelectSelectorMode.DROPDOWN)
    )
    return probatio.Schema({probatio.Required(CONF_READER_ID): selector})


def _readable(reader_id: str) -> str:
    """Return the title for a reader: "Front door" for `front_door`."""
    return reader_id.replace("_", " ").replace("-", " ").strip().capitalize() or reader_id
