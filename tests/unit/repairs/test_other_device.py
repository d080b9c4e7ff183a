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
from custom_components.biometric_enroll.issues import ISSUE_FINGERPRINTS_MISSING, ISSUE_OTHER_DEVICE
from custom_components.biometric_enroll.storage import DATA_REGISTRY
from tests.support.home import OTHER_DEVICE
from tests.support.reader import DEVICE, READER_ID, FakeReader

if TYPE_CHECKING:
    from tests.support.broker import FakeBroker
    from tests.unit.repairs.home import RepairsHome


def _replaced(home: RepairsHome) -> None:
    """Replace the reader by another one with the same id."""
    home.reader.silent = True
    home.reader = home.stranger
    home.reader.announce()


async def test_the_reader_that_answers_takes_the_place_of_the_other(home: RepairsHome) -> None:
    await home.enrolled()
    home.set_options({CONF_MIN_CONFIDENCE: 60})
    entities = er.async_get(home.hass)
    before = {
        each.entity_id: each.id
        for each in er.async_entries_for_config_entry(entities, home.entry.entry_id)
    }
    device = home.device_id
    _replaced(home)
    await home.settle()
    assert home.raised() == {ISSUE_OTHER_DEVICE}
    assert (await home.fix(ISSUE_OTHER_DEVICE))["type"] == "create_entry"
    assert home.entry.state is ConfigEntryState.LOADED
    assert (home.entry.unique_id, home.entry.data[CONF_DEVICE]) == (OTHER_DEVICE, OTHER_DEVICE)
    assert home.entry.options == {CONF_MIN_CONFIDENCE: 60}
    after = {
        each.entity_id: each.id
        for each in er.async_entries_for_config_entry(entities, home.entry.entry_id)
    }
    assert (after, home.device_id) == (before, device)
    # Her name is kept, and listed as missing: the finger has to be enrolled again.
    assert await home.names() == ["Anna"]
    assert home.raised() == {ISSUE_FINGERPRINTS_MISSING}


async def test_a_reader_that_the_form_did_not_name_does_not_take_its_place(
    home: RepairsHome, broker: FakeBroker
) -> None:
    before = dict(home.entry.data)
    _replaced(home)
    await home.settle()
    form = await home.open(ISSUE_OTHER_DEVICE)
    home.stranger.silent = True
    home.reader = FakeReader(broker, READER_ID, "c1b2c3d4e5f6")
    form = await home.submit(form)
    assert (form["type"], form["errors"]) == ("form", {"base": "another_one"})
    assert form["description_placeholders"]["found"] == "c1b2c3d4e5f6"
    assert dict(home.entry.data) == before
    assert (await home.submit(form))["type"] == "create_entry"
    assert home.entry.data[CONF_DEVICE] == "c1b2c3d4e5f6"


async def test_a_reload_in_the_middle_finds_the_new_reader_whole(home: RepairsHome) -> None:
    """A reload by a user, or for new features, waits for the entry and runs before our own."""
    await home.enrolled()
    entries = er.async_entries_for_config_entry
    before = {each.entity_id for each in entries(er.async_get(home.hass), home.entry.entry_id)}
    _replaced(home)
    await home.settle()
    form = await home.open(ISSUE_OTHER_DEVICE)
    reloads: list[asyncio.Task[bool]] = []
    home.entry.async_on_unload(
        lambda: reloads.append(
            home.hass.async_create_task(home.hass.config_entries.async_reload(home.entry.entry_id))
        )
    )
    assert (await home.submit(form))["type"] == "create_entry"
    assert await asyncio.gather(*reloads) == [True]
    assert home.entry.runtime_data.device == OTHER_DEVICE
    after = entries(er.async_get(home.hass), home.entry.entry_id)
    assert {each.entity_id for each in after} == before
    assert all(each.unique_id.startswith(f"{OTHER_DEVICE}_") for each in after)
    assert await home.names() == ["Anna"]


