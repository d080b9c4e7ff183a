"""What the unit tests share: Home Assistant with MQTT, a reader behind it, and its config entry."""

import asyncio
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension

from custom_components.biometric_enroll.client import request_channel
from tests.support.clock import HomeLoop, SteadyTime
from tests.support.harness import broker, custom_integrations, no_error_is_logged, prompt_mqtt
from tests.support.home import Home, reader_entry
from tests.support.reader import FakeReader

if TYPE_CHECKING:
    from collections.abc import Generator

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
async def new_home(hass: HomeAssistant, reader: FakeReader) -> Home:
    """Return Home Assistant with the reader's config entry, not set up."""
    return Home(hass, reader, reader_entry())


@pytest.fixture
async def home(new_home: Home) -> Home:
    """Return Home Assistant with the reader set up and available."""
    new_home.reader.announce()
    await new_home.set_up()
    await new_home.until(lambda: new_home.available)
    return new_home


@pytest.fixture
async def anna(home: Home) -> str:
    """Return the template id of Anna's left thumb, enrolled before anybody becomes impatient."""
    return await home.enrolled()
