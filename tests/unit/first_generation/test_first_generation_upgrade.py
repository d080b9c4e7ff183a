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
from tests.support.home import async_until
from tests.support.reader import DEVICE, FEATURES, FakeReader

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.first_generation.site import OldReader, Site


async def _upgrade_is_over(hass: HomeAssistant) -> None:
    """Wait for it, but not for the other background tasks, which never end."""
    await hass.async_block_till_done()
    upgrades = [
        task
        for task in hass._background_tasks
        if isinstance(task, asyncio.Task) and task.get_name().startswith("upgrade of")
    ]
    await asyncio.gather(*upgrades)
    await hass.async_block_till_done()


async def _flash(site: Site, old: OldReader, device: str = DEVICE) -> FakeReader:
    """Put the firmware of today onto the reader, and switch it on."""
    old.silent = True
    reader = FakeReader(old._broker, READER_ID, device)
    reader.announce()
    await _upgrade_is_over(site.hass)
    return reader


async def test_it_becomes_a_reader_of_version_1(site: Site, old: OldReader) -> None:
    await _flash(site, old)
    assert site.entry.unique_id == DEVICE
    assert site.entry.data == {
        CONF_READER_ID: READER_ID,
        CONF_DEVICE: DEVICE,
        CONF_FEATURES: FEATURES,
    }
    assert site.entry.state is ConfigEntryState.LOADED
    await site.until(lambda: site.available)


async def test_its_device_and_its_entities_stay_the_same(
    site: Site, old: OldReader, hass: HomeAssistant
) -> None:
    """Their history, their names and the dashboards with them hang on that."""
    entities = er.async_get(hass)
    before = {
        entity.entity_id: entity.id
        for entity in er.async_entries_for_config_entry(entities, site.entry.entry_id)
    }
    device = site.device_id
    await _flash(site, old)
    after = {
        entity.entity_id: entity.id
        for entity in er.async_entries_for_config_entry(entities, site.entry.entry_id)
    }
    assert before.items() <= after.items()
    assert site.device_id == device
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
    await site.until(lambda: site.available)
    found = dr.async_get(hass).async_get(device)
    assert isinstance(found, dr.DeviceEntry)
    assert found.identifiers == {(DOMAIN, DEVICE)}
    assert (found.serial_number, found.sw_version) == (DEVICE, "0.2.0")


async def test_its_names_are_kept_and_its_next_enrollment_works(site: Site, old: OldReader) -> None:
    await site.enrolled()
    reader = await _flash(site, old)
    await site.until(lambda: site.available)
    assert await site.names() == {1: "Anna"}
    assert site.stage == "completed"
    await site.enroll(name="Ben")
    for _ in range(3):
        reader.capture()
    await site.hass.async_block_till_done()
    assert await site.names() == {1: "Anna", 5: "Ben"}


async def test_a_touch_is_from_now_on_named_by_its_template_id_alone(
    site: Site, old: OldReader
) -> None:
    await site.enrolled()
    site.trust()
    reader = await _flash(site, old)
    await site.until(lambda: site.available)
    site.moments.clear()
    # The slot is Anna's, but the template has no id.
    reader.touch(result="identified", slot=1, confidence=120)
    assert [touch["type"] for touch in site.touches()] == ["not_identified"]
    assert site.entry.options == {}


async def test_who_may_enroll_still_may(site: Site, old: OldReader) -> None:
    options = {CONF_ENROLLERS: ["tablet"]}
    site.hass.config_entries.async_update_entry(site.entry, options=options)
    await _flash(site, old)
    await site.until(lambda: site.available)
    assert site.entry.options == options


async def test_an_enrollment_that_ran_is_over(site: Site, old: OldReader) -> None:
    await site.enroll()
    await _flash(site, old)
    await site.until_ended()
    assert site.outcome == ("failed", "reader_restarted")
    assert await site.names() == {}


async def test_it_is_upgraded_also_when_the_firmware_was_changed_while_home_assistant_was_off(
    bare_site: Site, old: OldReader
) -> None:
    """Then the status is retained."""
    old.silent = True
    FakeReader(old._broker, READER_ID).announce()
    assert await bare_site.hass.config_entries.async_setup(bare_site.entry.entry_id)
    await bare_site.until(lambda: bare_site.entry.unique_id == DEVICE and bare_site.available)
    assert CONF_DIALECT not in bare_site.entry.data
    await _upgrade_is_over(bare_site.hass)


async def test_a_hardware_id_that_is_the_old_reader_id_is_upgraded_too(
    site: Site, old: OldReader
) -> None:
    await site.enrolled()
    await _flash(site, old, READER_ID)
    assert CONF_DIALECT not in site.entry.data
    await site.until(lambda: site.available)
    assert await site.names() == {1: "Anna"}


async def _assert_unchanged(site: Site, before: dict[str, Any]) -> None:
    assert dict(site.entry.data) == before
    assert site.entry.unique_id == READER_ID
    assert site.entry.state is ConfigEntryState.LOADED
    assert site.available


async def test_hardware_that_is_set_up_under_another_id_takes_no_entry_over(
    site: Site, old: OldReader, hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    before = dict(site.entry.data)
    MockConfigEntry(
        domain=DOMAIN,
        unique_id=DEVICE,
        data={CONF_READER_ID: "front_door", CONF_DEVICE: DEVICE},
    ).add_to_hass(hass)
    await _flash(site, old)
    await _assert_unchanged(site, before)
    assert "is set up already" in caplog.text


async def test_a_status_that_nobody_stands_behind_upgrades_nothing(
    site: Site, old: OldReader, impatient: None
) -> None:
    """Whoever can write to the broker can announce anything; only an answer counts."""
    before = dict(site.entry.data)
    status = {
        "v": 1, "online": True, "device": DEVICE, "firmware": "0.2.0", "board": "esp32",
        "sensor": "R307", "max_scans": 3, "features": [],
    }  # fmt: skip
    old.publish("status", status)
    await _upgrade_is_over(site.hass)
    await _assert_unchanged(site, before)


@pytest.mark.parametrize("message", [{"v": 1, "online": False}, {"v": 2, "online": True}])
async def test_a_last_will_upgrades_nothing(
    site: Site, old: OldReader, message: dict[str, Any]
) -> None:
    before = dict(site.entry.data)
    old.publish("status", message)
    await _upgrade_is_over(site.hass)
    await _assert_unchanged(site, before)


async def test_an_entry_that_is_removed_meanwhile_is_not_upgraded(
    site: Site, old: OldReader, hass: HomeAssistant
) -> None:
    old.silent = True
    reader = FakeReader(old._broker, READER_ID)
    reader.holds.add("hello")
    reader.announce()
    await reader.hears("hello")
    assert await hass.config_entries.async_remove(site.entry.entry_id)
    reader.holds.clear()
    reader.on_request(reader.held[0])
    await _upgrade_is_over(hass)
    assert hass.config_entries.async_entries(DOMAIN) == []


async def test_two_announcements_are_one_upgrade(
    site: Site, old: OldReader, broker: FakeBroker
) -> None:
    old.silent = True
    reader = FakeReader(broker, READER_ID)
    reader.holds.add("hello")
    reader.announce()
    reader.announce()
    await reader.hears("hello")
    assert len(reader.held) == 1
    reader.holds.clear()
    reader.on_request(reader.held[0])
    await async_until(site.hass, lambda: site.entry.unique_id == DEVICE)
    await site.until(lambda: site.available)
