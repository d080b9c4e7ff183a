"""A reader that was given the firmware of today stays the same reader to its users."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_DIALECT,
    CONF_ENROLLERS,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from tests.support.first_generation.reader import READER_ID
from tests.support.reader import DEVICE, FakeReader
from tests.support.reader_publications import FEATURES

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome
    from tests.support.home import AnyHome


async def _upgrade_is_over(home: AnyHome) -> None:
    """Wait for it, but not for the other background tasks, which never end."""
    await home.settle()
    upgrades = [
        task
        for task in home.hass._background_tasks
        if isinstance(task, asyncio.Task) and task.get_name().startswith("upgrade of")
    ]
    await asyncio.gather(*upgrades)
    await home.settle()


async def _flash(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, device: str = DEVICE
) -> FakeReader:
    """Put the firmware of today onto the reader, and switch it on."""
    first_gen.silent = True
    reader = FakeReader(first_gen._broker, READER_ID, device)
    reader.announce()
    await _upgrade_is_over(home)
    return reader


async def test_it_becomes_a_reader_of_version_1(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await _flash(home, first_gen)
    assert home.entry.unique_id == DEVICE
    assert home.entry.data == {
        CONF_READER_ID: READER_ID,
        CONF_DEVICE: DEVICE,
        CONF_FEATURES: FEATURES,
    }
    assert home.entry.state is ConfigEntryState.LOADED
    await home.until(lambda: home.available)


async def test_its_device_and_its_entities_stay_the_same(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, hass: HomeAssistant
) -> None:
    """Their history, their names and the dashboards with them hang on that."""
    entities = er.async_get(hass)
    before = {
        entity.entity_id: entity.id
        for entity in er.async_entries_for_config_entry(entities, home.entry.entry_id)
    }
    device = home.device_id
    await _flash(home, first_gen)
    after = {
        entity.entity_id: entity.id
        for entity in er.async_entries_for_config_entry(entities, home.entry.entry_id)
    }
    assert before.items() <= after.items()
    assert home.device_id == device
    # And it gets what it could not have before.
    assert {entity_id.partition(".")[2] for entity_id in after.keys() - before.keys()} == {
        "front_door_sensor",
        "front_door_free_memory",
        "front_door_identification",
        "front_door_identify",
        "front_door_restart",
        "front_door_security_level",
        "front_door_sensor_errors",
        "front_door_signal_strength",
        "front_door_started",
    }
    await home.until(lambda: home.available)
    found = dr.async_get(hass).async_get(device)
    assert isinstance(found, dr.DeviceEntry)
    assert found.identifiers == {(DOMAIN, DEVICE)}
    assert (found.serial_number, found.sw_version) == (DEVICE, "0.2.0")


async def test_its_names_are_kept_and_its_next_enrollment_works(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enrolled()
    reader = await _flash(home, first_gen)
    await home.until(lambda: home.available)
    assert await home.named() == {1: "Anna"}
    assert home.stage == "completed"
    await home.enroll(name="Ben")
    reader.capture(3)
    await home.settle()
    assert await home.named() == {1: "Anna", 5: "Ben"}


async def test_a_touch_is_from_now_on_named_by_its_template_id_alone(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enrolled()
    home.trust()
    reader = await _flash(home, first_gen)
    await home.until(lambda: home.available)
    home.reader_events.clear()
    # The slot is Anna's, but the template has no id.
    reader.touch(result="identified", slot=1, confidence=120)
    assert [touch["type"] for touch in home.touches()] == ["not_identified"]
    assert home.entry.options == {}


async def test_who_may_enroll_still_may(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    options = {CONF_ENROLLERS: ["tablet"]}
    home.hass.config_entries.async_update_entry(home.entry, options=options)
    await _flash(home, first_gen)
    await home.until(lambda: home.available)
    assert home.entry.options == options


async def test_an_enrollment_that_ran_is_over(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    await _flash(home, first_gen)
    await home.until_ended()
    assert home.outcome == ("failed", "reader_restarted")
    assert await home.named() == {}


async def test_it_is_upgraded_also_when_the_firmware_was_changed_while_home_assistant_was_off(
    new_home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    """Then the status is retained."""
    first_gen.silent = True
    FakeReader(first_gen._broker, READER_ID).announce()
    assert await new_home.start()
    await new_home.until(lambda: new_home.entry.unique_id == DEVICE and new_home.available)
    assert CONF_DIALECT not in new_home.entry.data
    await _upgrade_is_over(new_home)


async def test_a_hardware_id_that_equals_the_first_generation_reader_id_is_upgraded_too(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enrolled()
    await _flash(home, first_gen, READER_ID)
    assert CONF_DIALECT not in home.entry.data
    await home.until(lambda: home.available)
    assert await home.named() == {1: "Anna"}


async def _assert_unchanged(home: FirstGenerationHome, before: dict[str, Any]) -> None:
    assert dict(home.entry.data) == before
    assert home.entry.unique_id == READER_ID
    assert home.entry.state is ConfigEntryState.LOADED
    assert home.available


async def test_hardware_that_is_set_up_under_another_id_takes_no_entry_over(
    home: FirstGenerationHome,
    first_gen: FakeFirstGenerationReader,
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = dict(home.entry.data)
    MockConfigEntry(
        domain=DOMAIN, unique_id=DEVICE, data={CONF_READER_ID: "front_door", CONF_DEVICE: DEVICE}
    ).add_to_hass(hass)
    await _flash(home, first_gen)
    await _assert_unchanged(home, before)
    assert "is set up already" in caplog.text


async def test_a_status_that_nobody_stands_behind_upgrades_nothing(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, impatient: None
) -> None:
    """Whoever can write to the broker can announce anything; only an answer counts."""
    before = dict(home.entry.data)
    status = {
        "v": 1, "online": True, "device": DEVICE, "firmware": "0.2.0", "board": "esp32",
        "sensor": "R307", "max_scans": 3, "features": [],
    }  # fmt: skip
    first_gen.publish("status", status)
    await _upgrade_is_over(home)
    await _assert_unchanged(home, before)


@pytest.mark.parametrize("message", [{"v": 1, "online": False}, {"v": 2, "online": True}])
async def test_a_last_will_upgrades_nothing(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, message: dict[str, Any]
) -> None:
    before = dict(home.entry.data)
    first_gen.publish("status", message)
    await _upgrade_is_over(home)
    await _assert_unchanged(home, before)


async def test_an_entry_that_is_removed_meanwhile_is_not_upgraded(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, hass: HomeAssistant
) -> None:
    first_gen.silent = True
    reader = FakeReader(first_gen._broker, READER_ID)
    reader.holds.add("hello")
    reader.announce()
    await reader.hears("hello")
    assert await hass.config_entries.async_remove(home.entry.entry_id)
    reader.holds.clear()
    reader.on_request(reader.held[0])
    await _upgrade_is_over(home)
    assert hass.config_entries.async_entries(DOMAIN) == []


async def test_two_announcements_are_one_upgrade(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, broker: FakeBroker
) -> None:
    first_gen.silent = True
    reader = FakeReader(broker, READER_ID)
    reader.holds.add("hello")
    reader.announce()
    reader.announce()
    await reader.hears("hello")
    assert len(reader.held) == 1
    reader.holds.clear()
    reader.on_request(reader.held[0])
    await home.until(lambda: home.entry.unique_id == DEVICE)
    await home.until(lambda: home.available)
