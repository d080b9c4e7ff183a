"""Handling of a touch: whose it is, whether it is live, and its acknowledgement."""

from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from homeassistant.core import callback
from homeassistant.helpers.event import async_track_state_change_event

from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from homeassistant.core import Event
    from pytest_homeassistant_custom_component.typing import MqttMockPahoClient

    from tests.support.home import Home
    from tests.support.reader import FakeReader


@pytest.fixture
async def anna(home: Home) -> str:
    """Return the template id of Anna's left thumb."""
    return await home.enrolled()


# Live


async def test_a_known_finger_is_identified(home: Home, reader: FakeReader, anna: str) -> None:
    reader.touch(anna)
    shown = home.state("event", "touch")
    wanted = {
        "event_type": "identified",
        "name": "Anna",
        "finger": "left_thumb",
        "person": None,
        "slot": 5,
        "template_id": anna,
        "confidence": 143,
        "reason": None,
        "count": 1,
    }
    assert wanted.items() <= dict(shown.attributes).items()


async def test_last_identified_shows_who_it_was(home: Home, reader: FakeReader, anna: str) -> None:
    assert home.state("sensor", "last_identified").state == "unknown"
    reader.touch(anna)
    shown = home.state("sensor", "last_identified")
    assert shown.state == "Anna"
    assert shown.attributes["finger"] == "left_thumb"


async def test_a_touch_is_on_the_event_bus(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    reader.touch(anna)
    await home.settle()
    [event] = reader_events
    wanted = {
        "type": "identified",
        "device_id": home.device_id,
        "reader_id": "front_door",
        "name": "Anna",
        "template_id": anna,
    }
    assert wanted.items() <= event.data.items()


async def test_the_same_finger_twice_is_two_touches(
    home: Home, reader: FakeReader, anna: str
) -> None:
    """An automation that waits for a change to her name must be triggered twice."""
    names: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        names.append(event.data["new_state"].state)

    async_track_state_change_event(home.hass, home.entity_id("sensor", "last_identified"), note)
    seen = home.event_types("touch")
    reader.touch(anna)
    reader.touch(anna)
    await home.settle()
    assert names == ["Anna", "unknown", "Anna"]
    assert seen == ["identified", "identified"]


async def test_a_template_without_a_name_is_not_identified(
    home: Home, reader: FakeReader, anna: str
) -> None:
    """The sensor has identified it, but Home Assistant has no name: nobody must be let in."""
    reader.touch(new_id())
    shown = home.state("event", "touch").attributes
    assert (shown["event_type"], shown["reason"]) == ("not_identified", "unknown_fingerprint")
    assert shown["name"] is None


async def test_a_slot_without_a_template_id_is_not_identified(
    home: Home, reader: FakeReader, anna: str
) -> None:
    """Anna is in slot 5, but only the template id counts; the slot may have been reused."""
    reader.touch(result="identified", slot=5, confidence=99)
    shown = home.state("event", "touch").attributes
    assert (shown["event_type"], shown["reason"]) == ("not_identified", "unknown_fingerprint")
    assert home.state("sensor", "last_identified").state == "unknown"


async def test_a_foreign_finger_is_not_identified(
    home: Home, reader: FakeReader, anna: str
) -> None:
    reader.touch()
    shown = home.state("event", "touch").attributes
    assert (shown["event_type"], shown["reason"]) == ("not_identified", "unknown_finger")


async def test_an_unreadable_touch_says_why_and_how_often(
    home: Home, reader: FakeReader, anna: str
) -> None:
    reader.touch(result="unreadable", reason="too_messy", count=17)
    shown = home.state("event", "touch").attributes
    assert shown["event_type"] == "unreadable"
    assert (shown["reason"], shown["count"]) == ("too_messy", 17)


@pytest.mark.parametrize("word", ["too_cold", "stranger"])
async def test_the_reason_of_an_unreadable_touch_of_a_newer_reader_is_shown_as_other(
    home: Home, reader: FakeReader, anna: str, word: str
) -> None:
    reader.touch(result="unreadable", reason=word)
    shown = home.state("event", "touch").attributes
    assert (shown["event_type"], shown["reason"]) == ("unreadable", f"other ({word})")


async def test_a_touch_in_spite_of_the_last_will_is_live(
    home: Home, reader: FakeReader, anna: str
) -> None:
    """The touch itself proves its age; a last will of an old session does not matter."""
    reader.die()
    reader.touch(anna)
    assert home.state("event", "touch").attributes["event_type"] == "identified"


async def test_a_live_touch_is_told_once_however_many_late_ones_come_before_its_repeat(
    home: Home, reader: FakeReader, anna: str
) -> None:
    """Whoever can publish can tell touches of before the last start, without end."""
    seen = home.event_types("touch")
    touch = reader.touch(anna)
    for _ in range(300):
        reader.touch(anna, boot=None, at_ms=None)
    reader.touch(anna, touch=touch)
    await home.settle()
    assert seen == ["identified"]


# Acknowledged


async def test_a_reported_touch_is_acknowledged(home: Home, reader: FakeReader, anna: str) -> None:
    touch = reader.touch(anna)
    await reader.until(lambda: reader.acked == [touch])


async def test_a_touch_is_saved_before_it_is_acknowledged(
    home: Home, reader: FakeReader, anna: str, hass_storage: dict[str, Any]
) -> None:
    """The reader deletes acknowledged touches; they must be on Home Assistant's disk by then."""
    saved: list[bool] = []
    on_request = reader.on_request

    def check(request: dict[str, Any]) -> None:
        if request.get("command") == "ack":
            delivery_log = hass_storage["biometric_enroll.marks"]["data"]
            saved.append(request["touch"] in delivery_log["a1b2c3d4e5f6"]["touches"])
        on_request(request)

    reader.on_request = check  # type: ignore[method-assign]
    reader.touch(anna)
    reader.touch()
    await reader.until(lambda: len(reader.acked) == 2)
    assert saved == [True, True]


async def test_a_repeated_touch_is_acknowledged_again_and_not_reported_again(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    """The acknowledgement was lost, so the reader repeats the touch; Anna came only once."""
    touch = reader.touch(anna)
    reader.touch(anna, touch=touch)
    await reader.until(lambda: reader.acked == [touch, touch])
    assert len(reader_events) == 1


async def test_an_acknowledgement_that_cannot_be_sent_is_sent_with_the_repeated_touch(
    home: Home, reader: FakeReader, anna: str, mqtt_client_mock: MqttMockPahoClient
) -> None:
    """The broker is lost between touch and acknowledgement; the reader will repeat the touch."""
    publish = mqtt_client_mock.publish.side_effect
    mqtt_client_mock.publish.side_effect = lambda *_: Mock(mid=1, rc=4)
    touch = reader.touch(anna)
    await home.settle()
    mqtt_client_mock.publish.side_effect = publish
    assert reader.acked == []
    reader.touch(anna, touch=touch)
    await reader.until(lambda: reader.acked == [touch])


async def test_the_last_256_touches_are_remembered(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    """As many as a reader's journal holds; without a limit the file would grow for ever."""
    touches = [reader.touch() for _ in range(257)]
    for touch in touches[1:]:
        reader.touch(touch=touch)
    await home.settle()
    assert len(reader_events) == 257
    reader.touch(touch=touches[0])
    await home.settle()
    assert len(reader_events) == 258
