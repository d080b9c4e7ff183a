"""Availability of a first-generation reader, which has no last will."""

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from custom_components.biometric_enroll.legacy import connection
from custom_components.biometric_enroll.legacy import enroller as first_generation_enrollments
from tests.support.first_generation.reader import READER_ID
from tests.support.first_generation.sketch import Sketch
from tests.support.home import async_fails

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome


@pytest.fixture
def soon_asked(impatient: None) -> Generator[None]:
    """Ask a quiet reader soon, and give up on it soon."""
    with patch.object(connection, "QUIET", 0.05):
        yield


async def test_a_reader_that_answers_is_available(home: FirstGenerationHome) -> None:
    assert home.available
    assert home.state("sensor", "stored_fingerprints").state == "0"
    assert home.state("sensor", "stored_fingerprints").attributes["capacity"] == 127


async def test_its_device_says_what_it_is(home: FirstGenerationHome, hass: HomeAssistant) -> None:
    device = dr.async_get(hass).async_get(home.device_id)
    assert isinstance(device, dr.DeviceEntry)
    assert (device.sw_version, device.model, device.hw_version) == (
        "first generation",
        "R307",
        "esp32",
    )


async def test_what_such_a_reader_cannot_do_has_no_entity(
    home: FirstGenerationHome, hass: HomeAssistant
) -> None:
    entities = er.async_entries_for_config_entry(er.async_get(hass), home.entry.entry_id)
    keys = {entity.unique_id.removeprefix(f"{READER_ID}_") for entity in entities}
    assert keys == {
        "cancel_enrollment",
        "connectivity",
        "enrolling",
        "enrollment",
        "enrollment_activity",
        "enrollment_progress",
        "last_identified",
        "late_touch",
        "stored_fingerprints",
        "touch",
    }


async def test_a_reader_without_power_is_set_up_all_the_same(
    new_home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, impatient: None
) -> None:
    first_gen.silent = True
    assert await new_home.start()
    await first_gen._broker.until_subscribed("biometric/esp32/fingerprint")
    await new_home.settle()
    assert new_home.entry.state is ConfigEntryState.LOADED
    assert not new_home.available
    first_gen.reboot()
    await new_home.until(lambda: new_home.available)


async def test_a_quiet_reader_is_asked_and_when_it_is_silent_it_is_unavailable(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, soon_asked: None
) -> None:
    first_gen.silent = True
    # What it waits for now was decided before the times were patched.
    home.entry.runtime_data.client._connection.ask_soon()
    await home.until(lambda: not home.available)


async def test_a_quiet_reader_that_answers_stays_available(
    new_home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, soon_asked: None
) -> None:
    await new_home.set_up()
    asked = len(first_gen.heard_of("command"))
    await first_gen.hears("command", asked + 3, command="sensor_info")
    assert new_home.available


