"""Setup and availability of a reader, and which hardware counts as that reader."""

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir

from custom_components.biometric_enroll.client import connection
from custom_components.biometric_enroll.const import DOMAIN
from tests.support.home import reader_entry
from tests.support.reader import DEVICE, READER_ID, FakeReader

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.home import Home


async def test_a_reader_that_answers_is_available(home: Home) -> None:
    assert home.entry.state is ConfigEntryState.LOADED
    assert home.available


async def test_without_a_broker_the_setup_is_tried_again(hass: HomeAssistant) -> None:
    entry = reader_entry()
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "broker_unavailable"


async def test_a_reader_without_power_is_set_up_all_the_same(
    new_home: Home, broker: FakeBroker, reader: FakeReader
) -> None:
    """Its entities are unavailable until it is back."""
    reader.announce()
    reader.die()
    assert await new_home.start()
    await broker.until_subscribed("biometric/front_door/status")
    await new_home.settle()
    assert new_home.entry.state is ConfigEntryState.LOADED
    assert not new_home.available


async def test_nobody_is_believed_for_a_retained_status(
    new_home: Home, broker: FakeBroker, reader: FakeReader
) -> None:
    """The broker has retained it since the reader had power."""
    reader.announce()
    reader.speechless = True
    await new_home.set_up()
    assert not new_home.available


async def test_a_reader_that_comes_back_is_available_once_it_has_answered(
    home: Home, reader: FakeReader
) -> None:
    reader.die()
    assert not home.available
    reader.announce()
    assert not home.available
    await home.until(lambda: home.available)


async def test_a_last_will_makes_the_reader_unavailable_at_once(
    home: Home, reader: FakeReader
) -> None:
    reader.die()
    assert not home.available


async def test_any_word_of_a_lost_reader_makes_home_assistant_ask(
    home: Home, reader: FakeReader
) -> None:
    """Its `online:true` may have been lost, or followed by the last will of its old session."""
    reader.die()
    reader.silent = False
    reader.say("templates", reader.templates)
    await home.until(lambda: home.available)


async def test_a_lost_broker_makes_the_reader_unavailable(home: Home, broker: FakeBroker) -> None:
    broker.set_connected(False)
    assert not home.available


async def test_when_the_broker_is_back_the_reader_is_asked(home: Home, broker: FakeBroker) -> None:
    broker.set_connected(False)
    broker.set_connected(True)
    assert not home.available
    await home.until(lambda: home.available)


async def test_a_hello_is_repeated_until_it_is_answered(
    new_home: Home, broker: FakeBroker, reader: FakeReader, impatient: None
) -> None:
    reader.announce()
    reader.speechless = True
    assert await new_home.start()
    await reader.hears("hello", 3)
    reader.speechless = False
    await new_home.until(lambda: new_home.available)
    first, second, third, *_ = broker.published
    assert first == second == third


