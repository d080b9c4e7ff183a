"""Another device under the id of the reader: what it tells opens nothing, and names nobody."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from custom_components.biometric_enroll.const import DOMAIN
from custom_components.biometric_enroll.issues import ISSUE_OTHER_DEVICE
from tests.support.home import OTHER_DEVICE
from tests.support.reader import READER_ID, FakeReader
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from homeassistant.core import Event

    from tests.support.broker import FakeBroker
    from tests.support.home import Home

MALFORMED = json.loads((Path(__file__).parents[1] / "wire/malformed.json").read_text())


@pytest.fixture
async def stranger(broker: FakeBroker, home: Home) -> FakeReader:
    """Return another device with the id of the reader, which has not spoken yet."""
    return FakeReader(broker, READER_ID, OTHER_DEVICE)


def _told(event: Event[dict[str, Any]]) -> tuple[Any, ...]:
    data = event.data
    return data["type"], data["reason"], data.get("name"), data.get("late_name")


async def test_its_touch_with_one_of_our_template_ids_is_late_and_names_nobody(
    home: Home,
    reader: FakeReader,
    stranger: FakeReader,
    anna: str,
    reader_events: list[Event[dict[str, Any]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It was live, and opened the door, as long as a touch named a hello that anybody hears."""
    touch = stranger.touch(anna)
    await home.settle()
    assert [_told(event) for event in reader_events] == [
        ("late_not_identified", "stranger", None, None)
    ]
    assert home.state("event", "touch").state == "unknown"
    assert home.state("sensor", "last_identified").state == "unknown"
    assert reader.acked == stranger.acked == []
    assert home.entry.runtime_data.client.model.delivered.uses == {}
    # Told once, however often it comes, and without another hello for that boot.
    said = len(reader.heard_of("hello"))
    stranger.touch(anna, touch=touch)
    stranger.touch(anna)
    await home.settle()
    assert len(reader_events) == 2
    assert len(reader.heard_of("hello")) == said
    assert caplog.text.count("Did not believe a message on biometric/front_door/fingerprint") == 1


async def test_where_only_the_stranger_answers_its_touch_is_late(
    home: Home,
    reader: FakeReader,
    stranger: FakeReader,
    anna: str,
    reader_events: list[Event[dict[str, Any]]],
) -> None:
    reader.silent = True
    stranger.touch(anna)
    await home.settle()
    assert [_told(event) for event in reader_events] == [
        ("late_not_identified", "stranger", None, None)
    ]


async def test_its_status_and_touches_change_nothing_for_our_reader(
    home: Home,
    reader: FakeReader,
    stranger: FakeReader,
    anna: str,
    reader_events: list[Event[dict[str, Any]]],
) -> None:
    touch = new_id()
    stranger.announce()
    stranger.touch(anna, touch=touch)
    await home.settle()
    issues = ir.async_get(home.hass)
    assert issues.async_get_issue(DOMAIN, f"{ISSUE_OTHER_DEVICE}_{home.entry.entry_id}")
    # Also not for a touch of ours whose id the stranger has used.
    reader.touch(anna, touch=touch)
    await home.settle()
    assert [_told(event) for event in reader_events][1:] == [("identified", None, "Anna", None)]
    await reader.until(lambda: touch in reader.acked)


async def test_its_status_causes_one_hello_a_minute_at_most(
    home: Home, reader: FakeReader, stranger: FakeReader
) -> None:
    said = len(reader.heard_of("hello"))
    stranger.announce()
    await reader.hears("hello", said + 1)
    for _ in range(5):
        stranger.announce()
        await home.settle()
    # After whatever else is to be said.
    await home.look()
    assert len(reader.heard_of("hello")) == said + 2


async def test_a_boot_that_our_reader_tells_later_is_no_stranger(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    """Messages of two connections can overtake each other."""
    boot, reader.boot = reader.boot, new_id()
    later, reader.boot = reader.boot, boot
    said = len(reader.heard_of("hello"))
    touch = reader.touch(anna, boot=later)
    await reader.hears("hello", said + 1)
    await home.settle()
    reader.boot = later
    await home.look()
    reader.touch(anna, touch=touch)
    await reader.until(lambda: reader.acked == [touch])
    assert [event.data["type"] for event in reader_events] == ["late_not_identified", "identified"]


async def test_an_action_that_the_stranger_answers_names_it(
    home: Home, reader: FakeReader, stranger: FakeReader
) -> None:
    """It said that the request came too late, and to check the connection."""
    stranger.announce()
    await home.settle()
    stranger.refuses["start"] = "stale"
    reader.deaf.add("start")
    with pytest.raises(HomeAssistantError) as error:
        await home.enroll()
    assert error.value.translation_key == "other_device_answers"
    assert OTHER_DEVICE in str(error.value.translation_placeholders)


@pytest.mark.usefixtures("impatient")
async def test_an_action_whose_reader_was_replaced_names_the_stranger(
    home: Home, reader: FakeReader, stranger: FakeReader
) -> None:
    reader.silent = True
    stranger.announce()
    with pytest.raises(HomeAssistantError) as error:
        await home.enroll()
    assert error.value.translation_key == "other_device_answers"


@pytest.mark.parametrize(
    "fixture",
    [fixture for fixture in MALFORMED if fixture["expect"] == "acknowledge"],
    ids=lambda fixture: fixture["name"],
)
async def test_a_touch_that_is_not_understood_is_acknowledged_and_identifies_nobody(
    home: Home,
    reader: FakeReader,
    anna: str,
    reader_events: list[Event[dict[str, Any]]],
    fixture: dict[str, Any],
) -> None:
    """Otherwise all touches behind it wait in the reader for ever."""
    message = json.loads(fixture["payload_text"])
    if message.get("boot") == "b3f0a91c5d7e2648":
        message |= {"boot": reader.boot}
    if message.get("template_id") == "9f2c01ab44d0e1f7":
        message |= {"template_id": anna}
    reader.say("fingerprint", message)
    await reader.until(lambda: reader.acked == [message["touch"]])
    [event] = reader_events
    wanted = "unreadable" if message.get("result") == "unreadable" else "not_identified"
    assert event.data["type"] in {wanted, f"late_{wanted}"}
    assert home.state("sensor", "last_identified").state == "unknown"
