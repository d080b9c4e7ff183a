"""A reader gets another id, or another reader takes its place: what hangs on it stays."""

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll import probe
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_MIN_CONFIDENCE,
    CONF_READER_ID,
    DOMAIN,
)
from tests.unit.fake_reader import DEVICE, READER_ID, FakeReader
from tests.unit.helpers import async_enroll, async_enrolled, async_until

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

    from tests.unit.fake_broker import FakeBroker

OTHER = "0000ffffffff"


@pytest.fixture(autouse=True)
def listening_is_short() -> Any:
    """Listen no longer than the fake broker needs to replay."""
    with patch.object(probe, "LISTEN_SUBSCRIBED", 0.02):
        yield


async def reconfigure(
    hass: HomeAssistant, entry: MockConfigEntry, reader_id: str
) -> ConfigFlowResult:
    """Open the form as a user does, and enter a reader id."""
    flow = await entry.start_reconfigure_flow(hass)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "reconfigure")
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_READER_ID: reader_id}
    )
    await hass.async_block_till_done()
    return result


def registered(hass: HomeAssistant, entry: MockConfigEntry) -> tuple[set[str], dict[str, str]]:
    """Return the devices of an entry, and what its entity ids hang on."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {device.id for device in devices}, {each.entity_id: each.id for each in entities}


async def hellos(hass: HomeAssistant, reader: FakeReader) -> None:
    """Wait until the new run has greeted the reader, after the form did."""
    await reader.until(lambda: reader.heard_of("hello")[-1]["request"] == reader.greeted)
    await async_until(
        hass, lambda: hass.states.is_state("binary_sensor.front_door_connectivity", "on")
    )
    await hass.async_block_till_done()


async def touched(hass: HomeAssistant, reader: FakeReader, template_id: str) -> str | None:
    """Touch a reader; return the name that is told."""
    reader.touch(template_id)
    await hass.async_block_till_done()
    state = hass.states.get("event.front_door_touch")
    assert state is not None
    return state.attributes.get("name")


async def test_a_reader_with_another_id_goes_on_as_the_same(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    template_id = await async_enrolled(hass, loaded, reader)
    before = registered(hass, loaded)
    hass.config_entries.async_update_entry(loaded, options={CONF_MIN_CONFIDENCE: 50})
    reader.reader_id = "back_door"
    reader.announce()
    result = await reconfigure(hass, loaded, "back_door")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert (loaded.data[CONF_READER_ID], loaded.unique_id) == ("back_door", DEVICE)
    assert loaded.options == {CONF_MIN_CONFIDENCE: 50}
    assert registered(hass, loaded) == before
    await hellos(hass, reader)
    assert await touched(hass, reader, template_id) == "Anna"


async def test_nothing_is_heard_under_the_former_id(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    template_id = await async_enrolled(hass, loaded, reader)
    reader.reader_id = "back_door"
    await reconfigure(hass, loaded, "back_door")
    reader.reader_id = READER_ID
    assert await touched(hass, reader, template_id) is None


async def test_another_reader_takes_the_place_only_when_the_user_says_so(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enrolled(hass, loaded, reader)
    before = registered(hass, loaded)
    new = FakeReader(broker, "new_one", OTHER)
    new.announce()
    result = await reconfigure(hass, loaded, "new_one")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "replace")
    assert result["description_placeholders"] == {
        "reader": "Front door",
        "expected": DEVICE,
        "found": OTHER,
    }
    assert loaded.data[CONF_DEVICE] == DEVICE

    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert (loaded.data[CONF_READER_ID], loaded.data[CONF_DEVICE]) == ("new_one", OTHER)
    assert loaded.unique_id == OTHER
    assert registered(hass, loaded) == before
    assert hass.states.get("event.front_door_touch") is not None


async def test_an_enrollment_that_ran_on_the_former_reader_ends(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    reader.capture()
    reader.silent = True
    new = FakeReader(broker, "new_one", OTHER)
    new.announce()
    result = await reconfigure(hass, loaded, "new_one")
    await hass.config_entries.flow.async_configure(result["flow_id"], {})
    await new.hears("hello", 2)
    await hass.async_block_till_done()
    state = hass.states.get("sensor.front_door_enrollment")
    assert state is not None
    assert (state.state, state.attributes["reason"]) == ("failed", "reader_restarted")


async def test_what_the_new_reader_was_known_for_is_not_lost(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """It was set up before, and removed: its names and its touches are its own."""
    template_id = await async_enrolled(hass, loaded, reader)
    touch = reader.touch(template_id)
    await hass.async_block_till_done()
    await hass.config_entries.async_remove(loaded.entry_id)
    other = MockConfigEntry(
        domain=DOMAIN,
        title="Front door",
        unique_id=OTHER,
        data={CONF_READER_ID: "other", CONF_DEVICE: OTHER},
    )
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    result = await reconfigure(hass, other, READER_ID)
    await hass.config_entries.flow.async_configure(result["flow_id"], {})
    await hellos(hass, reader)
    reader.touch(template_id, touch=touch)
    await hass.async_block_till_done()
    state = hass.states.get("event.front_door_touch")
    assert state is not None
    # A touch that was told before is not told again.
    assert state.attributes.get("name") is None
    assert await touched(hass, reader, template_id) == "Anna"
    await hass.config_entries.async_unload(other.entry_id)


@pytest.mark.parametrize(
    ("unique_id", "reader_id"), [(OTHER, "somewhere"), ("1111ffffffff", "new_one")]
)
async def test_a_reader_or_an_id_that_is_set_up_already_is_refused(
    hass: HomeAssistant,
    broker: FakeBroker,
    loaded: MockConfigEntry,
    unique_id: str,
    reader_id: str,
) -> None:
    MockConfigEntry(
        domain=DOMAIN,
        unique_id=unique_id,
        data={CONF_READER_ID: reader_id, CONF_DEVICE: unique_id},
    ).add_to_hass(hass)
    FakeReader(broker, "new_one", OTHER).announce()
    result = await reconfigure(hass, loaded, "new_one")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert loaded.data[CONF_DEVICE] == DEVICE


async def test_a_reader_that_is_ignored_can_take_the_place(
    hass: HomeAssistant, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id=OTHER, source=SOURCE_IGNORE).add_to_hass(hass)
    FakeReader(broker, "new_one", OTHER).announce()
    result = await reconfigure(hass, loaded, "new_one")
    assert result["step_id"] == "replace"


async def test_an_id_that_cannot_be_one_or_that_nobody_answers_to_is_an_error_in_the_form(
    hass: HomeAssistant, loaded: MockConfigEntry, impatient: None
) -> None:
    result = await reconfigure(hass, loaded, "Front door")
    assert result["errors"] == {CONF_READER_ID: "invalid_reader_id"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {CONF_READER_ID: "nobody"}
    )
    assert result["errors"] == {"base": "cannot_connect"}
    assert loaded.data[CONF_READER_ID] == READER_ID


async def test_an_entry_that_is_not_loaded_can_be_given_another_id(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry
) -> None:
    reader.reader_id = "back_door"
    result = await reconfigure(hass, entry, "back_door")
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_READER_ID] == "back_door"
