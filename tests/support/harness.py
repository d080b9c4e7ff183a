"""Fixtures for all tests in Home Assistant's own test harness: its MQTT, and a broker behind it.

A folder of tests has these fixtures if its `conftest.py` imports them.
"""

import logging
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState

# Before the harness looks for custom integrations, or it finds its own folder of that name.
import custom_components.biometric_enroll  # noqa: F401
from custom_components.biometric_enroll.const import DOMAIN
from tests.support.broker import FakeBroker

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import MqttMockHAClient, MqttMockPahoClient


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant find the integration."""


@pytest.fixture(autouse=True)
def prompt_mqtt() -> Generator[None]:
    """Subscribe at once, rather than after the time in which HA collects subscriptions."""
    # It logs every subscription of the harness.
    logging.getLogger("homeassistant.components.mqtt").setLevel(logging.INFO)
    with (
        # Would check a socket that does not exist, for ever.
        patch("homeassistant.components.mqtt.client.MQTT._async_start_misc_periodic"),
        patch("homeassistant.components.mqtt.client.INITIAL_SUBSCRIBE_COOLDOWN", 0.0),
        patch("homeassistant.components.mqtt.client.SUBSCRIBE_COOLDOWN", 0.0),
        patch("homeassistant.components.mqtt.client.UNSUBSCRIBE_COOLDOWN", 0.0),
    ):
        yield


@pytest.fixture(autouse=True)
def no_error_is_logged(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """Fail on every logged error: exceptions in MQTT callbacks are only logged."""
    yield
    errors = [
        record.getMessage()
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.levelname in {"ERROR", "CRITICAL"}
    ]
    assert errors == []


@pytest.fixture
async def broker(
    hass: HomeAssistant, mqtt_client_mock: MqttMockPahoClient, mqtt_mock: MqttMockHAClient
) -> AsyncGenerator[FakeBroker]:
    """Return the broker that Home Assistant is connected to; at the end, no reader is in use."""
    broker = FakeBroker(hass, mqtt_client_mock, mqtt_mock)
    # Otherwise the subscriptions of a test would queue behind those of Home Assistant's discovery.
    await broker.until_subscribed("biometric/+/status")
    yield broker
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)