async def test_a_form_ends_when_its_reader_is_unloaded_while_another_one_is_asked(
    home: RepairsHome, broker: FakeBroker
) -> None:
    _replaced(home)
    await home.settle()
    form = await home.open(ISSUE_OTHER_DEVICE)
    home.stranger.silent = True
    home.reader = third = FakeReader(broker, READER_ID, "c1b2c3d4e5f6")
    third.holds = {"hello"}
    submitting = asyncio.create_task(home.submit(form))
    await third.hears("hello")
    await home.unload()
    third.silent = True
    third.on_request(third.held[-1])
    result = await submitting
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert home.raised() == set()
    assert home.entry.data[CONF_DEVICE] == DEVICE


async def test_an_entry_that_is_removed_while_the_other_reader_is_asked_leaves_all_as_it_was(
    home: RepairsHome,
) -> None:
    await home.enrolled()
    _replaced(home)
    await home.settle()
    form = await home.open(ISSUE_OTHER_DEVICE)
    home.stranger.holds = {"hello"}
    submitting = asyncio.create_task(home.submit(form))
    asked = len(home.stranger.heard_of("hello"))
    await home.stranger.hears("hello", asked + 1)
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    home.reader.silent = True
    home.stranger.on_request(home.stranger.held[-1])
    result = await submitting
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    # They are kept for 30 days, and only for the reader on which they were enrolled.
    [(_, place)] = home.hass.data[DATA_REGISTRY].all()
    assert place.device == DEVICE


async def test_a_reader_that_is_set_up_as_another_does_not_take_its_place(
    home: RepairsHome,
) -> None:
    MockConfigEntry(
        domain=DOMAIN,
        unique_id=OTHER_DEVICE,
        data={CONF_READER_ID: "back_door", CONF_DEVICE: OTHER_DEVICE},
    ).add_to_hass(home.hass)
    before, ours = dict(home.entry.data), home.reader
    _replaced(home)
    await home.settle()
    home.reader = ours
    result = await home.fix(ISSUE_OTHER_DEVICE)
    assert (result["type"], result["reason"]) == ("abort", "already_configured")
    assert (dict(home.entry.data), home.entry.unique_id) == (before, DEVICE)
    assert home.entry.state is ConfigEntryState.LOADED
    assert home.raised() == {ISSUE_OTHER_DEVICE}


async def test_a_reader_that_was_ignored_may_take_its_place(home: RepairsHome) -> None:
    ignored = MockConfigEntry(domain=DOMAIN, unique_id=OTHER_DEVICE, source=SOURCE_IGNORE)
    ignored.add_to_hass(home.hass)
    _replaced(home)
    await home.settle()
    assert (await home.fix(ISSUE_OTHER_DEVICE))["type"] == "create_entry"
    assert home.hass.config_entries.async_entries(DOMAIN) == [home.entry]


async def test_the_right_reader_that_is_back_keeps_its_place(home: RepairsHome) -> None:
    await home.trouble(ISSUE_OTHER_DEVICE)
    before = dict(home.entry.data)
    assert (await home.fix(ISSUE_OTHER_DEVICE))["type"] == "create_entry"
    assert (dict(home.entry.data), home.entry.unique_id) == (before, DEVICE)
    assert home.raised() == set()
    # The other one is still there, and says so.
    await home.said_again()
    assert home.raised() == {ISSUE_OTHER_DEVICE}


async def test_without_mqtt_nobody_takes_its_place(home: RepairsHome) -> None:
    await home.trouble(ISSUE_OTHER_DEVICE)
    form = await home.open(ISSUE_OTHER_DEVICE)
    with patch.object(mqtt, "async_subscribe", side_effect=HomeAssistantError("not set up")):
        form = await home.submit(form)
    assert form["errors"] == {"base": "reader_unreachable"}


async def test_an_entry_that_cannot_be_unloaded_is_left_as_it_is(home: RepairsHome) -> None:
    ours = home.reader
    _replaced(home)
    await home.settle()
    home.reader = ours
    before = dict(home.entry.data)
    with patch.object(home.hass.config_entries, "async_unload", return_value=False):
        result = await home.fix(ISSUE_OTHER_DEVICE)
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert (dict(home.entry.data), home.entry.unique_id) == (before, DEVICE)
