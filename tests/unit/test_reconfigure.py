"""A reader under another id, and another reader in its place: the same device to its users."""

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_RECONFIGURE,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from custom_components.biometric_enroll import discovery as probe
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
from tests.support.reader import DEVICE, FEATURES, READER_ID, FakeReader
from tests.unit.config_forms import announcement, by_mqtt, enter, offers, suggestion

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker

NEW_ID = "garden_gate"


@pytest.fixture(autouse=True)
def listening_is_short() -> Any:
    """Listen no longer than the fake broker needs to replay."""
    with patch.object(probe, "LISTEN_SUBSCRIBED", 0.02):
        yield


async def reconfigure(home: Home) -> ConfigFlowResult:
    """Open the form."""
    return await home.hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": home.entry.entry_id}
    )


async def moved(home: Home, reader_id: str = NEW_ID) -> ConfigFlowResult:
    """Open the form and enter an id; agree to a replacement."""
    result = await enter(home.hass, await reconfigure(home), reader_id)
    if result["type"] is FlowResultType.FORM and result["step_id"] == "replace":
        result = await enter(home.hass, result)
    await home.settle()
    return result


def registered(home: Home) -> dict[str, tuple[str, str]]:
    """Return registry id and the end of the unique id of all entities, by entity id."""
    prefix = f"{home.entry.data[CONF_DEVICE]}_"
    found = {
        each.entity_id: (each.id, each.unique_id)
        for each in er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    }
    assert all(unique_id.startswith(prefix) for _, unique_id in found.values())
    return {
        entity_id: (registry_id, unique_id.removeprefix(prefix))
        for entity_id, (registry_id, unique_id) in found.items()
    }


def elsewhere(reader: FakeReader, broker: FakeBroker, device: str = DEVICE) -> FakeReader:
    """Return a reader under the new id, the one before has lost its power."""
    reader.die()
    now = FakeReader(broker, NEW_ID, device)
    if device == DEVICE:
        now.stored, now.templates = reader.stored, reader.templates
    now.announce()
    return now


# The form


async def test_the_form_says_which_reader_it_is_about_and_what_its_id_was(
    home: Home, broker: FakeBroker
) -> None:
    FakeReader(broker, NEW_ID, OTHER_DEVICE).announce()
    form = await reconfigure(home)
    assert (form["step_id"], form["errors"]) == ("reconfigure", {})
    assert form["description_placeholders"] == {"reader": "Front door"}
    assert suggestion(form) == READER_ID
    assert offers(form) == [NEW_ID]


@pytest.mark.parametrize("reader_id", ["", "Front", "a/b", "+", "a" * 65])
async def test_what_cannot_be_a_reader_id_is_told_so_and_asked_again(
    home: Home, reader: FakeReader, reader_id: str
) -> None:
    heard, data = list(reader.heard), dict(home.entry.data)
    form = await enter(home.hass, await reconfigure(home), reader_id)
    assert form["errors"] == {CONF_READER_ID: "invalid_reader_id"}
    assert (reader.heard, dict(home.entry.data)) == (heard, data)
    result = await enter(home.hass, form, READER_ID)
    assert result["reason"] == "reconfigure_successful"


async def test_an_id_that_nobody_answers_is_told_so_and_can_be_corrected(
    home: Home, impatient: None
) -> None:
    data = dict(home.entry.data)
    form = await enter(home.hass, await reconfigure(home), NEW_ID)
    assert form["errors"] == {"base": "cannot_connect"}
    assert suggestion(form) == NEW_ID
    assert dict(home.entry.data) == data
    assert home.entry.state is ConfigEntryState.LOADED


async def test_without_mqtt_nothing_can_be_reconfigured(new_home: Home) -> None:
    assert (await reconfigure(new_home))["reason"] == "mqtt_unavailable"


async def test_a_broker_that_goes_while_the_form_is_open_ends_it(
    home: Home, broker: FakeBroker
) -> None:
    form = await reconfigure(home)
    broker.set_connected(False)
    assert (await enter(home.hass, form, NEW_ID))["reason"] == "mqtt_unavailable"


# The same reader under another id


