"""A reader whose features have changed: its entities are updated, and nothing else happens."""

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

import custom_components.biometric_enroll as package
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
    EVENT_BIOMETRIC_ENROLL,
)
from tests.support.home import async_fails
from tests.support.reader import DEVICE, READER_ID, FakeReader
from tests.support.reader_publications import FEATURES

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.core import Event, HomeAssistant

    from tests.support.home import Home

OLD = ["led"]
"""The features of a firmware without settings and lists."""

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
    """Return a list to which the types of the events on the event bus are added."""
    found: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        found.append(event.data["type"])

    hass.bus.async_listen(EVENT_BIOMETRIC_ENROLL, note)
    return found


def registered(home: Home) -> set[str]:
    """Return platform and key of the entities that depend on a feature; they all have a state."""
    found = set()
    for each in er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id):
        key = f"{each.domain}_{each.unique_id.removeprefix(f'{DEVICE}_')}"
        if any(key in keys for keys in BY_FEATURE.values()):
            assert home.hass.states.get(each.entity_id) is not None
            found.add(key)
    return found


async def async_update_firmware(home: Home, features: list[str]) -> None:
    """Update the firmware of a reader, and wait until it is available again."""
    reader = home.reader
    if "led_color" in features:
        reader.settings["led_color"] = "blue"
    reader.identity["features"] = features
    reader.announce()
    await home.until(lambda: home.entry.data[CONF_FEATURES] == sorted(features))
    await home.settle()
    await home.until(lambda: home.available)
    await home.settle()


async def test_what_a_reader_cannot_do_any_more_goes_by_one_reload(
    home: Home, reader: FakeReader, reloads: Reloads
) -> None:
    assert registered(home) == BY_FEATURE["settings"]
    await async_update_firmware(home, OLD)
    assert registered(home) == set()
    assert reloads.count == 1


@pytest.mark.parametrize("feature", ["settings", "led_color"])
async def test_what_a_reader_can_do_now_comes_by_one_reload(
    new_home: Home, reader: FakeReader, reloads: Reloads, feature: str
) -> None:
    new_home.offer(OLD)
    reader.announce()
    assert await new_home.start()
    await new_home.until(lambda: new_home.available)
    assert registered(new_home) == set()
    features = sorted({*OLD, "settings", feature})
    await async_update_firmware(new_home, features)
    expected = BY_FEATURE["settings"] | BY_FEATURE[feature]
    assert registered(new_home) == expected
    assert reloads.count == 1


async def test_a_reader_that_says_the_same_again_is_not_reloaded(
    home: Home, reader: FakeReader, reloads: Reloads
) -> None:
    await async_update_firmware(home, OLD)
    for order in (OLD, ["led"], ["led", "led"]):
        reader.identity |= {"features": order, "firmware": f"0.{len(order)}.1"}
        for _ in range(2):
            greeted = len(reader.heard_of("hello"))
            reader.announce()
            await reader.hears("hello", greeted + 1)
            await home.settle()
    assert reloads.count == 1


async def test_features_that_nobody_knows_yet_do_no_harm(
    home: Home, reader: FakeReader, reloads: Reloads
) -> None:
    await async_update_firmware(home, [*FEATURES, "zoom"])
    assert registered(home) == BY_FEATURE["settings"]
    await home.look()
    assert reloads.count == 1


async def test_an_entry_of_an_earlier_version_learns_what_its_reader_can_do(
    new_home: Home, reader: FakeReader, reloads: Reloads
) -> None:
    data = {CONF_READER_ID: READER_ID, CONF_DEVICE: DEVICE}
    new_home.hass.config_entries.async_update_entry(new_home.entry, data=data)
    reader.announce()
    await new_home.set_up()
    await new_home.until(lambda: new_home.entry.data.get(CONF_FEATURES) == FEATURES)
    await new_home.settle()
    await new_home.until(lambda: new_home.available)
    assert registered(new_home) == BY_FEATURE["settings"]
    assert reloads.count == 1


async def test_a_reader_that_is_away_at_the_start_has_its_entities(
    new_home: Home, reader: FakeReader
) -> None:
    reader.silent = True
    assert await new_home.start()
    await new_home.settle()
    assert registered(new_home) == BY_FEATURE["settings"]
    assert new_home.state("switch", "identification").state == "unavailable"
    assert new_home.state("select", "security_level").state == "unavailable"
    reader.announce()
    await new_home.until(lambda: new_home.available)
    assert new_home.state("switch", "identification").state == "on"
    assert new_home.state("select", "security_level").state == "3"


# Another sensor, while the reader runs


R503 = {"sensor": "R503", "max_scans": 7, "features": sorted([*FEATURES, "led_color"])}
R307 = {"sensor": "R307", "max_scans": 3, "features": FEATURES}


