"""Another reader answers under the id of one that is set up."""

import asyncio
from typing import TYPE_CHECKING
from unittest.mock import patch

from homeassistant.components import mqtt
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_MIN_CONFIDENCE,
    CONF_READER_ID,
    DOMAIN,
)
from custom_components.biometric_enroll.issues import ISSUE_FINGERPRINTS_GONE, ISSUE_OTHER_DEVICE
from custom_components.biometric_enroll.storage import DATA_REGISTRY
from tests.support.home import (
    async_enrolled,
    device_id,
)
from tests.support.reader import DEVICE, READER_ID, FakeReader
from tests.unit.repairs.site import (
    OTHER_DEVICE,
    Site,
)

if TYPE_CHECKING:
    from tests.support.broker import FakeBroker


def _replaced(site: Site) -> None:
    """Put another reader in the place of the one that was set up."""
    site.reader.silent = True
    site.reader = site.stranger
    site.reader.announce()


async def test_the_reader_that_answers_takes_the_place_of_the_other(site: Site) -> None:
    await async_enrolled(site.hass, site.entry, site.reader)
    site.hass.config_entries.async_update_entry(site.entry, options={CONF_MIN_CONFIDENCE: 60})
    entities = er.async_get(site.hass)
    before = {
        each.entity_id: each.id
        for each in er.async_entries_for_config_entry(entities, site.entry.entry_id)
    }
    device = device_id(site.hass, site.entry)
    _replaced(site)
    await site.hass.async_block_till_done()
    assert site.raised() == {ISSUE_OTHER_DEVICE}
    assert (await site.fix(ISSUE_OTHER_DEVICE))["type"] == "create_entry"
    assert site.entry.state is ConfigEntryState.LOADED
    assert (site.entry.unique_id, site.entry.data[CONF_DEVICE]) == (OTHER_DEVICE, OTHER_DEVICE)
    assert site.entry.options == {CONF_MIN_CONFIDENCE: 60}
    after = {
        each.entity_id: each.id
        for each in er.async_entries_for_config_entry(entities, site.entry.entry_id)
    }
    assert (after, device_id(site.hass, site.entry)) == (before, device)
    # Her name has stayed; that her finger has to be enrolled again is told.
    assert await site.names() == ["Anna"]
    assert site.raised() == {ISSUE_FINGERPRINTS_GONE}


async def test_a_reader_that_the_form_did_not_tell_does_not_take_its_place(
    site: Site, broker: FakeBroker
) -> None:
    before = dict(site.entry.data)
    _replaced(site)
    await site.hass.async_block_till_done()
    form = await site.open(ISSUE_OTHER_DEVICE)
    site.stranger.silent = True
    site.reader = FakeReader(broker, READER_ID, "c1b2c3d4e5f6")
    form = await site.submit(form)
    assert (form["type"], form["errors"]) == ("form", {"base": "another_one"})
    assert form["description_placeholders"]["found"] == "c1b2c3d4e5f6"
    assert dict(site.entry.data) == before
    assert (await site.submit(form))["type"] == "create_entry"
    assert site.entry.data[CONF_DEVICE] == "c1b2c3d4e5f6"


async def test_a_reload_in_the_middle_finds_the_new_reader_whole(site: Site) -> None:
    """A user's, or that for new features: it waits for the entry, and comes before our own."""
    await async_enrolled(site.hass, site.entry, site.reader)
    entries = er.async_entries_for_config_entry
    before = {each.entity_id for each in entries(er.async_get(site.hass), site.entry.entry_id)}
    _replaced(site)
    await site.hass.async_block_till_done()
    form = await site.open(ISSUE_OTHER_DEVICE)
    reloads: list[asyncio.Task[bool]] = []
    site.entry.async_on_unload(
        lambda: reloads.append(
            site.hass.async_create_task(site.hass.config_entries.async_reload(site.entry.entry_id))
        )
    )
    assert (await site.submit(form))["type"] == "create_entry"
    assert await asyncio.gather(*reloads) == [True]
    assert site.entry.runtime_data.device == OTHER_DEVICE
    after = entries(er.async_get(site.hass), site.entry.entry_id)
    assert {each.entity_id for each in after} == before
    assert all(each.unique_id.startswith(f"{OTHER_DEVICE}_") for each in after)
    assert await site.names() == ["Anna"]