async def test_a_reader_with_another_id_is_asked_there_and_stays_the_same(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    anna = await home.enrolled()
    reader.touch(anna)
    await home.settle()
    home.hass.config_entries.async_update_entry(home.entry, options={CONF_MIN_CONFIDENCE: 60})
    [before], known = await home.fingerprints(), registered(home)
    device = home.device_id
    now = elsewhere(reader, broker)
    assert (await moved(home))["reason"] == "reconfigure_successful"
    assert home.entry.data == {CONF_READER_ID: NEW_ID, CONF_DEVICE: DEVICE, CONF_FEATURES: FEATURES}
    assert (home.entry.unique_id, home.entry.title) == (DEVICE, "Front door")
    assert home.entry.options == {CONF_MIN_CONFIDENCE: 60}
    assert (registered(home), home.device_id) == (known, device)
    assert await home.fingerprints() == [before]
    await home.until(lambda: home.available)
    now.touch(anna)
    assert home.state("event", "touch").attributes["name"] == "Anna"


async def test_what_comes_under_the_former_id_is_not_heard_any_more(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    anna = await home.enrolled()
    elsewhere(reader, broker)
    await moved(home)
    await home.until(lambda: home.available)
    for topic in ("status", "templates", "enroll/response", "fingerprint", "command/response"):
        await broker.until_subscribed(f"biometric/{READER_ID}/{topic}", subscribed=False)
        await broker.until_subscribed(f"biometric/{NEW_ID}/{topic}")
    reader.silent = False
    reader.touch(anna)
    assert home.state("event", "touch").state == "unknown"
    assert home.state("event", "late_touch").state == "unknown"


async def test_an_enrollment_that_runs_as_the_id_changes_ends_as_the_reader_says(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    """It has restarted for it, so it is over."""
    await home.enroll()
    now = elsewhere(reader, broker)
    now.enrollment = {
        **reader.enrollment,
        "seq": 9,
        "stage": "failed",
        "reason": "reader_restarted",
        "timeout_ms": None,
    }
    now.announce()
    assert (await moved(home))["reason"] == "reconfigure_successful"
    await home.until(lambda: home.state("sensor", "enrollment").state == "failed")
    assert home.state("sensor", "enrollment").attributes["reason"] == "reader_restarted"
    assert await home.fingerprints() == []


@pytest.mark.parametrize("disabled", [False, True])
async def test_an_entry_that_is_not_loaded_is_changed_and_stays_so(
    hass: HomeAssistant, new_home: Home, broker: FakeBroker, disabled: bool
) -> None:
    if disabled:
        await hass.config_entries.async_set_disabled_by(
            new_home.entry.entry_id, ConfigEntryDisabler.USER
        )
    now = FakeReader(broker, NEW_ID)
    # Opening the form may set up the integration, but nobody has asked for this entry.
    with patch.object(type(hass.config_entries), "async_setup") as setup:
        assert (await moved(new_home))["reason"] == "reconfigure_successful"
        assert not setup.called
    assert new_home.entry.data[CONF_READER_ID] == NEW_ID
    assert new_home.entry.state is not ConfigEntryState.LOADED
    if not disabled:
        now.announce()
        assert await hass.config_entries.async_setup(new_home.entry.entry_id)
        await new_home.until(lambda: new_home.available)


async def test_an_entry_that_cannot_be_unloaded_is_left_as_it_is(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    data = dict(home.entry.data)
    elsewhere(reader, broker, OTHER_DEVICE)
    with patch.object(home.hass.config_entries, "async_unload", return_value=False):
        assert (await moved(home))["reason"] == "not_unloaded"
    assert (dict(home.entry.data), home.entry.unique_id) == (data, DEVICE)


# Another reader


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
    hass.config_entries.async_update_entry(home.entry, options={CONF_MIN_CONFIDENCE: 60})
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
    for _ in range(3):
        now.capture()
    await home.settle()
    now.touch(response["template_id"])
    assert home.state("event", "touch").attributes["name"] == "Ben"


async def test_an_enrollment_that_ran_on_the_former_reader_has_failed(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    """The new one knows nothing of it, and is free to enroll."""
    await home.enroll()
    reader.capture()
    elsewhere(reader, broker, OTHER_DEVICE)
    assert (await moved(home))["reason"] == "reconfigure_successful"

    await home.until(lambda: home.state("sensor", "enrollment").state == "failed")
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
    """That it is discovered once more, as one that is ignored no longer, leads nowhere."""
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
    # What it was trusted with is not for one that proves it; who may enroll at the door still may.
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
    """Two readers with one id are a mistake, and not to be made permanent."""
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