async def async_swap_sensor(home: Home, sensor: dict[str, Any]) -> None:
    """Have the reader learn that it has this sensor, and wait until all that follows is done."""
    reader = home.reader
    reader.identity |= sensor
    reader.settings.pop("led_color", None)
    if "led_color" in sensor["features"]:
        reader.settings["led_color"] = "blue"
    reader.say("status", {"online": True, **reader.identity}, retain=True)
    await home.until(lambda: home.entry.data[CONF_FEATURES] == sensor["features"])
    await home.settle()
    await home.until(lambda: home.available)
    await home.settle()


def model(home: Home) -> str | None:
    """Return the model that the page of the device shows."""
    device = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, DEVICE), home.entry.entry_id
    )
    assert device is not None
    return device.model


async def test_a_sensor_that_the_reader_learns_of_while_it_runs_is_followed(
    home: Home, reader: FakeReader, reloads: Reloads
) -> None:
    assert model(home) == "R307"
    assert await async_fails(home.enroll(scans=7)) == "too_many_scans"
    await async_swap_sensor(home, R503)
    assert model(home) == "R503"
    assert home.state("select", "led_color").state == "blue"
    await home.enroll(scans=7)
    reader.capture(7)
    await home.settle()
    assert home.stage == "completed"

    await async_swap_sensor(home, R307)
    assert model(home) == "R307"
    assert registered(home) == BY_FEATURE["settings"]
    assert await async_fails(home.enroll(scans=7)) == "too_many_scans"
    assert [each["name"] for each in await home.fingerprints()] == ["Anna"]
    assert reloads.count == 2


async def test_a_sensor_of_another_model_that_can_do_the_same_needs_no_reload(
    home: Home, reader: FakeReader, reloads: Reloads
) -> None:
    greeted = len(reader.heard_of("hello"))
    reader.identity["sensor"] = "AS608"
    reader.say("status", {"online": True, **reader.identity}, retain=True)
    await reader.hears("hello", greeted + 1)
    await home.settle()
    assert model(home) == "AS608"
    assert reloads.count == 0


async def test_what_a_user_made_of_an_entity_is_there_again_with_its_sensor(
    home: Home, reader: FakeReader
) -> None:
    """A reader that looks for its sensor anew may not know for a moment what it can do."""
    await async_swap_sensor(home, R503)
    entities = er.async_get(home.hass)
    before = home.entity_id("select", "led_color")
    entities.async_update_entity(before, new_entity_id="select.ring", name="Ring")
    await async_swap_sensor(home, R307)
    assert home.find_entity_id("select", "led_color") is None
    await async_swap_sensor(home, R503)
    assert home.entity_id("select", "led_color") == "select.ring"
    assert home.state("select", "led_color").name.endswith("Ring")


# What the reload must not do


@pytest.mark.parametrize("features", [OLD, [*FEATURES, "led_color"]], ids=["less", "more"])
async def test_earlier_events_are_not_reported_again(
    home: Home, reader: FakeReader, told: list[str], features: list[str]
) -> None:
    anna = await home.enrolled()
    touch = reader.touch(anna)
    await home.settle()
    before = list(told)
    assert before[-2:] == ["completed", "identified"]
    await async_update_firmware(home, features)
    reader.touch(anna, touch=touch)
    await home.settle()
    assert told == before
    assert home.state("event", "touch").state == "unknown"
    assert home.state("sensor", "last_identified").state == "unknown"
    assert [each["name"] for each in await home.fingerprints()] == ["Anna"]


async def test_a_touch_right_after_the_announcement_is_reported_once(
    home: Home, reader: FakeReader, told: list[str]
) -> None:
    anna = await home.enrolled()
    told.clear()
    answer = reader.on_request
    touches: list[str] = []

    def with_touch(request: dict[str, Any]) -> None:
        answer(request)
        if request.get("command") == "hello" and not touches:
            touches.append(reader.touch(anna))

    with patch.object(reader, "on_request", with_touch):
        await async_update_firmware(home, [*FEATURES, "led_color"])
    assert told == ["identified"]
    # The reader has got no acknowledgement, and repeats the touch.
    reader.touch(anna, touch=touches[0])
    await home.settle()
    assert told == ["identified"]


async def test_an_enrollment_goes_on_over_the_reload_and_each_scan_is_reported_once(
    home: Home, reader: FakeReader, told: list[str]
) -> None:
    await home.enroll()
    reader.capture()
    await async_update_firmware(home, [*FEATURES, "led_color"])
    assert home.stage == "place_finger"
    assert home.state("sensor", "enrollment").attributes["name"] == "Anna"
    reader.capture(2)
    await home.settle()
    assert told == ["started", *["scan_captured"] * 3, "completed"]
    assert [each["name"] for each in await home.fingerprints()] == ["Anna"]


async def test_an_action_during_the_reload_succeeds(home: Home, reader: FakeReader) -> None:
    """The reload waits for the hello that has reported the features."""
    reader.identity["features"] = [*FEATURES, "led_color"]
    coordinator = home.entry.runtime_data
    await coordinator.client.async_look()
    assert coordinator.data.identity.features == {*FEATURES, "led_color"}
    await home.settle()
    await home.until(lambda: home.available)
