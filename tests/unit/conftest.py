"""Fixtures of the unit tests: Home Assistant with MQTT, a fake reader, and its config entry."""

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension

from custom_components.biometric_enroll import discovery
from custom_components.biometric_enroll.client import request_channel
from custom_components.biometric_enroll.const import EVENT_BIOMETRIC_ENROLL
from tests.support.clock import HomeLoop, SteadyTime, loop_clocks
from tests.support.harness import broker, custom_integrations, no_error_is_logged, prompt_mqtt
from tests.support.home import Home, async_person, reader_entry
from tests.support.reader import FakeReader
from tests.unit.blueprints import ACTS, Acting

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.core import Event, HomeAssistant
    from syrupy.assertion import SnapshotAssertion

    from tests.support.broker import FakeBroker

__all__ = [
    "broker",
    "custom_integrations",
    "loop_clocks",
    "no_error_is_logged",
    "prompt_mqtt",
]


@pytest.fixture(autouse=True)
async def steady_time(configure_event_loop: None, enable_event_loop_debug: None) -> None:
    """Do not count time in which the machine is busy with other work."""
    loop = asyncio.get_running_loop()
    # Tests in virtual time do not need it.
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
    """Return the template id of Anna's left thumb; to be requested before `impatient`."""
    return await home.enrolled()


@pytest.fixture
async def slot_2(home: Home) -> dict[str, Any]:
    """Return the action's data that name a template without an id."""
    await home.settle()
    return {"device_id": home.device_id, "slot": 2}


@pytest.fixture
def reader_events(home: Home, anna: str) -> list[Event[dict[str, Any]]]:
    """Return the events that are fired on the event bus once Anna is enrolled."""
    return async_capture_events(home.hass, EVENT_BIOMETRIC_ENROLL)


@pytest.fixture
def listening_is_short() -> Generator[None]:
    """Listen for readers to set up no longer than the fake broker needs to replay."""
    with patch.object(discovery, "LISTEN_SUBSCRIBED", 0.02):
        yield


@pytest.fixture
async def person(hass: HomeAssistant) -> str:
    """Return the entity id of a person, who is called Anna."""
    return await async_person(hass)


@pytest.fixture(params=ACTS)
def acting(request: pytest.FixtureRequest, home: Home, anna: str) -> Acting:
    """Return each of the blueprints that act upon who was identified."""
    return Acting(home, request.param, anna)
