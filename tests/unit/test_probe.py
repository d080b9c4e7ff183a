"""The probe, which finds the reader under an id before it is set up."""

import asyncio
import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from custom_components.biometric_enroll import discovery as probe
from custom_components.biometric_enroll.client.errors import UnreachableError
from tests.support.reader import DEVICE, READER_ID, FakeReader
from tests.unit.config_forms import by_user, offers

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import MqttMockHAClient

    from tests.support.broker import FakeBroker

pytestmark = pytest.mark.usefixtures("listening_is_short")


async def test_the_question_is_asked_when_the_answer_can_be_heard(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker
) -> None:
    """The fake broker, like a real one, delivers only to subscribers."""
    found = await probe.async_probe(hass, READER_ID)
    assert (found.identity.device, found.dialect) == (DEVICE, None)
    assert len(reader.heard_of("hello")) == 1


async def test_a_retained_answer_does_not_count(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, impatient: None
) -> None:
    """Another program has retained an answer; the request id cannot be known in advance."""

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
    """Home Assistant reports it for the highest QoS of a topic only, here that of its discovery."""
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