async def test_a_reader_that_stops_answering_becomes_unavailable(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    reader.announce()
    reader.silent = True
    await home.until(lambda: not home.available)


async def test_a_reader_that_refuses_hello_becomes_unavailable(
    home: Home, reader: FakeReader
) -> None:
    reader.refuses["hello"] = "unknown_command"
    reader.announce()
    await home.until(lambda: not home.available)


async def test_a_reader_is_asked_now_and_then(new_home: Home, reader: FakeReader) -> None:
    reader.announce()
    with patch.object(connection, "HELLO_EVERY", 0.01):
        await new_home.set_up()
        await reader.hears("hello", 4)


async def test_after_unloading_nothing_is_heard_or_said(
    home: Home, broker: FakeBroker, reader: FakeReader
) -> None:
    assert await home.unload()
    said = len(broker.published)
    reader.announce()
    reader.touch()
    await home.settle()
    assert home.entry.state is ConfigEntryState.NOT_LOADED
    assert home.state("binary_sensor", "connectivity").state == "unavailable"
    assert len(broker.published) == said


async def test_after_a_reload_the_reader_is_available_again(home: Home) -> None:
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.until(lambda: home.available)


async def test_the_device_shows_what_the_reader_says_of_itself(
    home: Home, device_registry: dr.DeviceRegistry
) -> None:
    device = device_registry.async_get_device_by_identifier((DOMAIN, DEVICE), home.entry.entry_id)
    assert device is not None
    assert (device.name, device.model, device.serial_number) == ("Front door", "R307", DEVICE)
    assert (device.sw_version, device.hw_version) == ("0.2.0", "esp32")


async def test_new_firmware_shows_on_the_device(
    home: Home, device_registry: dr.DeviceRegistry, reader: FakeReader
) -> None:
    reader.identity["firmware"] = "0.2.0"
    reader.announce()
    await reader.hears("hello", 2)
    device = device_registry.async_get_device_by_identifier((DOMAIN, DEVICE), home.entry.entry_id)
    assert device is not None
    assert device.sw_version == "0.2.0"


def _issue(home: Home) -> ir.IssueEntry | None:
    return ir.async_get(home.hass).async_get_issue(DOMAIN, f"other_device_{home.entry.entry_id}")


@pytest.fixture
async def stranger(new_home: Home, reader: FakeReader, impatient: None) -> FakeReader:
    """Set up the entry while other hardware answers under its reader id."""
    reader.identity["device"] = "0242ac110002"
    reader.announce()
    await new_home.set_up()
    return reader


async def test_another_device_never_becomes_available(new_home: Home, stranger: FakeReader) -> None:
    stranger.say("templates", {**stranger.templates, "count": 9})
    await stranger.hears("hello", 2)
    await new_home.settle()
    assert not new_home.available


async def test_another_device_is_reported_to_the_user(new_home: Home, stranger: FakeReader) -> None:
    issue = _issue(new_home)
    assert issue is not None
    assert issue.translation_key == "other_device"
    assert issue.translation_placeholders == {
        "reader": "Front door",
        "reader_id": "front_door",
        "expected": DEVICE,
        "found": "0242ac110002",
    }


async def test_the_report_goes_away_when_the_right_reader_answers(
    new_home: Home, stranger: FakeReader
) -> None:
    """The user has fixed the problem, and should not have to dismiss the issue as well."""
    stranger.identity["device"] = DEVICE
    stranger.announce()
    await new_home.until(lambda: new_home.available)
    assert _issue(new_home) is None


async def test_the_report_goes_away_with_the_entry(new_home: Home, stranger: FakeReader) -> None:
    assert await new_home.hass.config_entries.async_remove(new_home.entry.entry_id)
    assert _issue(new_home) is None


async def test_the_status_of_another_device_is_reported_and_changes_nothing(
    home: Home, reader: FakeReader
) -> None:
    reader.say("status", {"online": True, **reader.identity, "device": "0242ac110002"})
    assert home.available
    assert _issue(home) is not None


@pytest.mark.parametrize("stranger_first", [False, True])
async def test_two_readers_with_one_id_stay_reported_while_both_answer(
    home: Home, broker: FakeBroker, stranger_first: bool
) -> None:
    """The right one still works, but the other one is ignored, and the user has to know."""
    stranger = FakeReader(broker, READER_ID, "0242ac110002")
    if stranger_first:
        broker._listeners.reverse()
    stranger.announce()
    await stranger.hears("hello")
    await home.settle()
    assert home.available
    assert _issue(home) is not None


@pytest.mark.parametrize(
    "topic", ["status", "templates", "enroll/response", "fingerprint", "command/response"]
)
async def test_nonsense_is_dropped_with_one_line(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    before = home.hass.states.async_all()
    caplog.clear()
    reader.say_bytes(topic, b"\xff\x00 nonsense")
    await home.settle()
    assert home.hass.states.async_all() == before
    [line] = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert f"biometric/front_door/{topic}" in line.getMessage()
    assert "nonsense" not in line.getMessage()


async def test_a_hello_answer_with_nonsense_in_it_makes_nobody_available(
    new_home: Home, reader: FakeReader, impatient: None
) -> None:
    reader.answers["hello"] = {**reader.hello(), "templates": {"count": "many"}}
    reader.announce()
    await new_home.set_up()
    assert not new_home.available


async def test_a_retained_answer_is_ignored(
    new_home: Home, broker: FakeBroker, caplog: pytest.LogCaptureFixture
) -> None:
    """Readers retain none; a retained one may be of any age."""
    broker.retained["biometric/front_door/command/response"] = (
        b'{"v":1,"request":"61d0f3a29c5b7e84","ok":true,"result":{}}'
    )
    await new_home.set_up()
    assert "an answer is never retained" in caplog.text


async def test_an_answer_that_nobody_waits_for_is_ignored(home: Home, reader: FakeReader) -> None:
    before = home.hass.states.async_all()
    reader.answer("61d0f3a29c5b7e84", {"slot": 5})
    await home.settle()
    assert home.hass.states.async_all() == before


async def test_an_answer_to_hello_that_comes_again_makes_nobody_available(
    home: Home, reader: FakeReader
) -> None:
    """Brokers repeat and delay messages; an old one says nothing about the present."""
    assert reader.greeted is not None
    reader.die()
    reader.answer_again(reader.greeted)
    await home.settle()
    assert not home.available


async def test_the_templates_of_the_sensor_are_shown(home: Home, reader: FakeReader) -> None:
    reader.say("templates", {**reader.templates, "count": 4}, retain=True)
    assert home.state("sensor", "stored_fingerprints").state == "4"
