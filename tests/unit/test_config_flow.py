"""Setting up a reader, by discovery and by its id; and removing it."""

from typing import TYPE_CHECKING

import pytest
from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from tests.support.home import OTHER_DEVICE, Home, reader_entry
from tests.support.reader import DEVICE, READER_ID, FakeReader
from tests.support.reader_publications import FEATURES
from tests.unit.config_forms import by_user, discovered, enter, offers, suggestion

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker

pytestmark = pytest.mark.usefixtures("listening_is_short")


# By hand


async def test_a_reader_is_set_up_by_its_id(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker
) -> None:
    result = await by_user(hass)
    assert result["step_id"] == "user"
    assert offers(result) == []
    result = await enter(hass, result, READER_ID)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Front door"
    assert result["data"] == {
        CONF_READER_ID: READER_ID,
        CONF_DEVICE: DEVICE,
        CONF_FEATURES: FEATURES,
    }
    assert result["result"].unique_id == DEVICE


async def test_the_form_offers_the_readers_that_can_be_heard(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    """Home Assistant reads the topics of discovery once, before this integration was installed."""
    for reader_id, device in ((READER_ID, DEVICE), ("back_door", OTHER_DEVICE)):
        FakeReader(broker, reader_id, device).announce()
    result = await by_user(hass)
    assert offers(result) == ["back_door", "front_door"]
    assert suggestion(result) == "back_door"
    (field,) = result["data_schema"].schema.values()  # type: ignore[union-attr]
    assert field.config["options"][0]["label"] == "back_door (R307, esp32)"
    assert field.config["custom_value"]


async def test_nonsense_on_a_status_topic_is_not_offered(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    reader = FakeReader(broker, "back_door")
    reader.announce()
    reader.die()
    broker.publish("biometric/Front/status", b"\xff", retain=True)
    assert offers(await by_user(hass)) == []


async def test_readers_that_are_set_up_are_not_offered(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    """Neither by their id nor by their hardware."""
    reader_entry(READER_ID, "1").add_to_hass(hass)
    reader_entry("garage", OTHER_DEVICE).add_to_hass(hass)
    FakeReader(broker, READER_ID, "2").announce()
    FakeReader(broker, "back_door", OTHER_DEVICE).announce()
    FakeReader(broker, "cellar", "3").announce()
    assert offers(await by_user(hass)) == ["cellar"]


async def test_a_reader_that_was_ignored_can_be_set_up_by_hand(
    hass: HomeAssistant, reader: FakeReader
) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id=DEVICE, source=SOURCE_IGNORE).add_to_hass(hass)
    reader.announce()
    result = await by_user(hass)
    assert offers(result) == [READER_ID]
    result = await enter(hass, result, READER_ID)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_setting_up_by_hand_ends_the_discovery_of_the_same_reader(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker
) -> None:
    await discovered(hass, broker, reader)
    result = await enter(hass, await by_user(hass), READER_ID)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress() == []


async def test_blanks_around_an_id_do_no_harm(hass: HomeAssistant, reader: FakeReader) -> None:
    result = await enter(hass, await by_user(hass), f" {READER_ID}\t")
    assert result["data"][CONF_READER_ID] == READER_ID


@pytest.mark.parametrize("reader_id", ["", "  ", "Front", "front door", "a/b", "+", "#", "a" * 65])
async def test_an_invalid_reader_id_is_an_error_in_the_form(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, reader_id: str
) -> None:
    result = await enter(hass, await by_user(hass), reader_id)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {CONF_READER_ID: "invalid_reader_id"}
    # Nothing was asked under a topic that somebody else may read.
    assert broker.published == []
    result = await enter(hass, result, READER_ID)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_id_without_an_answering_reader_is_an_error_and_can_be_corrected(
    hass: HomeAssistant, reader: FakeReader, impatient: None
) -> None:
    reader.announce()
    result = await enter(hass, await by_user(hass), "frnt_door")
    assert result["errors"] == {"base": "cannot_connect"}
    assert suggestion(result) == "frnt_door"
    assert offers(result) == [READER_ID]
    result = await enter(hass, result, READER_ID)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_id_in_use_is_not_asked_for_again(hass: HomeAssistant, reader: FakeReader) -> None:
    reader_entry().add_to_hass(hass)
    result = await enter(hass, await by_user(hass), READER_ID)
    assert result["reason"] == "already_configured"
    assert reader.heard == []


async def test_a_device_that_is_set_up_under_another_id_is_not_set_up_twice(
    hass: HomeAssistant, reader: FakeReader
) -> None:
    entry = reader_entry("back_door")
    entry.add_to_hass(hass)
    result = await enter(hass, await by_user(hass), READER_ID)
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_READER_ID] == "back_door"


async def test_without_mqtt_there_is_nothing_to_set_up(hass: HomeAssistant) -> None:
    assert (await by_user(hass))["reason"] == "mqtt_unavailable"


async def test_without_a_connection_to_the_broker_there_is_nothing_to_set_up(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    broker.set_connected(False)
    assert (await by_user(hass))["reason"] == "mqtt_unavailable"


async def test_a_broker_that_goes_while_the_form_is_open_ends_it(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker
) -> None:
    result = await by_user(hass)
    broker.set_connected(False)
    assert (await enter(hass, result, READER_ID))["reason"] == "mqtt_unavailable"


@pytest.mark.parametrize(
    ("reader_id", "title"),
    [("front_door", "Front door"), ("cellar-2", "Cellar 2"), ("_x_", "X"), ("--", "--")],
)
async def test_the_title_is_the_id_made_readable(
    hass: HomeAssistant, broker: FakeBroker, reader_id: str, title: str
) -> None:
    FakeReader(broker, reader_id)
    assert (await enter(hass, await by_user(hass), reader_id))["title"] == title


# Removal


async def test_a_removed_reader_can_be_added_again_with_the_same_entities(
    hass: HomeAssistant, home: Home
) -> None:
    entities = er.async_get(hass)
    before = {
        entity.unique_id: entity.entity_id
        for entity in er.async_entries_for_config_entry(entities, home.entry.entry_id)
    }
    await hass.config_entries.async_remove(home.entry.entry_id)
    await home.settle()
    devices = dr.async_get(hass)
    assert dr.async_entries_for_config_entry(devices, home.entry.entry_id) == []
    assert er.async_entries_for_config_entry(entities, home.entry.entry_id) == []

    result = await enter(hass, await by_user(hass), READER_ID)
    await home.settle()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    again = {
        entity.unique_id: entity.entity_id
        for entity in er.async_entries_for_config_entry(entities, result["result"].entry_id)
    }
    assert again == before


async def test_a_removed_reader_that_was_discovered_is_discovered_again(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker
) -> None:
    result = await enter(hass, await discovered(hass, broker, reader))
    await hass.async_block_till_done()
    await hass.config_entries.async_remove(result["result"].entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "discovery_confirm"
