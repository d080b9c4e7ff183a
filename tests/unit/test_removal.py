"""What stays of a reader that is removed, and for how long."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.biometric_enroll import async_setup
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from tests.unit.fake_reader import DEVICE, FEATURES, READER_ID, FakeReader
from tests.unit.helpers import async_enrolled, async_fingerprints, async_set_up, state

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from homeassistant.core import HomeAssistant

    from tests.unit.fake_broker import FakeBroker

ROSTER, MARKS = "biometric_enroll.roster", "biometric_enroll.marks"


@pytest.fixture
async def again(hass: HomeAssistant) -> AsyncGenerator[MockConfigEntry]:
    """Return what is made when the reader is added again."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Front door",
        unique_id=DEVICE,
        data={CONF_READER_ID: READER_ID, CONF_DEVICE: DEVICE, CONF_FEATURES: FEATURES},
    )
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def kept(hass_storage: dict[str, Any]) -> list[str]:
    """Return the names that are on the disk."""
    return [each["subject"]["name"] for each in hass_storage[ROSTER]["data"]["fingerprints"]]


async def days_go_by(hass: HomeAssistant, days: float) -> None:
    """Let Home Assistant look when so many days have gone by since the removal."""
    later = dt_util.utcnow() + timedelta(days=days)
    with patch("custom_components.biometric_enroll.stores.dt_util.utcnow", return_value=later):
        async_fire_time_changed(hass, later)
        await hass.async_block_till_done()


async def removed(hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry) -> str:
    """Enroll Anna, touch once, and remove the reader; return her template id."""
    template_id = await async_enrolled(hass, entry, reader)
    reader.touch(template_id)
    await hass.async_block_till_done()
    await hass.config_entries.async_remove(entry.entry_id)
    return template_id


@pytest.mark.parametrize("days", [0, 29])
async def test_a_reader_that_is_added_again_in_time_has_lost_nothing(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    again: MockConfigEntry,
    hass_storage: dict[str, Any],
    days: int,
) -> None:
    template_id = await removed(hass, reader, loaded)
    await days_go_by(hass, days)
    again.add_to_hass(hass)
    await async_set_up(hass, reader, again)
    [anna] = await async_fingerprints(hass, again)
    assert (anna["name"], anna["count"]) == ("Anna", 1)
    reader.touch(template_id)
    await hass.async_block_till_done()
    assert state(hass, "event", "touch").attributes["name"] == "Anna"
    # The days before do not count any more.
    await days_go_by(hass, 31)
    assert kept(hass_storage) == ["Anna"]
    assert hass_storage[ROSTER]["data"]["removed"] == {}


async def test_after_thirty_days_nothing_personal_is_left(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    template_id = await removed(hass, reader, loaded)
    await days_go_by(hass, 29.9)
    assert kept(hass_storage) == ["Anna"]
    await days_go_by(hass, 30)
    assert kept(hass_storage) == []
    assert "Anna" not in json.dumps(hass_storage[ROSTER])
    assert template_id not in json.dumps(hass_storage[MARKS])


async def test_a_restart_counts_on_from_the_removal(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    await removed(hass, reader, loaded)
    for days, names in ((20, ["Anna"]), (31, [])):
        later = dt_util.utcnow() + timedelta(days=days)
        with patch("custom_components.biometric_enroll.stores.dt_util.utcnow", return_value=later):
            assert await async_setup(hass, {})
        assert kept(hass_storage) == names


async def test_a_reader_that_is_disabled_is_still_there(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    await async_enrolled(hass, loaded, reader)
    await hass.config_entries.async_set_disabled_by(loaded.entry_id, ConfigEntryDisabler.USER)
    await days_go_by(hass, 40)
    assert kept(hass_storage) == ["Anna"]


async def test_the_other_reader_keeps_its_names(
    hass: HomeAssistant,
    broker: FakeBroker,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    other_entry = MockConfigEntry(
        domain=DOMAIN,
        title="Back door",
        unique_id="0000ffffffff",
        data={
            CONF_READER_ID: "back_door",
            CONF_DEVICE: "0000ffffffff",
            CONF_FEATURES: FEATURES,
        },
    )
    other_entry.add_to_hass(hass)
    other = FakeReader(broker, "back_door", "0000ffffffff")
    await async_set_up(hass, other, other_entry)
    await async_enrolled(hass, loaded, reader)
    await hass.config_entries.async_remove(other_entry.entry_id)
    await days_go_by(hass, 31)
    assert kept(hass_storage) == ["Anna"]


async def test_a_reader_can_be_removed_that_was_never_set_up_in_this_run(
    hass: HomeAssistant, entry: MockConfigEntry, broker: FakeBroker
) -> None:
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass.config_entries.async_entries(DOMAIN) == []


@pytest.mark.parametrize("minor_version", [1, 2])
async def test_what_earlier_versions_have_saved_is_read(
    hass: HomeAssistant, hass_storage: dict[str, Any], minor_version: int
) -> None:
    fingerprint: dict[str, Any] = {
        "subject": {"name": "Anna", "finger": None, "person": None},
        "enrolled_at": "2026-11-01T12:00:00+00:00",
        "places": [{"device": DEVICE, "slot": 5, "template_id": "9f2c01ab44d0e1f7"}],
    }
    if minor_version > 1:
        fingerprint["enabled"] = False
    hass_storage[ROSTER] = {
        "version": 1,
        "minor_version": minor_version,
        "key": ROSTER,
        "data": {"fingerprints": [fingerprint], "enrollments": {}},
    }
    assert await async_setup_component(hass, DOMAIN, {})
    response = await hass.services.async_call(
        DOMAIN, "get_fingerprints", {}, blocking=True, return_response=True
    )
    assert response is not None
    found: Any = response["fingerprints"]
    assert [(each["name"], each["enabled"]) for each in found] == [("Anna", minor_version == 1)]
    # Its reader is not set up: the days begin now.
    assert hass_storage[ROSTER]["data"]["removed"].keys() == {DEVICE}
