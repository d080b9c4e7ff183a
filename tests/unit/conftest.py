"""What the unit tests share: Home Assistant with MQTT, a reader behind it, and its config entry."""

import asyncio
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension

from custom_components.biometric_enroll.client import request_channel
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from tests.support.clock import HomeLoop, SteadyTime
from tests.support.harness import (
    broker,
    custom_integrations,
    no_error_is_logged,
    prompt_mqtt,
)
from tests.support.home import async_enrolled, async_set_up, async_until, available
from tests.support.reader import DEVICE, FEATURES, READER_ID, FakeReader

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from homeassistant.core import HomeAssistant
    from syrupy.assertion import SnapshotAssertion

    from tests.support.broker import FakeBroker

__all__ = ["broker", "custom_integrations", "no_error_is_logged", "prompt_mqtt"]


@pytest.fixture(autouse=True)
async def steady_time(configure_event_loop: None, enable_event_loop_debug: None) -> None:
    """Let no time go by while the machine is busy with something else."""
    loop = asyncio.get_running_loop()
    # Those that live in virtual time are not in a hurry.
    if not isinstance(loop, HomeLoop):
        SteadyTime(loop)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Show Home Assistant's objects without what changes from run to run."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


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