@pytest.mark.parametrize("sketch", [Sketch.FIRST])
async def test_a_reader_that_talks_is_not_asked(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    watched = home.entry.runtime_data.client._connection
    watched._heard_at = 0
    first_gen.scan("a stranger")
    first_gen.publish("enroll/response", {"status": "waiting"})
    assert watched._heard_at > 0


async def test_a_reader_that_was_silent_comes_back_by_itself(
    new_home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, soon_asked: None
) -> None:
    await new_home.set_up()
    first_gen.silent = True
    await new_home.until(lambda: not new_home.available)
    first_gen.silent = False
    await new_home.until(lambda: new_home.available)


@pytest.mark.parametrize(
    ("suffix", "message"),
    [
        ("status", {"status": "online", "timestamp": 0}),
        ("enroll/response", {"status": "waiting", "message": "Waiting for finger..."}),
        ("fingerprint", {"fingerprint_id": 1, "confidence": 120}),
    ],
)
async def test_whatever_it_says_shows_that_it_is_there(
    home: FirstGenerationHome,
    first_gen: FakeFirstGenerationReader,
    suffix: str,
    message: dict[str, Any],
) -> None:
    first_gen.publish("status", {"status": "offline"})
    assert not home.available
    first_gen.publish(suffix, message)
    assert home.available


async def test_a_reader_that_says_that_it_goes_is_unavailable(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.publish("status", {"status": "offline"})
    assert not home.available


async def test_nobody_is_believed_for_a_retained_status(
    new_home: FirstGenerationHome,
    first_gen: FakeFirstGenerationReader,
    broker: FakeBroker,
    impatient: None,
) -> None:
    first_gen.silent = True
    first_gen.publish("status", {"status": "online", "timestamp": 0}, retain=True)
    assert await new_home.start()
    await broker.until_subscribed("biometric/esp32/fingerprint")
    await new_home.settle()
    assert not new_home.available


async def test_a_lost_broker_makes_it_unavailable_and_a_new_one_available(
    home: FirstGenerationHome, broker: FakeBroker
) -> None:
    broker.set_connected(False)
    assert not home.available
    broker.set_connected(True)
    await home.until(lambda: home.available)


async def test_the_periodic_status_shows_what_the_sensor_holds(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.reader.sensor.templates[3] = "a stranger"
    first_gen.say_status()
    assert home.state("sensor", "stored_fingerprints").state == "1"


async def test_a_sensor_that_was_emptied_is_looked_at(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enrolled()
    first_gen.ask("command", command="clear_all")
    await home.until(lambda: home.state("sensor", "stored_fingerprints").state == "0")


async def test_update_entity_asks(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, hass: HomeAssistant
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    asked = len(first_gen.heard_of("command", command="sensor_info"))
    first_gen.reader.sensor.templates[3] = "a stranger"
    enrollment = {ATTR_ENTITY_ID: home.entity_id("sensor", "enrollment")}
    await hass.services.async_call("homeassistant", "update_entity", enrollment, blocking=True)
    assert len(first_gen.heard_of("command", command="sensor_info")) == asked + 1
    assert home.state("sensor", "stored_fingerprints").state == "1"


async def test_update_entity_of_a_silent_reader_is_no_error(
    home: FirstGenerationHome,
    first_gen: FakeFirstGenerationReader,
    hass: HomeAssistant,
    impatient: None,
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    first_gen.silent = True
    enrollment = {ATTR_ENTITY_ID: home.entity_id("sensor", "enrollment")}
    await hass.services.async_call("homeassistant", "update_entity", enrollment, blocking=True)
    assert not home.available


# Unloading


async def test_after_unloading_nothing_is_heard_or_said(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, broker: FakeBroker
) -> None:
    await home.enroll()
    assert await home.unload()
    said = len(broker.published)
    first_gen.scan(times=first_gen.scans)
    first_gen.say_status()
    await home.settle()
    assert len(broker.published) == said
    assert home.state("binary_sensor", "connectivity").state == "unavailable"


async def _unload_at_once(home: FirstGenerationHome) -> None:
    """Unload, with the times of the real world: each answer may take ten seconds."""
    async with asyncio.timeout(2):
        assert await home.unload()


async def test_unloading_ends_a_look(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    coordinator = home.entry.runtime_data
    first_gen.silent = True
    looking = asyncio.create_task(coordinator.async_request_refresh())
    await first_gen.misses("command")
    await _unload_at_once(home)
    await looking
    # Nobody knows that it is away.
    assert coordinator.client.state.available


async def test_unloading_ends_a_start_and_takes_it_back(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.loses = lambda suffix, _message: suffix == "enroll/response"
    enrolling = asyncio.create_task(home.enroll())
    await first_gen.hears("enroll/request", action="start")
    await _unload_at_once(home)
    assert await async_fails(enrolling) == "reader_unreachable"
    assert first_gen.reader.enrollment is None


async def test_unloading_ends_a_cancel(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    first_gen.silent = True
    cancelling = asyncio.create_task(home.cancel())
    await first_gen.misses("enroll/request")
    await _unload_at_once(home)
    assert await async_fails(cancelling) == "reader_unreachable"


@pytest.mark.parametrize("sketch", [Sketch.LATER])
async def test_unloading_ends_a_confirmation(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    first_gen.deaf = lambda _suffix, message: message.get("action") == "confirm"
    first_gen.scan(times=3)
    await first_gen.misses("enroll/request", action="confirm")
    await _unload_at_once(home)


async def test_unloading_ends_the_end_of_a_silent_enrollment(
    new_home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    with patch.object(first_generation_enrollments, "SILENCE", -4.99):
        await new_home.set_up()
        client = new_home.entry.runtime_data.client
        first_gen.deaf = lambda _suffix, message: message.get("action") == "cancel"
        await new_home.enroll(scan_timeout=5)
        await first_gen.misses("enroll/request", action="cancel")
        await _unload_at_once(new_home)
    # The next run has to find out.
    assert client.state.snapshot.running
