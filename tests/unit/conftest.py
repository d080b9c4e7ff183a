"""What all unit tests share."""

from typing import TYPE_CHECKING

import pytest

# Before the harness looks for integrations of its own under the same package name.
import custom_components.biometric_enroll  # noqa: F401
from tests.unit.fake_reader import FakeBroker, FakeReader

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import (
        MqttMockHAClient,
        MqttMockPahoClient,
    )

READER_ID = "front_door"


@pytest.fixture(autouse=True)
def _our_integration_is_found(enable_custom_integrations: None) -> None:
    """Let Home Assistant load custom integrations."""


@pytest.fixture
def broker(
    hass: HomeAssistant, mqtt_client_mock: MqttMockPahoClient, mqtt_mock: MqttMockHAClient
) -> FakeBroker:
    """Return the broker that Home Assistant is connected to."""
    return FakeBroker(hass, mqtt_client_mock, mqtt_mock)


@pytest.fixture
def reader(broker: FakeBroker) -> FakeReader:
    """Return a reader that has power and answers."""
    return FakeReader(broker, READER_ID)
