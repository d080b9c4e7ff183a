"""A reader comes, goes and comes back; and who counts as that reader at all."""

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir

from custom_components.biometric_enroll.client import connection
from custom_components.biometric_enroll.const import DOMAIN
from tests.support.home import async_set_up, async_until, available, state
from tests.support.reader import DEVICE, IDLE, READER_ID, FakeReader

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.broker import FakeBroker


async def test_a_reader_that_answers_is_available(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    assert loaded.state is ConfigEntryState.LOADED
    assert available(hass)


async def test_without_a_broker_the_setup_is_tried_again(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "broker_unavailable"


async def test_a_reader_without_power_is_set_up_all_the_same(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, entry: MockConfigEntry
) -> None:
    """It will be back; until then its entities say so."""
    reader.announce()
    reader.die()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await broker.until_subscribed("biometric/front_door/status")
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert not available(hass)


async def test_nobody_is_believed_for_a_retained_status(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, entry: MockConfigEntry
) -> None:
    """The broker has kept it from a time when the reader had power."""
    reader.announce()
    reader.speechless = True
    await async_set_up(hass, reader, entry)
    assert not available(hass)


async def test_a_reader_that_comes_back_is_available_once_it_has_answered(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    reader.die()
    assert not available(hass)
    reader.announce()
    assert not available(hass)
    await async_until(hass, lambda: available(hass))


async def test_a_last_will_makes_the_reader_unavailable_at_once(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    reader.die()
    assert not available(hass)


async def test_any_word_of_a_lost_reader_makes_home_assistant_ask(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """Its `online:true` may have been lost, or overtaken by the last will of its ghost."""
    reader.die()
    reader.silent = False
    reader.say("templates", reader.templates)
    await async_until(hass, lambda: available(hass))


async def test_a_lost_broker_makes_the_reader_unavailable(
    hass: HomeAssistant, broker: FakeBroker, loaded: MockConfigEntry
) -> None:
    broker.set_connected(False)
    assert not available(hass)


async def test_when_the_broker_is_back_the_reader_is_asked(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    broker.set_connected(False)
    broker.set_connected(True)
    assert not available(hass)
    await async_until(hass, lambda: available(hass))


async def test_a_hello_is_repeated_until_it_is_answered(
    hass: HomeAssistant,
    broker: FakeBroker,
    reader: FakeReader,
    entry: MockConfigEntry,
    impatient: None,
) -> None:
    reader.announce()
    reader.speechless = True
    assert await hass.config_entries.async_setup(entry.entry_id)
    await reader.hears("hello", 3)
    reader.speechless = False
    await async_until(hass, lambda: available(hass))
    first, second, third, *_ = broker.published
    assert first == second == third


async def test_a_reader_that_stops_answering_becomes_unavailable(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, impatient: None
) -> None:
    reader.announce()
    reader.silent = True
    await async_until(hass, lambda: not available(hass))


async def test_a_reader_that_refuses_hello_becomes_unavailable(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    reader.refuses["hello"] = "unknown_command"
    reader.announce()
    await async_until(hass, lambda: not available(hass))


async def test_a_reader_is_asked_now_and_then(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry
) -> None:
    reader.announce()
    with patch.object(connection, "HELLO_EVERY", 0.01):
        await async_set_up(hass, reader, entry)
        await reader.hears("hello", 4)


async def test_after_unloading_nothing_is_heard_or_said(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(loaded.entry_id)
    said = len(broker.published)
    reader.announce()
    reader.touch()
    await hass.async_block_till_done()
    assert loaded.state is ConfigEntryState.NOT_LOADED
    assert state(hass, "binary_sensor", "connectivity").state == "unavailable"
    assert len(broker.published) == said


async def test_after_a_reload_the_reader_is_available_again(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await async_until(hass, lambda: available(hass))


async def test_the_device_shows_what_the_reader_says_of_itself(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, loaded: MockConfigEntry
) -> None:
    device = device_registry.async_get_device_by_identifier((DOMAIN, DEVICE), loaded.entry_id)
    assert device is not None
    assert (device.name, device.model, device.serial_number) == ("Front door", "R307", DEVICE)
    assert (device.sw_version, device.hw_version) == ("0.2.0", "esp32")


async def test_new_firmware_shows_on_the_device(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    reader: FakeReader,
    loaded: MockConfigEntry,
) -> None:
    reader.identity["firmware"] = "0.2.0"
    reader.announce()
    await reader.hears("hello", 2)
    device = device_registry.async_get_device_by_identifier((DOMAIN, DEVICE), loaded.entry_id)
    assert device is not None
    assert device.sw_version == "0.2.0"


def _issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"other_device_{entry.entry_id}")


@pytest.fixture
async def stranger(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry, impatient: None
) -> FakeReader:
    """Set up the entry while other hardware answers under its reader id."""
    reader.identity["device"] = "0242ac110002"
    reader.announce()
    await async_set_up(hass, reader, entry)
    return reader


async def test_another_device_never_becomes_available(
    hass: HomeAssistant, stranger: FakeReader, entry: MockConfigEntry
) -> None:
    stranger.say("templates", {**stranger.templates, "count": 9})
    await stranger.hears("hello", 2)
    await hass.async_block_till_done()
    assert not available(hass)


async def test_another_device_is_reported_to_the_user(
    hass: HomeAssistant, stranger: FakeReader, entry: MockConfigEntry
) -> None:
    issue = _issue(hass, entry)
    assert issue is not None
    assert issue.translation_key == "other_device"
    assert issue.translation_placeholders == {
        "reader": "Front door",
        "reader_id": "front_door",
        "expected": DEVICE,
        "found": "0242ac110002",
    }


async def test_the_report_goes_away_when_the_right_reader_answers(
    hass: HomeAssistant, stranger: FakeReader, entry: MockConfigEntry
) -> None:
    """The user has sorted it out; nobody should have to dismiss what is no longer true."""
    stranger.identity["device"] = DEVICE
    stranger.announce()
    await async_until(hass, lambda: available(hass))
    assert _issue(hass, entry) is None


async def test_the_report_goes_away_with_the_entry(
    hass: HomeAssistant, stranger: FakeReader, entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert _issue(hass, entry) is None


async def test_the_status_of_another_device_is_reported_and_changes_nothing(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    reader.say("status", {"online": True, **reader.identity, "device": "0242ac110002"})
    assert available(hass)
    assert _issue(hass, loaded) is not None


@pytest.mark.parametrize("stranger_first", [False, True])
async def test_two_readers_with_one_id_stay_reported_while_both_answer(
    hass: HomeAssistant,
    broker: FakeBroker,
    reader: FakeReader,
    loaded: MockConfigEntry,
    stranger_first: bool,
) -> None:
    """The right one works on; but what the other one does is not seen, and the user has to know."""
    stranger = FakeReader(broker, READER_ID, "0242ac110002")
    if stranger_first:
        broker._listeners.reverse()
    stranger.announce()
    await stranger.hears("hello")
    await hass.async_block_till_done()
    assert available(hass)
    assert _issue(hass, loaded) is not None


@pytest.mark.parametrize(
    "topic", ["status", "templates", "enroll/response", "fingerprint", "command/response"]
)
async def test_nonsense_is_dropped_with_one_line(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    topic: str,
) -> None:
    before = hass.states.async_all()
    caplog.clear()
    reader.say_bytes(topic, b"\xff\x00 nonsense")
    await hass.async_block_till_done()
    assert hass.states.async_all() == before
    [line] = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert f"biometric/front_door/{topic}" in line.getMessage()
    assert "nonsense" not in line.getMessage()


async def test_a_hello_answer_with_nonsense_in_it_makes_nobody_available(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry, impatient: None
) -> None:
    reader.answers["hello"] = {**reader.hello(), "enrollment": {**IDLE, "stage": "asleep"}}
    reader.announce()
    await async_set_up(hass, reader, entry)
    assert not available(hass)


async def test_a_retained_answer_is_nobodys(
    hass: HomeAssistant,
    broker: FakeBroker,
    reader: FakeReader,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No reader retains one; what is there may be as old as the broker."""
    broker.retained["biometric/front_door/command/response"] = (
        b'{"v":1,"request":"61d0f3a29c5b7e84","ok":true,"result":{}}'
    )
    await async_set_up(hass, reader, entry)
    assert "an answer is never retained" in caplog.text


async def test_an_answer_that_nobody_waits_for_is_ignored(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    before = hass.states.async_all()
    reader.answer("61d0f3a29c5b7e84", {"slot": 5})
    await hass.async_block_till_done()
    assert hass.states.async_all() == before


async def test_an_answer_to_hello_that_comes_again_makes_nobody_available(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """Brokers repeat and delay; what was true once says nothing of now."""
    assert reader.greeted is not None
    reader.die()
    reader.answer_again(reader.greeted)
    await hass.async_block_till_done()
    assert not available(hass)


async def test_the_templates_of_the_sensor_are_shown(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    reader.say("templates", {**reader.templates, "count": 4}, retain=True)
    assert state(hass, "sensor", "stored_fingerprints").state == "4"
