"""A reader with another id, or another reader in its place: what hangs on the entry stays."""

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryDisabler, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.biometric_enroll import probe
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_DIALECT,
    CONF_FEATURES,
    CONF_READER_ID,
    CONF_TRUST_TOUCHES,
    DIALECT_FIRST_GENERATION,
    DOMAIN,
    EVENT_BIOMETRIC_ENROLL,
)
from tests.unit.fake_reader import DEVICE, FEATURES, READER_ID, FakeReader, new_id
from tests.unit.helpers import async_enroll, async_enrolled, async_fingerprints, async_until

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

    from tests.unit.fake_broker import FakeBroker

OTHER_DEVICE = "0242ac110002"
NEW_ID = "back_door"
OPTIONS = {"min_confidence": 40, "live_limit": 3}


@pytest.fixture(autouse=True)
def listening_is_short() -> Generator[None]:
    """Listen no longer than the fake broker needs to replay."""
    with patch.object(probe, "LISTEN_SUBSCRIBED", 0.02):
        yield


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Open the form."""
    return await entry.start_reconfigure_flow(hass)


async def enter(
    hass: HomeAssistant, result: ConfigFlowResult, reader_id: str | None = None
) -> ConfigFlowResult:
    """Submit the form that is open."""
    data = {} if reader_id is None else {CONF_READER_ID: reader_id}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    return result


def registered(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, tuple[str, str]]:
    """Return what history and automations hang on: registry and entity ids, by unique id's end."""
    return {
        entity.unique_id.partition("_")[2]: (entity.id, entity.entity_id)
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }


