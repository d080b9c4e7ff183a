"""Replacing a reader: the entry keeps its entities and names, but not data of the old hardware."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_ENROLLERS,
    CONF_FEATURES,
    CONF_MIN_CONFIDENCE,
    CONF_READER_ID,
    CONF_TRUST_TOUCHES,
    DOMAIN,
)
from tests.support.first_generation.home import first_generation_entry
from tests.support.home import OTHER_DEVICE, Home, reader_entry, until
from tests.support.reader import DEVICE, READER_ID, FakeReader
from tests.support.reader_publications import FEATURES
from tests.unit.config_forms import (
    NEW_ID,
    announcement,
    by_mqtt,
    elsewhere,
    enter,
    moved,
    reconfigure,
    registered,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker

# Another reader

pytestmark = pytest.mark.usefixtures("listening_is_short")


async def test_a_replacement_is_asked_about_first(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    data = dict(home.entry.data)
    elsewhere(reader, broker, OTHER_DEVICE)
    form = await enter(home.hass, await reconfigure(home), NEW_ID)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "replace")
    assert form["description_placeholders"] == {
        "reader": "Front door",
        "expected": DEVICE,
        "found": OTHER_DEVICE,
    }
    assert (dict(home.entry.data), home.entry.unique_id) == (data, DEVICE)
    assert home.entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("reader_id", [READER_ID, NEW_ID])
async def test_another_reader_takes_its_place_with_all_that_hangs_on_it(
    hass: HomeAssistant, home: Home, reader: FakeReader, broker: FakeBroker, reader_id: str
) -> None:
    anna = await home.enrolled()
    touch = reader.touch(anna)
    await home.settle()
    home.set_options({CONF_MIN_CONFIDENCE: 60})
    entities = er.async_get(hass)
    entities.async_update_entity(home.entity_id("event", "touch"), name="Doorbell")
    [before], known = await home.fingerprints(), registered(home)
    assert before["count"] == 1
    device = home.device_id

    reader.die()
    now = FakeReader(broker, reader_id, OTHER_DEVICE)
    now.announce()
    assert (await moved(home, reader_id))["reason"] == "reconfigure_successful"
    await home.until(lambda: home.available)

    assert (home.entry.unique_id, home.entry.title) == (OTHER_DEVICE, "Front door")
    assert home.entry.data == {
        CONF_READER_ID: reader_id,
        CONF_DEVICE: OTHER_DEVICE,
        CONF_FEATURES: FEATURES,
    }
    assert home.entry.options == {CONF_MIN_CONFIDENCE: 60}
    assert (registered(home), home.device_id) == (known, device)
    doorbell = entities.async_get(home.entity_id("event", "touch"))
    assert doorbell is not None
    assert doorbell.name == "Doorbell"
    found = dr.async_get(hass).async_get(device)
    assert isinstance(found, dr.DeviceEntry)
    assert (found.identifiers, found.serial_number) == ({(DOMAIN, OTHER_DEVICE)}, OTHER_DEVICE)
    # The name stays, with all that is known of it,
    await home.settle()
    [after] = await home.fingerprints()
    # The new reader does not hold it yet, which may have been listed by now.
    assert {**after, "missing": False} == before
    # and a touch that was reported is not reported again.
    now.touch(anna, touch=touch)
    assert home.state("event", "touch").state == "unknown"
    # A finger that is enrolled on the new reader opens.
    response = await home.enroll(name="Ben")
    now.capture(3)
    await home.settle()
    now.touch(response["template_id"])
    assert home.state("event", "touch").attributes["name"] == "Ben"


async def test_an_enrollment_that_ran_on_the_former_reader_has_failed(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    """The new reader does not have it, and can enroll."""
    await home.enroll()
    reader.capture()
    elsewhere(reader, broker, OTHER_DEVICE)
    assert (await moved(home))["reason"] == "reconfigure_successful"

    await home.until_stage("failed")
    assert home.state("sensor", "enrollment").attributes["reason"] == "reader_restarted"
    assert await home.fingerprints() == []
    assert (await home.enroll())["slot"] == 5


# Those of others


@pytest.mark.parametrize(
    ("reader_id", "device"), [("back_door", OTHER_DEVICE), (NEW_ID, "0242ac110003")]
)
async def test_a_reader_or_an_id_of_another_entry_is_refused(
    home: Home, reader: FakeReader, broker: FakeBroker, reader_id: str, device: str
) -> None:
    reader_entry(reader_id, device).add_to_hass(home.hass)
    elsewhere(reader, broker, OTHER_DEVICE)
    data = dict(home.entry.data)
    result = await enter(home.hass, await reconfigure(home), NEW_ID)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert (dict(home.entry.data), home.entry.unique_id) == (data, DEVICE)
    assert home.entry.state is ConfigEntryState.LOADED


async def test_an_id_of_another_entry_is_refused_also_for_the_same_reader(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    reader_entry(NEW_ID, OTHER_DEVICE).add_to_hass(home.hass)
    elsewhere(reader, broker)
    assert (await moved(home))["reason"] == "already_configured"
    assert home.entry.data[CONF_READER_ID] == READER_ID


async def test_a_reader_that_is_set_up_while_the_question_is_open_is_refused(
    hass: HomeAssistant, home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    elsewhere(reader, broker, OTHER_DEVICE)
    form = await enter(hass, await reconfigure(home), NEW_ID)
    assert form["step_id"] == "replace"
    reader_entry("back_door", OTHER_DEVICE).add_to_hass(hass)
    assert (await enter(hass, form))["reason"] == "already_configured"
    assert home.entry.unique_id == DEVICE


async def test_a_reader_that_was_ignored_takes_the_place_and_is_not_ignored_any_more(
    hass: HomeAssistant, home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    """The discovery that follows, since it is no longer ignored, ends at once."""
    reader.die()
    now = FakeReader(broker, NEW_ID, OTHER_DEVICE)
    now.announce()
    async with asyncio.timeout(5):
        while not (flows := hass.config_entries.flow.async_progress()):  # noqa: ASYNC110
            await asyncio.sleep(0)
    [flow] = flows
    ignored = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": OTHER_DEVICE, "title": flow["context"]["title_placeholders"]["sensor"]},
    )
    assert ignored["type"] is FlowResultType.CREATE_ENTRY
    assert (await moved(home))["reason"] == "reconfigure_successful"
    await home.until(lambda: home.available)
    await home.settle()
    assert hass.config_entries.async_entries(DOMAIN) == [home.entry]
    assert home.entry.unique_id == OTHER_DEVICE
    assert hass.config_entries.flow.async_progress() == []


# The first generation


async def test_a_first_generation_reader_is_replaced_by_one_of_today(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    entry = first_generation_entry(
        READER_ID, options={CONF_TRUST_TOUCHES: True, CONF_ENROLLERS: ["tablet"]}
    )
    home = Home(hass, now := FakeReader(broker, NEW_ID), entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    known, device = registered(home), home.device_id
    assert (await moved(home))["reason"] == "reconfigure_successful"
    assert entry.data == {CONF_READER_ID: NEW_ID, CONF_DEVICE: DEVICE, CONF_FEATURES: FEATURES}
    # The trust in touches is removed, since the new reader proves their age; enrollers are kept.
    assert (entry.unique_id, dict(entry.options)) == (DEVICE, {CONF_ENROLLERS: ["tablet"]})
    now.announce()
    await home.until(lambda: home.available)
    assert known.items() <= registered(home).items()
    assert home.device_id == device


# Readers that move by themselves


async def test_two_readers_that_have_swapped_their_ids_are_followed_both(
    hass: HomeAssistant, broker: FakeBroker, impatient: None
) -> None:
    def all_available() -> bool:
        return all(home.available for home in homes)

    def all_followed() -> bool:
        return all(home.entry.data[CONF_READER_ID] == home.reader.reader_id for home in homes)

    homes = [
        Home(hass, FakeReader(broker, reader_id, device), reader_entry(reader_id, device))
        for reader_id, device in ((READER_ID, DEVICE), (NEW_ID, OTHER_DEVICE))
    ]
    for home in homes:
        home.reader.announce()
    await homes[0].set_up()
    await until(hass, all_available)
    for home in homes:
        home.reader.die()
    homes[0].reader.reader_id, homes[1].reader.reader_id = NEW_ID, READER_ID
    for home in homes:
        home.reader.announce()
    # Home Assistant discovers them.
    await until(hass, all_followed)
    await until(hass, all_available)


async def test_a_reader_that_has_taken_the_id_of_another_is_not_followed_there(
    hass: HomeAssistant, broker: FakeBroker, impatient: None
) -> None:
    """Two readers with one id are a mistake that must not become permanent."""
    ours = reader_entry()
    ours.add_to_hass(hass)
    theirs = FakeReader(broker, NEW_ID, OTHER_DEVICE)
    other = Home(hass, theirs, reader_entry(NEW_ID, OTHER_DEVICE))
    theirs.announce()
    await other.set_up()
    await other.until(lambda: other.available)
    result = await by_mqtt(hass, announcement(FakeReader(broker, NEW_ID)))
    assert result["reason"] == "already_configured"
    assert ours.data[CONF_READER_ID] == READER_ID
