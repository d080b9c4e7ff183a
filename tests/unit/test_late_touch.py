"""Touches that are not provably live are reported as late, and open nothing."""

from typing import TYPE_CHECKING, Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.biometric_enroll.const import EVENT_BIOMETRIC_ENROLL
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from homeassistant.core import Event

    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader


LATE = {
    "older than five seconds": {"age": 5.5},
    "further in the future than any clock drifts": {"age": -1.0},
    "from before the reader's last start": {"boot": None, "at_ms": None},
}


@pytest.mark.parametrize("changes", LATE.values(), ids=LATE.keys())
async def test_a_touch_that_is_not_provably_live_is_late(
    home: Home,
    reader: FakeReader,
    anna: str,
    reader_events: list[Event[dict[str, Any]]],
    changes: dict[str, Any],
) -> None:
    touch = reader.touch(anna, **changes)
    await reader.until(lambda: reader.acked == [touch])
    assert home.state("event", "touch").state == "unknown"
    assert home.state("sensor", "last_identified").state == "unknown"
    assert home.state("event", "late_touch").attributes["event_type"] == "identified"
    assert [event.data["type"] for event in reader_events] == ["late_identified"]


async def test_a_late_touch_names_nobody_in_the_live_entities(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    """An automation that opens for `name: Anna` must not be triggered by another entity."""
    reader.touch(anna, age=60)
    await home.settle()
    shown = home.state("event", "late_touch").attributes
    assert shown["late_name"] == "Anna"
    assert shown["late_finger"] == "left_thumb"
    assert {"name", "finger", "person"}.isdisjoint(shown)
    assert {"name", "finger", "person"}.isdisjoint(reader_events[0].data)


async def test_a_late_touch_has_its_age(home: Home, reader: FakeReader, anna: str) -> None:
    reader.touch(anna, age=60)
    shown = home.state("event", "late_touch").attributes
    assert shown["age"] == pytest.approx(60, abs=1)
    assert shown["touched_at"] is not None


async def test_a_late_touch_of_unknown_age_has_the_age_none(
    home: Home, reader: FakeReader, anna: str
) -> None:
    reader.touch(anna, boot=None, at_ms=None)
    shown = home.state("event", "late_touch").attributes
    assert (shown["age"], shown["touched_at"]) == (None, None)


async def test_a_retained_touch_is_dropped(
    home: Home,
    broker: FakeBroker,
    reader: FakeReader,
    anna: str,
    reader_events: list[Event[dict[str, Any]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Readers retain none; a retained one would open the door at every restart."""
    message = {
        "touch": new_id(),
        "boot": reader.boot,
        "at_ms": reader.uptime_ms,
        "result": "identified",
        "slot": 5,
        "template_id": anna,
        "confidence": 143,
        "reason": None,
        "count": 1,
    }
    broker.set_connected(False)
    reader.say("fingerprint", message, retain=True)
    broker.set_connected(True)
    await home.until(lambda: home.available)
    assert "a touch is never retained" in caplog.text
    assert reader_events == []


async def test_a_touch_from_before_a_restart_is_not_reported_again(
    home: Home,
    reader: FakeReader,
    anna: str,
    reader_events: list[Event[dict[str, Any]]],
    hass_storage: dict[str, Any],
) -> None:
    touch = reader.touch(anna)
    await reader.until(lambda: reader.acked == [touch])
    await home.restart()
    reader.touch(anna, touch=touch)
    await reader.until(lambda: reader.acked == [touch, touch])
    assert len(reader_events) == 1


async def test_a_touch_while_home_assistant_was_away_is_handed_over_late(
    home: Home, reader: FakeReader, anna: str, hass_storage: dict[str, Any]
) -> None:
    """It was made before this run has loaded what the run before had reported."""
    touched_at = reader.uptime_ms
    await home.restart()
    reader.touch(anna, at_ms=touched_at)
    assert home.state("event", "touch").state == "unknown"
    assert home.state("event", "late_touch").attributes["late_name"] == "Anna"


async def test_a_finger_is_known_after_a_restart(
    home: Home, reader: FakeReader, anna: str, hass_storage: dict[str, Any]
) -> None:
    await home.restart()
    reader.touch(anna)
    assert home.state("event", "touch").attributes["name"] == "Anna"


async def test_a_finger_of_another_reader_is_unknown_here(
    home: Home, reader: FakeReader, anna: str
) -> None:
    """A template id belongs to the reader that stored it; this reader cannot have it."""
    home.hass.config_entries.async_update_entry(
        home.entry, data={**home.entry.data, "device": "0242ac110002"}
    )
    assert await home.unload()
    reader.identity["device"] = "0242ac110002"
    await home.set_up()
    reader_events = async_capture_events(home.hass, EVENT_BIOMETRIC_ENROLL)
    reader.touch(anna)
    await home.settle()
    assert [event.data["type"] for event in reader_events] == ["not_identified"]
