"""Setting up a reader, by discovery and by hand; and removing it without a trace that hurts."""

import asyncio
import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll import discovery as probe
from custom_components.biometric_enroll.client.errors import UnreachableError
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from tests.support.home import OTHER_DEVICE, Home, reader_entry
from tests.support.reader import DEVICE, FEATURES, READER_ID, FakeReader
from tests.unit.config_forms import (
    announcement,
    by_mqtt,
    by_user,
    discovered,
    enter,
    offers,
    status,
    suggestion,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import MqttMockHAClient

    from tests.support.broker import FakeBroker

WIRE = Path(__file__).parents[1] / "wire"
MALFORMED = [
    entry
    for entry in json.loads((WIRE / "malformed.json").read_text())
    if entry["topic"].endswith("/status")
]


@pytest.fixture(autouse=True)
def listening_is_short() -> Any:
    """Listen no longer than the fake broker needs to replay."""
    with patch.object(probe, "LISTEN_SUBSCRIBED", 0.02):
        yield


# Discovery


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
    """Each new status comes by here, for instance after a change of the firmware."""
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


async def test_an_announcement_that_nobody_answers_for_leads_nowhere(
    hass: HomeAssistant, broker: FakeBroker, impatient: None
) -> None:
    """What is retained under a former id stays there for ever."""
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
    """The announcement is retained, and may be older than the reader's last breath."""
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
async def test_what_cannot_be_a_reader_id_is_told_so_and_asked_again(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, reader_id: str
) -> None:
    result = await enter(hass, await by_user(hass), reader_id)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {CONF_READER_ID: "invalid_reader_id"}
    # Nothing was asked under a topic that somebody else may read.
    assert broker.published == []
    result = await enter(hass, result, READER_ID)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_id_that_nobody_answers_is_told_so_and_can_be_corrected(
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


# The question behind it


async def test_the_question_is_asked_when_the_answer_can_be_heard(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker
) -> None:
    """The fake broker, like a real one, delivers only to who has subscribed."""
    found = await probe.async_probe(hass, READER_ID)
    assert (found.identity.device, found.dialect) == (DEVICE, None)
    assert len(reader.heard_of("hello")) == 1


async def test_a_retained_answer_does_not_count(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, impatient: None
) -> None:
    """Another program retained what the reader said, and the request id cannot be known before."""

    def retained(request: dict[str, Any]) -> None:
        message = {"v": 1, "request": request["request"], "ok": True, "result": reader.hello()}
        topic = f"biometric/{READER_ID}/command/response"
        broker.retained[topic] = json.dumps(message).encode()
        broker._replay([topic])

    reader.on_request = retained  # type: ignore[method-assign]
    with pytest.raises(UnreachableError):
        await probe.async_probe(hass, READER_ID)
    assert len(reader.heard) > 1


async def test_nonsense_among_the_answers_is_dropped(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, caplog: pytest.LogCaptureFixture
) -> None:
    def first_nonsense(request: dict[str, Any]) -> None:
        reader.say_bytes("command/response", b"\xff")
        reader.answer("0123456789abcdef", {})
        reader.answer(request["request"], reader.hello())

    reader.on_request = first_nonsense  # type: ignore[method-assign]
    assert (await probe.async_probe(hass, READER_ID)).identity.device == DEVICE
    assert f"Dropped a message on biometric/{READER_ID}/command/response" in caplog.text


async def test_who_refuses_hello_is_no_reader_to_set_up(
    hass: HomeAssistant, reader: FakeReader, impatient: None
) -> None:
    reader.refuses["hello"] = "unknown_command"
    with pytest.raises(UnreachableError):
        await probe.async_probe(hass, READER_ID)


async def test_who_answers_hello_wrongly_is_no_reader_to_set_up(
    hass: HomeAssistant, reader: FakeReader, impatient: None
) -> None:
    reader.answers["hello"] = {**reader.hello(), "device": None}
    with pytest.raises(UnreachableError):
        await probe.async_probe(hass, READER_ID)


async def test_a_broker_that_does_not_acknowledge_the_subscription_is_not_waited_for_for_ever(
    hass: HomeAssistant, reader: FakeReader, mqtt_mock: MqttMockHAClient
) -> None:
    with (
        patch.object(mqtt_mock._mqttc, "subscribe", side_effect=lambda *_, **__: (0, 4711)),
        patch("homeassistant.components.mqtt.client.TIMEOUT_ACK", 0.1),
        patch.object(probe, "SUBSCRIBED_WITHIN", 0.05),
        pytest.raises(UnreachableError),
    ):
        await probe.async_probe(hass, READER_ID)
    assert reader.heard == []


@pytest.mark.parametrize("mqtt_config_entry_options", [{"birth_message": {}, "discovery_qos": 1}])
async def test_the_form_opens_even_if_the_acknowledgement_of_the_subscription_is_not_told(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    """Home Assistant tells it for the highest QoS on a topic, here that of its own discovery."""
    await broker.until_subscribed("biometric/+/status")
    FakeReader(broker).announce()
    with patch.object(probe, "LISTEN_AT_MOST", 1.0):
        async with asyncio.timeout(5):
            assert offers(await by_user(hass)) == [READER_ID]


async def test_nothing_stays_subscribed_after_the_question(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker
) -> None:
    await probe.async_probe(hass, READER_ID)
    await broker.until_subscribed(f"biometric/{READER_ID}/command/response", subscribed=False)


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
