"""A reader that announces itself is offered for setup; one with a new id is followed."""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType

from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from tests.support.home import OTHER_DEVICE, reader_entry
from tests.support.reader import DEVICE, READER_ID, FakeReader
from tests.support.reader_publications import FEATURES
from tests.unit.config_forms import announcement, by_mqtt, discovered, enter, status

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker

WIRE = Path(__file__).parents[1] / "wire"
MALFORMED = [
    entry
    for entry in json.loads((WIRE / "malformed.json").read_text())
    if entry["topic"].endswith("/status")
]


async def test_a_reader_that_announces_itself_is_set_up_with_one_click(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker
) -> None:
    flow = await discovered(hass, broker, reader)
    assert flow["step_id"] == "discovery_confirm"
    assert flow["context"]["title_placeholders"] == {
        "reader_id": READER_ID,
        "sensor": "R307",
        "board": "esp32",
    }
    result = await enter(hass, flow)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Front door"
    assert result["data"] == {
        CONF_READER_ID: READER_ID,
        CONF_DEVICE: DEVICE,
        CONF_FEATURES: FEATURES,
    }
    assert result["result"].unique_id == DEVICE
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


@pytest.mark.parametrize("message", MALFORMED, ids=lambda message: str(message["name"]))
async def test_a_malformed_status_discovers_nothing(
    hass: HomeAssistant, broker: FakeBroker, message: dict[str, str]
) -> None:
    payload = (
        base64.b64decode(message["payload_base64"])
        if "payload_base64" in message
        else message["payload_text"]
    )
    result = await by_mqtt(hass, status(payload))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "invalid_discovery_info"


async def test_a_last_will_discovers_nothing(hass: HomeAssistant, broker: FakeBroker) -> None:
    result = await by_mqtt(hass, status('{"v":1,"online":false}'))
    assert result["reason"] == "invalid_discovery_info"


@pytest.mark.parametrize("reader_id", ["Front", "front door", "", "ü", "a" * 65])
async def test_a_topic_without_a_reader_id_discovers_nothing(
    hass: HomeAssistant, reader: FakeReader, reader_id: str
) -> None:
    reader.reader_id = reader_id
    result = await by_mqtt(hass, announcement(reader))
    assert result["reason"] == "invalid_discovery_info"


async def test_a_reader_that_is_set_up_is_not_discovered_again(
    hass: HomeAssistant, reader: FakeReader
) -> None:
    """Each new status passes through discovery, for instance after an update of the firmware."""
    reader_entry().add_to_hass(hass)
    result = await by_mqtt(hass, announcement(reader))
    assert result["reason"] == "already_configured"


async def test_a_reader_that_was_given_another_id_is_followed_there(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    entry = reader_entry("back_door")
    entry.add_to_hass(hass)
    result = await by_mqtt(hass, announcement(FakeReader(broker)))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_READER_ID] == READER_ID


async def test_an_announcement_without_an_answering_reader_changes_nothing(
    hass: HomeAssistant, broker: FakeBroker, impatient: None
) -> None:
    """Messages retained under a former id stay there for ever."""
    entry = reader_entry("back_door")
    entry.add_to_hass(hass)
    reader = FakeReader(broker)
    reader.silent = True
    result = await by_mqtt(hass, announcement(reader))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_READER_ID] == "back_door"


async def test_a_reader_that_answers_where_it_was_is_not_taken_elsewhere(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    """An id that anybody on the broker can claim must not redirect an entry."""
    entry = reader_entry("back_door")
    entry.add_to_hass(hass)
    ours = FakeReader(broker, "back_door")
    ours.announce()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await ours.hears("hello")
    result = await by_mqtt(hass, announcement(FakeReader(broker)))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_READER_ID] == "back_door"


async def test_another_reader_under_an_id_in_use_is_not_discovered(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    reader_entry().add_to_hass(hass)
    result = await by_mqtt(hass, announcement(FakeReader(broker, READER_ID, OTHER_DEVICE)))
    assert result["reason"] == "already_configured"


async def test_a_discovered_reader_that_is_silent_is_not_set_up_until_it_answers(
    hass: HomeAssistant, reader: FakeReader, impatient: None
) -> None:
    """The announcement is retained, and the reader may have lost its power since."""
    result = await by_mqtt(hass, announcement(reader))
    reader.silent = True
    result = await enter(hass, result)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "cannot_connect"}
    assert hass.config_entries.async_entries(DOMAIN) == []
    reader.silent = False
    result = await enter(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_the_entry_is_bound_to_the_device_that_answers(
    hass: HomeAssistant, reader: FakeReader
) -> None:
    result = await by_mqtt(hass, announcement(reader))
    reader.identity["device"] = OTHER_DEVICE
    result = await enter(hass, result)
    assert result["data"][CONF_DEVICE] == OTHER_DEVICE
    assert result["result"].unique_id == OTHER_DEVICE


async def test_a_discovery_that_is_answered_by_a_known_device_ends(
    hass: HomeAssistant, reader: FakeReader
) -> None:
    reader_entry("back_door", OTHER_DEVICE).add_to_hass(hass)
    result = await by_mqtt(hass, announcement(reader))
    reader.identity["device"] = OTHER_DEVICE
    result = await enter(hass, result)
    assert result["reason"] == "already_configured"


async def test_a_discovery_without_a_broker_ends(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker
) -> None:
    result = await by_mqtt(hass, announcement(reader))
    broker.set_connected(False)
    result = await enter(hass, result)
    assert result["reason"] == "mqtt_unavailable"
