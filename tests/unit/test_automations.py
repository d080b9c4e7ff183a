"""Automations with every kind of trigger: a door opens once for each live touch."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.core import CoreState, State
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    mock_restore_cache_with_extra_data,
)

from custom_components.biometric_enroll.const import EVENT_BIOMETRIC_ENROLL
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader

    type Opened = Callable[[], dict[str, int]]

ONCE = {"event state": 1, "event received": 1, "last identified": 1, "bus": 1, "attribute": 1}


def _automations(touch: str, last: str) -> list[dict[str, Any]]:
    identified = {
        "condition": "state",
        "entity_id": touch,
        "attribute": "event_type",
        "state": "identified",
    }
    return [
        {
            "alias": "event state",
            "triggers": {"trigger": "state", "entity_id": touch},
            "conditions": identified,
        },
        {
            "alias": "event received",
            "triggers": {
                "trigger": "event.received",
                "target": {"entity_id": touch},
                "options": {"event_type": ["identified"]},
            },
        },
        {
            "alias": "last identified",
            "triggers": {"trigger": "state", "entity_id": last, "to": "Anna"},
        },
        {
            "alias": "bus",
            "triggers": {
                "trigger": "event",
                "event_type": EVENT_BIOMETRIC_ENROLL,
                "event_data": {"type": "identified", "name": "Anna"},
            },
        },
        {
            "alias": "attribute",
            "triggers": {"trigger": "state", "entity_id": touch},
            "conditions": {**identified, "attribute": "name", "state": "Anna"},
        },
    ]


@pytest.fixture
async def anna(home: Home) -> str:
    """Return the template id of Anna's left thumb."""
    return await home.enrolled()


@pytest.fixture
async def opened(home: Home, anna: str) -> Opened:
    """Add an automation for each kind of trigger; return how often each has opened the door."""
    automations = _automations(
        home.entity_id("event", "touch"), home.entity_id("sensor", "last_identified")
    )
    for automation in automations:
        automation["actions"] = {"event": "opened", "event_data": {"by": automation["alias"]}}
        automation["mode"] = "queued"
    assert await async_setup_component(home.hass, "automation", {"automation": automations})
    await home.settle()
    events = async_capture_events(home.hass, "opened")
    return lambda: Counter(event.data["by"] for event in events)


async def test_a_live_touch_opens_once(
    home: Home, reader: FakeReader, anna: str, opened: Opened
) -> None:
    reader.touch(anna)
    await home.settle()
    assert opened() == ONCE


async def test_each_of_three_live_touches_opens_once(
    home: Home, reader: FakeReader, anna: str, opened: Opened
) -> None:
    for _ in range(3):
        reader.touch(anna)
        await home.settle()
    assert opened() == dict.fromkeys(ONCE, 3)


async def test_a_repeated_touch_opens_once(
    home: Home, reader: FakeReader, anna: str, opened: Opened
) -> None:
    touch = reader.touch(anna)
    reader.touch(anna, touch=touch)
    await home.settle()
    assert opened() == ONCE


@pytest.mark.parametrize(
    "changes", [{"age": 6}, {"age": -2}, {"boot": new_id()}, {"boot": None, "at_ms": None}]
)
async def test_a_late_touch_opens_nothing(
    home: Home, reader: FakeReader, anna: str, opened: Opened, changes: dict[str, Any]
) -> None:
    reader.touch(anna, **changes)
    await home.settle()
    assert opened() == {}


async def test_a_finger_without_a_name_opens_nothing(
    hass: HomeAssistant, reader: FakeReader, opened: Opened
) -> None:
    reader.touch(new_id())
    reader.touch()
    reader.touch(result="unreadable", reason="too_messy")
    await hass.async_block_till_done()
    assert opened() == {}


async def test_a_late_touch_after_a_live_one_opens_nothing_more(
    home: Home, reader: FakeReader, anna: str, opened: Opened
) -> None:
    reader.touch(anna)
    reader.touch(anna, age=60)
    await home.settle()
    assert opened() == ONCE


async def test_a_reload_opens_nothing(
    home: Home, reader: FakeReader, anna: str, opened: Opened
) -> None:
    reader.touch(anna)
    await home.settle()
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.until(lambda: home.available)
    assert opened() == ONCE


async def test_a_restart_opens_nothing(
    home: Home, reader: FakeReader, anna: str, opened: Opened, hass_storage: dict[str, Any]
) -> None:
    """Neither does the touch that the reader repeats because its acknowledgement was lost."""
    touch = reader.touch(anna)
    await home.settle()
    await home.restart()
    reader.touch(anna, touch=touch)
    await home.settle()
    assert opened() == ONCE


async def test_a_reader_that_goes_and_comes_opens_nothing(
    home: Home, reader: FakeReader, anna: str, opened: Opened
) -> None:
    reader.touch(anna)
    await home.settle()
    reader.die()
    reader.announce()
    await home.until(lambda: home.available)
    assert opened() == ONCE


async def test_a_broker_that_goes_and_comes_opens_nothing(
    home: Home, broker: FakeBroker, reader: FakeReader, anna: str, opened: Opened
) -> None:
    reader.touch(anna)
    await home.settle()
    broker.set_connected(False)
    broker.set_connected(True)
    await home.until(lambda: home.available)
    assert opened() == ONCE


async def test_after_coming_back_a_live_touch_opens_again(
    home: Home, broker: FakeBroker, reader: FakeReader, anna: str, opened: Opened
) -> None:
    """Otherwise the tests above could pass with a reader whose messages are not received."""
    broker.set_connected(False)
    broker.set_connected(True)
    await home.until(lambda: home.available)
    reader.touch(anna)
    await home.settle()
    assert opened() == ONCE


async def test_a_touch_of_the_last_run_is_not_restored(
    hass: HomeAssistant, home: Home, anna: str, opened: Opened
) -> None:
    """Home Assistant restores event entities after a restart; these must not be restored."""
    touch, last = (home.entity_id("event", "touch"), home.entity_id("sensor", "last_identified"))
    assert await home.unload()
    hass.set_state(CoreState.not_running)
    attributes = {"event_type": "identified", "name": "Anna"}
    extra = {"last_event_type": "identified", "last_event_attributes": {"name": "Anna"}}
    mock_restore_cache_with_extra_data(
        hass,
        (
            (State(touch, "2026-11-24T12:00:00.000+00:00", attributes), extra),
            (State(last, "Anna"), {"native_value": "Anna", "native_unit_of_measurement": None}),
        ),
    )
    hass.set_state(CoreState.running)
    assert await home.start()
    await home.until(lambda: home.available)
    restored = [hass.states.get(touch), hass.states.get(last)]
    assert [state and state.state for state in restored] == ["unknown", "unknown"]
    assert opened() == {}
