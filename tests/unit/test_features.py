"""What a reader can do decides which entities it has."""

from typing import TYPE_CHECKING

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.biometric_enroll.const import CONF_FEATURES, EVENT_BIOMETRIC_ENROLL
from tests.unit.fake_reader import FEATURES, FakeReader
from tests.unit.helpers import async_enrolled, async_set_up, async_until, available, state

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry


def keys(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return what the entities of a reader are about."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {entity.unique_id.partition("_")[2] for entity in entities}


async def reloaded(hass: HomeAssistant, reader: FakeReader, hellos: int) -> None:
    """Wait until the reload is over that a hello brings."""
    await reader.hears("hello", hellos)
    await hass.async_block_till_done()
    await async_until(hass, lambda: available(hass))


async def test_a_new_firmware_brings_its_entities_and_takes_none_away(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_FEATURES: ["led"]})
    reader.identity |= {"features": ["led"]}
    await async_set_up(hass, reader, entry)
    before = keys(hass, entry)
    assert not before & {"identification", "security_level", "led_color"}

    reader.identity |= {"features": [*FEATURES, "led_color"], "sensor": "R503"}
    reader.settings |= {"led_color": "off"}
    hellos = len(reader.heard_of("hello"))
    reader.announce()
    await reloaded(hass, reader, hellos + 2)
    assert keys(hass, entry) - before == {"identification", "security_level", "led_color"}
    assert before <= keys(hass, entry)
    assert entry.data[CONF_FEATURES] == sorted([*FEATURES, "led_color"])
    assert state(hass, "select", "led_color").state == "off"


async def test_what_a_reader_cannot_do_any_more_is_gone(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    assert "identification" in keys(hass, loaded)
    reader.identity |= {"features": ["led"]}
    hellos = len(reader.heard_of("hello"))
    reader.announce()
    await reloaded(hass, reader, hellos + 2)
    assert not keys(hass, loaded) & {"identification", "security_level"}


async def test_the_reload_that_a_change_brings_repeats_nothing(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    template_id = await async_enrolled(hass, loaded, reader)
    touch = reader.touch(template_id)
    await hass.async_block_till_done()
    told = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    reader.identity |= {"features": [*FEATURES, "blue"]}
    hellos = len(reader.heard_of("hello"))
    reader.announce()
    await reloaded(hass, reader, hellos + 2)
    reader.touch(template_id, touch=touch)
    await hass.async_block_till_done()
    assert told == []


async def test_a_reader_that_says_the_same_again_causes_no_reload(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    runtime = loaded.runtime_data
    for _ in range(3):
        hellos = len(reader.heard_of("hello"))
        reader.announce()
        await reader.hears("hello", hellos + 1)
        await hass.async_block_till_done()
    assert loaded.state is ConfigEntryState.LOADED
    assert loaded.runtime_data is runtime


@pytest.mark.parametrize(
    "platform_key", [("switch", "identification"), ("select", "security_level")]
)
async def test_a_reader_that_is_away_at_the_start_has_its_entities_all_the_same(
    hass: HomeAssistant,
    reader: FakeReader,
    entry: MockConfigEntry,
    impatient: None,
    platform_key: tuple[str, str],
) -> None:
    reader.silent = True
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, *platform_key).state == "unavailable"