def device(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """Return the only device of an entry."""
    [found] = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return found


def is_there(hass: HomeAssistant) -> bool:
    """Return whether the reader counts as available; its entity keeps the id of the first."""
    found = hass.states.get("binary_sensor.front_door_connectivity")
    return found is not None and found.state == "on"


def assert_unchanged(entry: MockConfigEntry) -> None:
    assert entry.unique_id == entry.data[CONF_DEVICE] == DEVICE
    assert entry.data[CONF_READER_ID] == READER_ID


# Another id


async def test_a_reader_is_followed_to_its_new_id(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    before, its_device = registered(hass, loaded), device(hass, loaded).id
    hass.config_entries.async_update_entry(loaded, options=OPTIONS)
    form = await begin(hass, loaded)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "reconfigure")
    assert form["description_placeholders"] == {"reader": "Front door"}
    reader.reader_id = NEW_ID
    result = await enter(hass, form, NEW_ID)
    assert result["reason"] == "reconfigure_successful"
    assert result["translation_domain"] == "homeassistant"
    assert loaded.data == {CONF_READER_ID: NEW_ID, CONF_DEVICE: DEVICE, CONF_FEATURES: FEATURES}
    assert (loaded.unique_id, loaded.title, dict(loaded.options)) == (DEVICE, "Front door", OPTIONS)
    assert (registered(hass, loaded), device(hass, loaded).id) == (before, its_device)
    for topic in ("status", "templates", "enroll/response", "fingerprint", "command/response"):
        await broker.until_subscribed(f"biometric/{READER_ID}/{topic}", subscribed=False)
        await broker.until_subscribed(f"biometric/{NEW_ID}/{topic}")
    await async_until(hass, lambda: is_there(hass))
    moments = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    reader.touch(anna)
    await hass.async_block_till_done()
    assert [(moment.data["type"], moment.data["name"]) for moment in moments] == [
        ("identified", "Anna")
    ]


async def test_a_running_enrollment_goes_on_under_the_new_id(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    form = await begin(hass, loaded)
    reader.reader_id = NEW_ID
    await enter(hass, form, NEW_ID)
    await async_until(hass, lambda: is_there(hass))
    for _ in range(3):
        reader.capture()
    await hass.async_block_till_done()
    assert [found["name"] for found in await async_fingerprints(hass, loaded)] == ["Anna"]


async def test_the_same_id_again_changes_nothing(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    result = await enter(hass, await begin(hass, loaded), f" {READER_ID} ")
    assert result["reason"] == "reconfigure_successful"
    assert_unchanged(loaded)
    await async_until(hass, lambda: is_there(hass))


@pytest.mark.parametrize("state", [ConfigEntryState.NOT_LOADED, ConfigEntryState.SETUP_RETRY])
async def test_an_entry_that_is_not_loaded_is_changed_and_left_like_this(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry, state: ConfigEntryState
) -> None:
    entry.mock_state(hass, state)
    reader.reader_id = NEW_ID
    result = await enter(hass, await begin(hass, entry), NEW_ID)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_READER_ID] == NEW_ID
    assert entry.state is state
    entry.mock_state(hass, ConfigEntryState.NOT_LOADED)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await async_until(hass, lambda: is_there(hass))


# Another reader


@pytest.fixture
async def other(broker: FakeBroker) -> FakeReader:
    """Return another reader, with sensor and slots of its own."""
    return FakeReader(broker, NEW_ID, OTHER_DEVICE)


async def replaced(
    hass: HomeAssistant, entry: MockConfigEntry, reader_id: str = NEW_ID
) -> ConfigFlowResult:
    """Let whoever answers under an id take the place of the entry's reader."""
    form = await enter(hass, await begin(hass, entry), reader_id)
    assert form["step_id"] == "replace"
    return await enter(hass, form)


async def test_another_reader_takes_the_place_only_after_the_user_was_asked(
    hass: HomeAssistant, other: FakeReader, loaded: MockConfigEntry
) -> None:
    form = await enter(hass, await begin(hass, loaded), NEW_ID)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "replace")
    assert form["description_placeholders"] == {
        "reader": "Front door",
        "expected": DEVICE,
        "found": OTHER_DEVICE,
    }
    assert_unchanged(loaded)
    assert (await enter(hass, form))["reason"] == "reconfigure_successful"
    assert loaded.unique_id == OTHER_DEVICE


@pytest.mark.parametrize("reader_id", [READER_ID, NEW_ID], ids=["same id", "another id"])
async def test_what_hangs_on_the_former_reader_hangs_on_the_new_one(
    hass: HomeAssistant,
    reader: FakeReader,
    other: FakeReader,
    loaded: MockConfigEntry,
    reader_id: str,
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    reader.touch(anna)
    await hass.async_block_till_done()
    [known] = await _listed(hass)
    assert known["count"] == 1
    before, its_device = registered(hass, loaded), device(hass, loaded).id
    hass.config_entries.async_update_entry(loaded, options=OPTIONS)
    reader.silent = True
    other.reader_id = reader_id
    assert (await replaced(hass, loaded, reader_id))["reason"] == "reconfigure_successful"
    await async_until(hass, lambda: is_there(hass))
    await hass.async_block_till_done()
    assert loaded.data == {
        CONF_READER_ID: reader_id,
        CONF_DEVICE: OTHER_DEVICE,
        CONF_FEATURES: FEATURES,
    }
    assert (loaded.unique_id, dict(loaded.options)) == (OTHER_DEVICE, OPTIONS)
    assert (registered(hass, loaded), device(hass, loaded).id) == (before, its_device)
    assert device(hass, loaded).identifiers == {(DOMAIN, OTHER_DEVICE)}
    assert device(hass, loaded).serial_number == OTHER_DEVICE
    assert await _listed(hass) == [known]
    # The template itself is not there; should it be, by a copy, it is Anna's.
    other.hold(7, anna)
    await hass.async_block_till_done()
    moments = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    other.touch(anna, slot=7)
    await hass.async_block_till_done()
    assert [(moment.data["type"], moment.data["name"]) for moment in moments] == [
        ("identified", "Anna")
    ]
    assert [(found["slot"], found["count"]) for found in await _listed(hass)] == [(7, 2)]


async def _listed(hass: HomeAssistant) -> list[dict[str, Any]]:
    response = await hass.services.async_call(
        DOMAIN, "get_fingerprints", {}, blocking=True, return_response=True
    )
    assert response is not None
    found: Any = response["fingerprints"]
    return list(found)


async def test_the_slots_of_the_new_reader_are_not_those_of_the_names(
    hass: HomeAssistant, reader: FakeReader, other: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enrolled(hass, loaded, reader)
    other.stored = {5: new_id()}
    await replaced(hass, loaded)
    await async_until(hass, lambda: is_there(hass))
    moments = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    other.touch(other.stored[5], slot=5)
    await hass.async_block_till_done()
    assert [moment.data["type"] for moment in moments] == ["not_identified"]


async def test_an_enrollment_that_ran_at_the_former_reader_has_failed(
    hass: HomeAssistant, reader: FakeReader, other: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    reader.capture()
    await hass.async_block_till_done()
    moments = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    await replaced(hass, loaded)
    await async_until(hass, lambda: is_there(hass))
    await hass.async_block_till_done()
    assert [(moment.data["type"], moment.data["reason"]) for moment in moments] == [
        ("failed", "reader_restarted")
    ]
    # Whatever the former one makes of it now.
    reader.capture()
    reader.capture()
    await hass.async_block_till_done()
    assert await _listed(hass) == []
    assert other.heard_of("start") == []


async def test_the_former_reader_is_not_heard_any_more(
    hass: HomeAssistant, reader: FakeReader, other: FakeReader, loaded: MockConfigEntry
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    await replaced(hass, loaded)
    await async_until(hass, lambda: is_there(hass))
    moments = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    reader.touch(anna)
    reader.die()
    await hass.async_block_till_done()
    assert moments == []
    assert is_there(hass)


# What is refused


def configured(reader_id: str, hardware: str, **more: Any) -> MockConfigEntry:
    """Return the entry of another reader."""
    data = {CONF_READER_ID: reader_id, CONF_DEVICE: hardware, CONF_FEATURES: FEATURES}
    return MockConfigEntry(domain=DOMAIN, unique_id=hardware, data=data, **more)


@pytest.mark.parametrize(
    ("reader_id", "hardware"),
    [("garage", OTHER_DEVICE), (NEW_ID, "0242ac110003")],
    ids=["hardware", "reader id"],
)
@pytest.mark.parametrize("disabled_by", [None, ConfigEntryDisabler.USER])
async def test_what_another_entry_has_is_refused(
    hass: HomeAssistant,
    other: FakeReader,
    loaded: MockConfigEntry,
    reader_id: str,
    hardware: str,
    disabled_by: Any,
) -> None:
    configured(reader_id, hardware, disabled_by=disabled_by).add_to_hass(hass)
    result = await enter(hass, await begin(hass, loaded), NEW_ID)
    assert result["reason"] == "already_configured"
    assert_unchanged(loaded)
    assert loaded.state is ConfigEntryState.LOADED


async def test_what_another_entry_has_got_while_the_user_was_asked_is_refused(
    hass: HomeAssistant, other: FakeReader, loaded: MockConfigEntry
) -> None:
    form = await enter(hass, await begin(hass, loaded), NEW_ID)
    configured(NEW_ID, OTHER_DEVICE).add_to_hass(hass)
    assert (await enter(hass, form))["reason"] == "already_configured"
    assert_unchanged(loaded)


async def test_a_reader_that_was_ignored_can_take_the_place(
    hass: HomeAssistant, other: FakeReader, loaded: MockConfigEntry
) -> None:
    """And is not ignored any more: one reader is one entry."""
    MockConfigEntry(domain=DOMAIN, unique_id=OTHER_DEVICE, source=SOURCE_IGNORE).add_to_hass(hass)
    assert (await replaced(hass, loaded))["reason"] == "reconfigure_successful"
    assert hass.config_entries.async_entries(DOMAIN) == [loaded]
    assert loaded.unique_id == OTHER_DEVICE


async def test_an_id_that_nobody_answers_is_told_so_and_can_be_corrected(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    form = await begin(hass, loaded)
    with (
        patch("custom_components.biometric_enroll.follower.conversation.REPEAT_AFTER", 0.01),
        patch("custom_components.biometric_enroll.follower.conversation.ANSWER_WITHIN", 0.1),
    ):
        form = await enter(hass, form, NEW_ID)
    assert form["errors"] == {"base": "cannot_connect"}
    assert_unchanged(loaded)
    assert loaded.state is ConfigEntryState.LOADED
    reader.reader_id = NEW_ID
    assert (await enter(hass, form, NEW_ID))["reason"] == "reconfigure_successful"


@pytest.mark.parametrize("reader_id", ["", "Front", "a/b", "+", "a" * 65])
async def test_what_cannot_be_a_reader_id_is_told_so(
    hass: HomeAssistant, broker: FakeBroker, loaded: MockConfigEntry, reader_id: str
) -> None:
    form = await begin(hass, loaded)
    published = list(broker.published)
    form = await enter(hass, form, reader_id)
    assert form["errors"] == {CONF_READER_ID: "invalid_reader_id"}
    assert broker.published == published
    assert_unchanged(loaded)


async def test_without_mqtt_nothing_can_be_changed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert (await begin(hass, entry))["reason"] == "mqtt_unavailable"


async def test_a_broker_that_goes_while_the_form_is_open_ends_it(
    hass: HomeAssistant, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    form = await begin(hass, loaded)
    broker.set_connected(False)
    assert (await enter(hass, form, NEW_ID))["reason"] == "mqtt_unavailable"
    assert_unchanged(loaded)


async def test_an_entry_that_cannot_be_unloaded_is_not_changed(
    hass: HomeAssistant, other: FakeReader, loaded: MockConfigEntry
) -> None:
    with patch.object(hass.config_entries, "async_unload", return_value=False):
        result = await replaced(hass, loaded)
    assert result["reason"] == "not_unloaded"
    assert_unchanged(loaded)


# A reader of the first generation


async def test_a_first_generation_reader_is_replaced_by_one_of_today(
    hass: HomeAssistant, other: FakeReader
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Front door",
        unique_id="old_door",
        data={
            CONF_READER_ID: "old_door",
            CONF_DEVICE: "old_door",
            CONF_DIALECT: DIALECT_FIRST_GENERATION,
        },
        options={CONF_TRUST_TOUCHES: True},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    before = {
        entity.id
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }
    assert (await replaced(hass, entry))["reason"] == "reconfigure_successful"
    assert entry.data == {
        CONF_READER_ID: NEW_ID,
        CONF_DEVICE: OTHER_DEVICE,
        CONF_FEATURES: FEATURES,
    }
    assert (entry.unique_id, dict(entry.options)) == (OTHER_DEVICE, {})
    await async_until(hass, lambda: is_there(hass))
    after = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert before < {entity.id for entity in after}
    assert all(entity.unique_id.startswith(f"{OTHER_DEVICE}_") for entity in after)
    assert await hass.config_entries.async_unload(entry.entry_id)


# Discovery


async def test_a_reader_is_not_followed_to_an_id_that_another_entry_has(
    hass: HomeAssistant, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    """It was given the id of another one; that one's repair issue tells."""
    moved = configured("garage", OTHER_DEVICE)
    moved.add_to_hass(hass)
    stranger = FakeReader(broker, READER_ID, OTHER_DEVICE)
    stranger.announce()
    await hass.async_block_till_done(wait_background_tasks=False)
    assert moved.data[CONF_READER_ID] == "garage"
    assert hass.config_entries.flow.async_progress() == []
    assert_unchanged(loaded)