async def test_a_form_ends_when_its_reader_is_unloaded_while_another_one_is_asked(
    site: Site, broker: FakeBroker
) -> None:
    _replaced(site)
    await site.hass.async_block_till_done()
    form = await site.open(ISSUE_OTHER_DEVICE)
    site.stranger.silent = True
    site.reader = third = FakeReader(broker, READER_ID, "c1b2c3d4e5f6")
    third.holds = {"hello"}
    submitting = asyncio.create_task(site.submit(form))
    await third.hears("hello")
    await site.hass.config_entries.async_unload(site.entry.entry_id)
    third.silent = True
    third.on_request(third.held[-1])
    result = await submitting
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert site.raised() == set()
    assert site.entry.data[CONF_DEVICE] == DEVICE


async def test_an_entry_that_is_removed_while_the_other_reader_is_asked_leaves_all_as_it_was(
    site: Site,
) -> None:
    await async_enrolled(site.hass, site.entry, site.reader)
    _replaced(site)
    await site.hass.async_block_till_done()
    form = await site.open(ISSUE_OTHER_DEVICE)
    site.stranger.holds = {"hello"}
    submitting = asyncio.create_task(site.submit(form))
    asked = len(site.stranger.heard_of("hello"))
    await site.stranger.hears("hello", asked + 1)
    await site.hass.config_entries.async_remove(site.entry.entry_id)
    site.reader.silent = True
    site.stranger.on_request(site.stranger.held[-1])
    result = await submitting
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    # For 30 days, and for nobody but the reader that they were enrolled on.
    [(_, place)] = site.hass.data[DATA_REGISTRY].all()
    assert place.device == DEVICE


async def test_a_reader_that_is_set_up_as_another_does_not_take_its_place(site: Site) -> None:
    MockConfigEntry(
        domain=DOMAIN,
        unique_id=OTHER_DEVICE,
        data={CONF_READER_ID: "back_door", CONF_DEVICE: OTHER_DEVICE},
    ).add_to_hass(site.hass)
    before, ours = dict(site.entry.data), site.reader
    _replaced(site)
    await site.hass.async_block_till_done()
    site.reader = ours
    result = await site.fix(ISSUE_OTHER_DEVICE)
    assert (result["type"], result["reason"]) == ("abort", "already_configured")
    assert (dict(site.entry.data), site.entry.unique_id) == (before, DEVICE)
    assert site.entry.state is ConfigEntryState.LOADED
    assert site.raised() == {ISSUE_OTHER_DEVICE}


async def test_a_reader_that_was_ignored_may_take_its_place(site: Site) -> None:
    ignored = MockConfigEntry(domain=DOMAIN, unique_id=OTHER_DEVICE, source=SOURCE_IGNORE)
    ignored.add_to_hass(site.hass)
    _replaced(site)
    await site.hass.async_block_till_done()
    assert (await site.fix(ISSUE_OTHER_DEVICE))["type"] == "create_entry"
    assert site.hass.config_entries.async_entries(DOMAIN) == [site.entry]


async def test_the_right_reader_that_is_back_keeps_its_place(site: Site) -> None:
    await site.trouble(ISSUE_OTHER_DEVICE)
    before = dict(site.entry.data)
    assert (await site.fix(ISSUE_OTHER_DEVICE))["type"] == "create_entry"
    assert (dict(site.entry.data), site.entry.unique_id) == (before, DEVICE)
    assert site.raised() == set()
    # The other one is still there, and says so.
    await site.said_again()
    assert site.raised() == {ISSUE_OTHER_DEVICE}


async def test_without_mqtt_nobody_takes_its_place(site: Site) -> None:
    await site.trouble(ISSUE_OTHER_DEVICE)
    form = await site.open(ISSUE_OTHER_DEVICE)
    with patch.object(mqtt, "async_subscribe", side_effect=HomeAssistantError("not set up")):
        form = await site.submit(form)
    assert form["errors"] == {"base": "reader_unreachable"}


async def test_an_entry_that_cannot_be_unloaded_is_left_as_it_is(site: Site) -> None:
    ours = site.reader
    _replaced(site)
    await site.hass.async_block_till_done()
    site.reader = ours
    before = dict(site.entry.data)
    with patch.object(site.hass.config_entries, "async_unload", return_value=False):
        result = await site.fix(ISSUE_OTHER_DEVICE)
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert (dict(site.entry.data), site.entry.unique_id) == (before, DEVICE)
