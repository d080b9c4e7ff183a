"""What the unit tests share: Home Assistant with MQTT, a reader behind it, and its config entry."""

import asyncio
import logging
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension

# Before the harness looks for custom integrations, or it finds its own folder of that name.
import custom_components.biometric_enroll  # noqa: F401
from custom_components.biometric_enroll.client import request_channel
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from tests.unit.fake_broker import FakeBroker
from tests.unit.fake_reader import DEVICE, FEATURES, READER_ID, FakeReader
from tests.unit.helpers import async_enrolled, async_set_up, async_until, available
from tests.unit.steady_time import SteadyTime
from tests.unit.virtual_time import HomeLoop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import (
        MqttMockHAClient,
        MqttMockPahoClient,
    )
    from syrupy.assertion import SnapshotAssertion


@pytest.fixture(autouse=True)
async def steady_time(configure_event_loop: None, enable_event_loop_debug: None) -> None:
    """Let no time go by while the machine is busy with something else."""
    loop = asyncio.get_running_loop()
    # Those that live in virtual time are not in a hurry.
    if not isinstance(loop, HomeLoop):
        SteadyTime(loop)


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant find the integration."""


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Show Home Assistant's objects without what changes from run to run."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture(autouse=True)
def prompt_mqtt() -> Generator[None]:
    """Subscribe at once, rather than after the time in which HA collects subscriptions."""
    # It logs every subscription of the harness.
    logging.getLogger("homeassistant.components.mqtt").setLevel(logging.INFO)
    with (
        # Looks after a socket that is not there, for ever.
        patch("homeassistant.components.mqtt.client.MQTT._async_start_misc_periodic"),
        patch("homeassistant.components.mqtt.client.INITIAL_SUBSCRIBE_COOLDOWN", 0.0),
        patch("homeassistant.components.mqtt.client.SUBSCRIBE_COOLDOWN", 0.0),
        patch("homeassistant.components.mqtt.client.UNSUBSCRIBE_COOLDOWN", 0.0),
    ):
        yield


@pytest.fixture(autouse=True)
def no_error_is_logged(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """Fail on every logged error: what raises in an MQTT callback is shown nowhere else."""
    yield
    errors = [
        record.getMessage()
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.levelname in {"ERROR", "CRITICAL"}
    ]
    assert errors == []


@pytest.fixture
def impatient() -> Generator[None]:
    """Repeat requests and give up on them at once, for tests with a silent reader."""
    with (
        patch.object(request_channel, "REPEAT_AFTER", 0.01),
        patch.object(request_channel, "ANSWER_WITHIN", 0.1),
    ):
        yield


@pytest.fixture
def entity_registry_enabled_by_default() -> Generator[None]:
    """Enable the entities that users have to enable themselves."""
    with patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True):
        yield


@pytest.fixture
async def broker(
    hass: HomeAssistant, mqtt_client_mock: MqttMockPahoClient, mqtt_mock: MqttMockHAClient
) -> FakeBroker:
    """Return the broker that Home Assistant is connected to."""
    broker = FakeBroker(hass, mqtt_client_mock, mqtt_mock)
    # Else the subscriptions of a test would queue behind those of Home Assistant's discovery.
    await broker.until_subscribed("biometric/+/status")
    return broker


@pytest.fixture
async def reader(broker: FakeBroker) -> FakeReader:
    """Return a reader that has power and answers."""
    return FakeReader(broker)


@pytest.fixture
async def entry(hass: HomeAssistant) -> AsyncGenerator[MockConfigEntry]:
    """Return the reader's config entry, not set up."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Front door",
        unique_id=DEVICE,
        data={CONF_READER_ID: READER_ID, CONF_DEVICE: DEVICE, CONF_FEATURES: FEATURES},
    )
    entry.add_to_hass(hass)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def loaded(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry
) -> MockConfigEntry:
    """Return the config entry, set up, with its reader available."""
    reader.announce()
    await async_set_up(hass, reader, entry)
    await async_until(hass, lambda: available(hass))
    return entry


@pytest.fixture
async def anna(hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry) -> str:
    """Return the template id of Anna's left thumb, enrolled before anybody becomes impatient."""
    return await async_enrolled(hass, loaded, reader)
