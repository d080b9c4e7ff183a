"""A reader under another id, and another reader in its place: the same device to its users."""

import asyncio
from functools import partial
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
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll import discovery as probe
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_DIALECT,
    CONF_ENROLLERS,
    CONF_FEATURES,
    CONF_MIN_CONFIDENCE,
    CONF_READER_ID,
    CONF_TRUST_TOUCHES,
    DIALECT_FIRST_GENERATION,
    DOMAIN,
)
from tests.support.home import (
    async_enroll,
    async_enrolled,
    async_fingerprints,
    async_until,
    available,
    device_id,
    entity_id,
    state,
)
from tests.support.reader import DEVICE, FEATURES, READER_ID, FakeReader
from tests.unit.test_config_flow import announcement, by_mqtt, configured, enter, offers, suggestion

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
    from homeassistant.core import HomeAssistant, State

    from tests.support.broker import FakeBroker

OTHER_DEVICE = "0242ac110002"
NEW_ID = "garden_gate"


@pytest.fixture(autouse=True)
async def unload(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Unload whatever a test has set up."""
    yield
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture(autouse=True)
def listening_is_short() -> Any:
    """Listen no longer than the fake broker needs to replay."""
    with patch.object(probe, "LISTEN_SUBSCRIBED", 0.02):
        yield


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry[Any]) -> ConfigFlowResult:
    """Open the form."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )


async def moved(
    hass: HomeAssistant, entry: ConfigEntry[Any], reader_id: str = NEW_ID
) -> ConfigFlowResult:
    """Open the form and enter an id; agree to a replacement."""
    result = await enter(hass, await reconfigure(hass, entry), reader_id)
    if result["type"] is FlowResultType.FORM and result["step_id"] == "replace":
        result = await enter(hass, result)
    await hass.async_block_till_done()
    return result


def registered(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, tuple[str, str]]:
    """Return registry id and the end of the unique id of all entities, by entity id."""
    prefix = f"{entry.data[CONF_DEVICE]}_"
    found = {
        each.entity_id: (each.id, each.unique_id)
        for each in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
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
    hass: HomeAssistant, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    FakeReader(broker, NEW_ID, OTHER_DEVICE).announce()
    form = await reconfigure(hass, loaded)
    assert (form["step_id"], form["errors"]) == ("reconfigure", {})
    assert form["description_placeholders"] == {"reader": "Front door"}
    assert suggestion(form) == READER_ID
    assert offers(form) == [NEW_ID]


@pytest.mark.parametrize("reader_id", ["", "Front", "a/b", "+", "a" * 65])
async def test_what_cannot_be_a_reader_id_is_told_so_and_asked_again(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, reader_id: str
) -> None:
    heard, data = list(reader.heard), dict(loaded.data)
    form = await enter(hass, await reconfigure(hass, loaded), reader_id)
    assert form["errors"] == {CONF_READER_ID: "invalid_reader_id"}
    assert (reader.heard, dict(loaded.data)) == (heard, data)
    result = await enter(hass, form, READER_ID)
    assert result["reason"] == "reconfigure_successful"


async def test_an_id_that_nobody_answers_is_told_so_and_can_be_corrected(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, impatient: None
) -> None:
    data = dict(loaded.data)
    form = await enter(hass, await reconfigure(hass, loaded), NEW_ID)
    assert form["errors"] == {"base": "cannot_connect"}
    assert suggestion(form) == NEW_ID
    assert dict(loaded.data) == data
    assert loaded.state is ConfigEntryState.LOADED


async def test_without_mqtt_nothing_can_be_reconfigured(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert (await reconfigure(hass, entry))["reason"] == "mqtt_unavailable"


async def test_a_broker_that_goes_while_the_form_is_open_ends_it(
    hass: HomeAssistant, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    form = await reconfigure(hass, loaded)
    broker.set_connected(False)
    assert (await enter(hass, form, NEW_ID))["reason"] == "mqtt_unavailable"


# The same reader under another id


async def test_a_reader_with_another_id_is_asked_there_and_stays_the_same(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    reader.touch(anna)
    await hass.async_block_till_done()
    hass.config_entries.async_update_entry(loaded, options={CONF_MIN_CONFIDENCE: 60})
    [before], known = await async_fingerprints(hass, loaded), registered(hass, loaded)
    device = device_id(hass, loaded)
    now = elsewhere(reader, broker)
    assert (await moved(hass, loaded))["reason"] == "reconfigure_successful"
    assert loaded.data == {CONF_READER_ID: NEW_ID, CONF_DEVICE: DEVICE, CONF_FEATURES: FEATURES}
    assert (loaded.unique_id, loaded.title) == (DEVICE, "Front door")
    assert loaded.options == {CONF_MIN_CONFIDENCE: 60}
    assert (registered(hass, loaded), device_id(hass, loaded)) == (known, device)
    assert await async_fingerprints(hass, loaded) == [before]
    await async_until(hass, lambda: available(hass))
    now.touch(anna)
    assert state(hass, "event", "touch").attributes["name"] == "Anna"


async def test_what_comes_under_the_former_id_is_not_heard_any_more(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    elsewhere(reader, broker)
    await moved(hass, loaded)
    await async_until(hass, lambda: available(hass))
    for topic in ("status", "templates", "enroll/response", "fingerprint", "command/response"):
        await broker.until_subscribed(f"biometric/{READER_ID}/{topic}", subscribed=False)
        await broker.until_subscribed(f"biometric/{NEW_ID}/{topic}")
    reader.silent = False
    reader.touch(anna)
    assert state(hass, "event", "touch").state == "unknown"
    assert state(hass, "event", "late_touch").state == "unknown"


async def test_an_enrollment_that_runs_as_the_id_changes_ends_as_the_reader_says(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    """It has restarted for it, so it is over."""
    await async_enroll(hass, loaded)
    now = elsewhere(reader, broker)
    now.enrollment = {
        **reader.enrollment,
        "seq": 9,
        "stage": "failed",
        "reason": "reader_restarted",
        "timeout_ms": None,
    }
    now.announce()
    assert (await moved(hass, loaded))["reason"] == "reconfigure_successful"
    await async_until(hass, lambda: state(hass, "sensor", "enrollment").state == "failed")
    assert state(hass, "sensor", "enrollment").attributes["reason"] == "reader_restarted"
    assert await async_fingerprints(hass, loaded) == []


@pytest.mark.parametrize("disabled", [False, True])
async def test_an_entry_that_is_not_loaded_is_changed_and_stays_so(
    hass: HomeAssistant, broker: FakeBroker, entry: MockConfigEntry, disabled: bool
) -> None:
    if disabled:
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    now = FakeReader(broker, NEW_ID)
    # Opening the form may set up the integration, but nobody has asked for this entry.
    with patch.object(type(hass.config_entries), "async_setup") as setup:
        assert (await moved(hass, entry))["reason"] == "reconfigure_successful"
        assert not setup.called
    assert entry.data[CONF_READER_ID] == NEW_ID
    assert entry.state is not ConfigEntryState.LOADED
    if not disabled:
        now.announce()
        assert await hass.config_entries.async_setup(entry.entry_id)
        await async_until(hass, lambda: available(hass))


async def test_an_entry_that_cannot_be_unloaded_is_left_as_it_is(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    data = dict(loaded.data)
    elsewhere(reader, broker, OTHER_DEVICE)
    with patch.object(hass.config_entries, "async_unload", return_value=False):
        assert (await moved(hass, loaded))["reason"] == "not_unloaded"
    assert (dict(loaded.data), loaded.unique_id) == (data, DEVICE)


# Another reader


async def test_a_replacement_is_asked_about_first(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    data = dict(loaded.data)
    elsewhere(reader, broker, OTHER_DEVICE)
    form = await enter(hass, await reconfigure(hass, loaded), NEW_ID)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "replace")
    assert form["description_placeholders"] == {
        "reader": "Front door",
        "expected": DEVICE,
        "found": OTHER_DEVICE,
    }
    assert (dict(loaded.data), loaded.unique_id) == (data, DEVICE)
    assert loaded.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("reader_id", [READER_ID, NEW_ID])
async def test_another_reader_takes_its_place_with_all_that_hangs_on_it(
    hass: HomeAssistant,
    reader: FakeReader,
    broker: FakeBroker,
    loaded: MockConfigEntry,
    reader_id: str,
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    touch = reader.touch(anna)
    await hass.async_block_till_done()
    hass.config_entries.async_update_entry(loaded, options={CONF_MIN_CONFIDENCE: 60})
    entities = er.async_get(hass)
    entities.async_update_entity(entity_id(hass, "event", "touch"), name="Doorbell")
    [before], known = await async_fingerprints(hass, loaded), registered(hass, loaded)
    assert before["count"] == 1
    device = device_id(hass, loaded)

    reader.die()
    now = FakeReader(broker, reader_id, OTHER_DEVICE)
    now.announce()
    assert (await moved(hass, loaded, reader_id))["reason"] == "reconfigure_successful"
    await async_until(hass, lambda: available(hass, OTHER_DEVICE))

    assert (loaded.unique_id, loaded.title) == (OTHER_DEVICE, "Front door")
    assert loaded.data == {
        CONF_READER_ID: reader_id,
        CONF_DEVICE: OTHER_DEVICE,
        CONF_FEATURES: FEATURES,
    }
    assert loaded.options == {CONF_MIN_CONFIDENCE: 60}
    assert (registered(hass, loaded), device_id(hass, loaded)) == (known, device)
    doorbell = entities.async_get(entity_id(hass, "event", "touch", OTHER_DEVICE))
    assert doorbell is not None
    assert doorbell.name == "Doorbell"
    found = dr.async_get(hass).async_get(device)
    assert isinstance(found, dr.DeviceEntry)
    assert (found.identifiers, found.serial_number) == ({(DOMAIN, OTHER_DEVICE)}, OTHER_DEVICE)
    # The name stays, with all that is known of it,
    await hass.async_block_till_done()
    [after] = await async_fingerprints(hass, loaded)
    # The new reader does not hold it yet, which may have been listed by now.
    assert {**after, "missing": False} == before
    # and a touch that was reported is not reported again.
    now.touch(anna, touch=touch)
    assert state(hass, "event", "touch", OTHER_DEVICE).state == "unknown"
    # A finger that is enrolled on the new reader opens.
    response = await async_enroll(hass, loaded, name="Ben")
    for _ in range(3):
        now.capture()
    await hass.async_block_till_done()
    now.touch(response["template_id"])
    assert state(hass, "event", "touch", OTHER_DEVICE).attributes["name"] == "Ben"


async def test_an_enrollment_that_ran_on_the_former_reader_has_failed(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    """The new one knows nothing of it, and is free to enroll."""
    await async_enroll(hass, loaded)
    reader.capture()
    elsewhere(reader, broker, OTHER_DEVICE)
    assert (await moved(hass, loaded))["reason"] == "reconfigure_successful"

    def enrollment() -> State:
        return state(hass, "sensor", "enrollment", OTHER_DEVICE)

    await async_until(hass, lambda: enrollment().state == "failed")
    assert enrollment().attributes["reason"] == "reader_restarted"
    assert await async_fingerprints(hass, loaded) == []
    assert (await async_enroll(hass, loaded))["slot"] == 5


# Those of others


@pytest.mark.parametrize(
    ("reader_id", "device"), [("back_door", OTHER_DEVICE), (NEW_ID, "0242ac110003")]
)
async def test_a_reader_or_an_id_of_another_entry_is_refused(
    hass: HomeAssistant,
    reader: FakeReader,
    broker: FakeBroker,
    loaded: MockConfigEntry,
    reader_id: str,
    device: str,
) -> None:
    configured(reader_id, device).add_to_hass(hass)
    elsewhere(reader, broker, OTHER_DEVICE)
    data = dict(loaded.data)
    result = await enter(hass, await reconfigure(hass, loaded), NEW_ID)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert (dict(loaded.data), loaded.unique_id) == (data, DEVICE)
    assert loaded.state is ConfigEntryState.LOADED


async def test_an_id_of_another_entry_is_refused_also_for_the_same_reader(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    configured(NEW_ID, OTHER_DEVICE).add_to_hass(hass)
    elsewhere(reader, broker)
    assert (await moved(hass, loaded))["reason"] == "already_configured"
    assert loaded.data[CONF_READER_ID] == READER_ID


async def test_a_reader_that_is_set_up_while_the_question_is_open_is_refused(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    elsewhere(reader, broker, OTHER_DEVICE)
    form = await enter(hass, await reconfigure(hass, loaded), NEW_ID)
    assert form["step_id"] == "replace"
    configured("back_door", OTHER_DEVICE).add_to_hass(hass)
    assert (await enter(hass, form))["reason"] == "already_configured"
    assert loaded.unique_id == DEVICE


async def test_a_reader_that_was_ignored_takes_the_place_and_is_not_ignored_any_more(
    hass: HomeAssistant, reader: FakeReader, broker: FakeBroker, loaded: MockConfigEntry
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
    assert (await moved(hass, loaded))["reason"] == "reconfigure_successful"
    await async_until(hass, lambda: available(hass, OTHER_DEVICE))
    await hass.async_block_till_done()
    assert hass.config_entries.async_entries(DOMAIN) == [loaded]
    assert loaded.unique_id == OTHER_DEVICE
    assert hass.config_entries.flow.async_progress() == []


# The first generation


async def test_a_first_generation_reader_is_replaced_by_one_of_today(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Front door",
        unique_id=READER_ID,
        data={
            CONF_READER_ID: READER_ID,
            CONF_DEVICE: READER_ID,
            CONF_DIALECT: DIALECT_FIRST_GENERATION,
        },
        options={CONF_TRUST_TOUCHES: True, CONF_ENROLLERS: ["tablet"]},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    known, device = registered(hass, entry), device_id(hass, entry)
    now = FakeReader(broker, NEW_ID)
    assert (await moved(hass, entry))["reason"] == "reconfigure_successful"
    assert entry.data == {CONF_READER_ID: NEW_ID, CONF_DEVICE: DEVICE, CONF_FEATURES: FEATURES}
    # What it was trusted with is not for one that proves it; who may enroll at the door still may.
    assert (entry.unique_id, dict(entry.options)) == (DEVICE, {CONF_ENROLLERS: ["tablet"]})
    now.announce()
    await async_until(hass, lambda: available(hass))
    assert known.items() <= registered(hass, entry).items()
    assert device_id(hass, entry) == device


# Readers that move by themselves


async def test_two_readers_that_have_swapped_their_ids_are_followed_both(
    hass: HomeAssistant, broker: FakeBroker, impatient: None
) -> None:
    def follows(entry: MockConfigEntry, reader: FakeReader) -> bool:
        return bool(entry.data[CONF_READER_ID] == reader.reader_id)

    readers = [FakeReader(broker, READER_ID), FakeReader(broker, NEW_ID, OTHER_DEVICE)]
    entries = [configured(each.reader_id, each.identity["device"]) for each in readers]
    for reader, entry in zip(readers, entries, strict=True):
        entry.add_to_hass(hass)
        reader.announce()
    assert await hass.config_entries.async_setup(entries[0].entry_id)
    await hass.async_block_till_done()
    for device in (DEVICE, OTHER_DEVICE):
        await async_until(hass, partial(available, hass, device))
    for reader in readers:
        reader.die()
    readers[0].reader_id, readers[1].reader_id = NEW_ID, READER_ID
    for reader, entry in zip(readers, entries, strict=True):
        reader.announce()
        # Home Assistant discovers it.
        await async_until(hass, partial(follows, entry, reader))
    for device in (DEVICE, OTHER_DEVICE):
        await async_until(hass, partial(available, hass, device))


async def test_a_reader_that_has_taken_the_id_of_another_is_not_followed_there(
    hass: HomeAssistant, broker: FakeBroker, impatient: None
) -> None:
    """Two readers with one id are a mistake, and not to be made permanent."""
    theirs = FakeReader(broker, NEW_ID, OTHER_DEVICE)
    ours, other = configured(), configured(NEW_ID, OTHER_DEVICE)
    ours.add_to_hass(hass)
    other.add_to_hass(hass)
    theirs.announce()
    assert await hass.config_entries.async_setup(other.entry_id)
    await async_until(hass, lambda: available(hass, OTHER_DEVICE))
    result = await by_mqtt(hass, announcement(FakeReader(broker, NEW_ID)))
    assert result["reason"] == "already_configured"
    assert ours.data[CONF_READER_ID] == READER_ID
