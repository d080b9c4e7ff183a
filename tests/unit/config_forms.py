"""The forms with which a reader is set up and reconfigured, as the tests fill them in."""

import json
from typing import TYPE_CHECKING

from homeassistant.config_entries import SOURCE_MQTT, SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo

from custom_components.biometric_enroll.const import CONF_DEVICE, CONF_READER_ID, DOMAIN
from tests.support.reader import DEVICE, READER_ID, FakeReader

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.home import AnyHome, Home

NEW_ID = "garden_gate"
"""Reader id of a reader that has changed its id, or replaces another."""


def status(payload: str | bytes, reader_id: str = READER_ID) -> MqttServiceInfo:
    """Return the service info of a message on a status topic."""
    return MqttServiceInfo(
        topic=f"biometric/{reader_id}/status",
        payload=payload,
        qos=1,
        retain=True,
        subscribed_topic="biometric/+/status",
        timestamp=0.0,
    )


def announcement(reader: FakeReader) -> MqttServiceInfo:
    """Return the status of a reader as a discovery."""
    payload = json.dumps({"v": 1, "online": True, **reader.identity})
    return status(payload, reader.reader_id)


async def by_mqtt(hass: HomeAssistant, info: MqttServiceInfo) -> ConfigFlowResult:
    """Start a flow by MQTT discovery."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_MQTT}, data=info
    )


async def by_user(hass: HomeAssistant) -> ConfigFlowResult:
    """Open the form."""
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def discovered(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader
) -> ConfigFlowResult:
    """Let a reader announce itself; return the flow that Home Assistant starts."""
    await broker.until_subscribed("biometric/+/status")
    reader.announce()
    # Home Assistant imports the config flow in the background.
    await hass.async_block_till_done(wait_background_tasks=True)
    (flow,) = hass.config_entries.flow.async_progress()
    return flow


async def enter(
    hass: HomeAssistant, result: ConfigFlowResult, reader_id: str | None = None
) -> ConfigFlowResult:
    """Submit the form."""
    data = {} if reader_id is None else {CONF_READER_ID: reader_id}
    return await hass.config_entries.flow.async_configure(result["flow_id"], data)


def offers(result: ConfigFlowResult) -> list[str]:
    """Return the reader ids that the form offers."""
    (field,) = result["data_schema"].schema.values()  # type: ignore[union-attr]
    return [option["value"] for option in field.config["options"]]


def suggestion(result: ConfigFlowResult) -> str | None:
    """Return the suggested value of the form."""
    (key,) = result["data_schema"].schema  # type: ignore[union-attr]
    return key.description["suggested_value"] if key.description else None


async def reconfigure(home: AnyHome) -> ConfigFlowResult:
    """Open the form."""
    return await home.hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": home.entry.entry_id}
    )


async def moved(home: Home, reader_id: str = NEW_ID) -> ConfigFlowResult:
    """Open the form and enter an id; agree to a replacement."""
    result = await enter(home.hass, await reconfigure(home), reader_id)
    if result["type"] is FlowResultType.FORM and result["step_id"] == "replace":
        result = await enter(home.hass, result)
    await home.settle()
    return result


def registered(home: Home) -> dict[str, tuple[str, str]]:
    """Return registry id and the end of the unique id of all entities, by entity id."""
    prefix = f"{home.entry.data[CONF_DEVICE]}_"
    found = {
        each.entity_id: (each.id, each.unique_id)
        for each in er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    }
    assert all(unique_id.startswith(prefix) for _, unique_id in found.values())
    return {
        entity_id: (registry_id, unique_id.removeprefix(prefix))
        for entity_id, (registry_id, unique_id) in found.items()
    }


def elsewhere(reader: FakeReader, broker: FakeBroker, device: str = DEVICE) -> FakeReader:
    """Return a reader under the new id; the former one has lost its power."""
    reader.die()
    now = FakeReader(broker, NEW_ID, device)
    if device == DEVICE:
        now.stored, now.templates = reader.stored, reader.templates
    now.announce()
    return now
