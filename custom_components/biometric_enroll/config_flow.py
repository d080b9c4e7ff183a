"""Setting up a reader: one that announced itself, or one whose id the user knows."""

from typing import TYPE_CHECKING, Any, override

import probatio
from homeassistant.components import mqtt
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .const import (
    CONF_DEVICE,
    CONF_DIALECT,
    CONF_LIVE_LIMIT,
    CONF_MIN_CONFIDENCE,
    CONF_READER_ID,
    CONF_SCAN_TIMEOUT,
    CONF_SCANS,
    CONF_TRUST_TOUCHES,
    DIALECT_FIRST_GENERATION,
    DOMAIN,
    SCAN_TIMEOUT,
    SCANS,
)
from .follower.errors import UnreachableError
from .follower.surroundings import Options
from .probe import announced, async_listen, async_probe
from .reader.fields import MalformedError, is_reader_id

if TYPE_CHECKING:
    from homeassistant.helpers.service_info.mqtt import MqttServiceInfo


class BiometricEnrollConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up one reader."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start with nobody in mind."""
        self._reader_id = ""
        self._placeholders: dict[str, str] = {}
        self._offers: list[SelectOptionDict] | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> ReaderOptionsFlow:
        """Return the form for the options of a reader."""
        return ReaderOptionsFlow()

    @override
    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Take up a `status` message, whatever it is."""
        try:
            self._reader_id, identity = announced(discovery_info)
        except MalformedError:
            return self.async_abort(reason="invalid_discovery_info")
        await self.async_set_unique_id(identity.device)
        self._abort_if_unique_id_configured()
        self._async_abort_entries_match({CONF_READER_ID: self._reader_id})
        self._placeholders = {
            "reader_id": self._reader_id,
            "sensor": identity.sensor,
            "board": identity.board,
        }
        self.context["title_placeholders"] = self._placeholders
        return await self.async_step_discovery_confirm()

    async def async_step_discovery_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to set up the reader that announced itself."""
        errors: dict[str, str] = {}
        if user_input is not None:
            # The announcement may be as old as the broker's memory.
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
        """Ask for a reader id, and offer those that can be heard now."""
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
        """Create the entry for whoever answers under this id; None if nobody does."""
        self._async_abort_entries_match({CONF_READER_ID: reader_id})
        # Nothing that can be entered here brings the broker back, so this is an end, not an error.
        if not await self._async_mqtt_is_there():
            return self.async_abort(reason="mqtt_unavailable")
        try:
            found = await async_probe(self.hass, reader_id)
        except UnreachableError:
            return None
        # A discovered reader may be set up by hand as well; that ends the other flow.
        await self.async_set_unique_id(found.identity.device, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        self._reader_id = reader_id
        if found.dialect == DIALECT_FIRST_GENERATION:
            return await self.async_step_first_generation()
        return self.async_create_entry(
            title=_readable(reader_id),
            data={CONF_READER_ID: reader_id, CONF_DEVICE: found.identity.device},
        )

    async def async_step_first_generation(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Tell what such a reader cannot do, before it is set up."""
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

    async def _async_mqtt_is_there(self) -> bool:
        return await mqtt.async_wait_for_mqtt_client(self.hass) and mqtt.is_connected(self.hass)

    async def _async_offers(self) -> list[SelectOptionDict]:
        """Return the readers that can be heard and are not set up yet."""
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


class ReaderOptionsFlow(OptionsFlow):
    """What the user decides about a reader."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what there is to decide about a reader of this dialect."""
        if self.config_entry.data.get(CONF_DIALECT) == DIALECT_FIRST_GENERATION:
            return await self.async_step_first_generation(user_input)
        return await self.async_step_reader(user_input)

    async def async_step_reader(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how sure and how new a touch has to be, and how fingers are enrolled."""
        return self._ask("reader", _OPTIONS, user_input)

    async def async_step_first_generation(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether touches may open doors whose age nobody can prove."""
        return self._ask("first_generation", _FIRST_GENERATION_OPTIONS, user_input)

    def _ask(
        self, step_id: str, schema: probatio.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, self.config_entry.options),
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


def _schema(offers: list[SelectOptionDict]) -> probatio.Schema:
    selector = SelectSelector(
        SelectSelectorConfig(options=offers, custom_value=True, mode=SelectSelectorMode.DROPDOWN)
    )
    return probatio.Schema({probatio.Required(CONF_READER_ID): selector})


def _readable(reader_id: str) -> str:
    """Return the title for a reader: "Front door" for `front_door`."""
    return reader_id.replace("_", " ").replace("-", " ").strip().capitalize() or reader_id
