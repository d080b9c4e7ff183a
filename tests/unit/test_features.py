"""A reader that can do more or less than before: its entities follow, and nothing else happens."""

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.biometric_enroll as package
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
    EVENT_BIOMETRIC_ENROLL,
)
from tests.support.home import (
    async_enroll,
    async_enrolled,
    async_fingerprints,
    async_until,
    available,
    state,
)
from tests.support.reader import DEVICE, FEATURES, READER_ID, FakeReader

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.core import Event, HomeAssistant

OLD = ["led"]
"""What a firmware before settings and lists could do."""

BY_FEATURE = {
    "settings": {"switch_identification", "select_security_level"},
    "led_color": {"select_led_color"},
}


class Reloads:
    """How often the entry was unloaded."""

    def __init__(self) -> None:
        self.count = 0


@pytest.fixture
def reloads() -> Generator[Reloads]:
    """Count how often the entry is unloaded."""
    found, unload = Reloads(), package.async_unload_entry

    async def counted(*args: Any) -> bool:
        found.count += 1
        return await unload(*args)

    with patch.object(package, "async_unload_entry", counted):
        yield found


@pytest.fixture
def told(hass: HomeAssistant) -> list[str]:
    """Return what is told on the event bus, as it comes."""
    found: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        found.append(event.data["type"])

    hass.bus.async_listen(EVENT_BIOMETRIC_ENROLL, note)
    return found


def registered(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return platform and key of the entities that depend on a feature; they all have a state."""
    found = set()
    for each in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        key = f"{each.domain}_{each.unique_id.removeprefix(f'{DEVICE}_')}"
        if any(key in keys for keys in BY_FEATURE.values()):
            assert hass.states.get(each.entity_id) is not None
            found.add(key)
    return found


async def async_update_firmware(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry, features: list[str]
) -> None:
    """Give a reader another firmware, and wait until it has announced itself and is there."""
    if "led_color" in features:
        reader.settings["led_color"] = "blue"
    reader.identity["features"] = features
    reader.announce()
    await async_until(hass, lambda: entry.data[CONF_FEATURES] == sorted(features))
    await hass.async_block_till_done()
    await async_until(hass, lambda: available(hass))
    await hass.async_block_till_done()


async def test_what_a_reader_cannot_do_any_more_goes_by_one_reload(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, reloads: Reloads
) -> None:
    assert registered(hass, loaded) == BY_FEATURE["settings"]
    await async_update_firmware(hass, reader, loaded, OLD)
    assert registered(hass, loaded) == set()
    assert reloads.count == 1


@pytest.mark.parametrize("feature", ["settings", "led_color"])
async def test_what_a_reader_can_do_now_comes_by_one_reload(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry, reloads: Reloads, feature: str
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_FEATURES: OLD})
    reader.identity["features"] = OLD
    reader.announce()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await async_until(hass, lambda: available(hass))
    assert registered(hass, entry) == set()
    features = sorted({*OLD, "settings", feature})
    await async_update_firmware(hass, reader, entry, features)
    expected = BY_FEATURE["settings"] | BY_FEATURE[feature]
    assert registered(hass, entry) == expected
    assert reloads.count == 1


async def test_a_reader_that_says_the_same_again_is_not_reloaded(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, reloads: Reloads
) -> None:
    await async_update_firmware(hass, reader, loaded, OLD)
    for order in (OLD, ["led"], ["led", "led"]):
        reader.identity |= {"features": order, "firmware": f"0.{len(order)}.1"}
        for _ in range(2):
            greeted = len(reader.heard_of("hello"))
            reader.announce()
            await reader.hears("hello", greeted + 1)
            await hass.async_block_till_done()
    assert reloads.count == 1


async def test_features_that_nobody_knows_yet_do_no_harm(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, reloads: Reloads
) -> None:
    await async_update_firmware(hass, reader, loaded, [*FEATURES, "zoom"])
    assert registered(hass, loaded) == BY_FEATURE["settings"]
    await loaded.runtime_data.async_refresh()
    await hass.async_block_till_done()
    assert reloads.count == 1


async def test_an_entry_of_an_earlier_version_learns_what_its_reader_can_do(
    hass: HomeAssistant, reader: FakeReader, reloads: Reloads
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Front door",
        unique_id=DEVICE,
        data={CONF_READER_ID: READER_ID, CONF_DEVICE: DEVICE},
    )
    entry.add_to_hass(hass)
    reader.announce()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await async_until(hass, lambda: entry.data.get(CONF_FEATURES) == FEATURES)
    await hass.async_block_till_done()
    await async_until(hass, lambda: available(hass))
    assert registered(hass, entry) == BY_FEATURE["settings"]
    assert reloads.count == 1
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_reader_that_is_away_at_the_start_has_its_entities(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry
) -> None:
    reader.silent = True
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert registered(hass, entry) == BY_FEATURE["settings"]
    assert state(hass, "switch", "identification").state == "unavailable"
    assert state(hass, "select", "security_level").state == "unavailable"
    reader.announce()
    await async_until(hass, lambda: available(hass))
    assert state(hass, "switch", "identification").state == "on"
    assert state(hass, "select", "security_level").state == "3"


# What the reload must not do


@pytest.mark.parametrize("features", [OLD, [*FEATURES, "led_color"]], ids=["less", "more"])
async def test_what_was_told_before_is_not_told_again(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    told: list[str],
    features: list[str],
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    touch = reader.touch(anna)
    await hass.async_block_till_done()
    before = list(told)
    assert before[-2:] == ["completed", "identified"]
    await async_update_firmware(hass, reader, loaded, features)
    reader.touch(anna, touch=touch)
    await hass.async_block_till_done()
    assert told == before
    assert state(hass, "event", "touch").state == "unknown"
    assert state(hass, "sensor", "last_identified").state == "unknown"
    assert [each["name"] for each in await async_fingerprints(hass, loaded)] == ["Anna"]


async def test_a_touch_right_behind_the_news_is_told_once(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, told: list[str]
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    told.clear()
    answer = reader.on_request
    touches: list[str] = []

    def with_touch(request: dict[str, Any]) -> None:
        answer(request)
        if request.get("command") == "hello" and not touches:
            touches.append(reader.touch(anna))

    with patch.object(reader, "on_request", with_touch):
        await async_update_firmware(hass, reader, loaded, [*FEATURES, "led_color"])
    assert told == ["identified"]
    # The reader has not heard whether it was saved, and tells it again.
    reader.touch(anna, touch=touches[0])
    await hass.async_block_till_done()
    assert told == ["identified"]


async def test_an_enrollment_goes_on_over_the_reload_and_each_scan_is_told_once(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, told: list[str]
) -> None:
    await async_enroll(hass, loaded)
    reader.capture()
    await async_update_firmware(hass, reader, loaded, [*FEATURES, "led_color"])
    assert state(hass, "sensor", "enrollment").state == "place_finger"
    assert state(hass, "sensor", "enrollment").attributes["name"] == "Anna"
    reader.capture()
    reader.capture()
    await hass.async_block_till_done()
    assert told == ["started", *["scan_captured"] * 3, "completed"]
    assert [each["name"] for each in await async_fingerprints(hass, loaded)] == ["Anna"]


async def test_who_asks_for_something_as_the_news_come_gets_it(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """The reload lets the hello end that has brought the news."""
    reader.identity["features"] = [*FEATURES, "led_color"]
    coordinator = loaded.runtime_data
    await coordinator.client.async_look()
    assert coordinator.data.identity.features == {*FEATURES, "led_color"}
    await hass.async_block_till_done()
    await async_until(hass, lambda: available(hass))
