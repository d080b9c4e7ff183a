"""What a reader of the first generation says may be lost; nothing hangs, nothing is guessed."""

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.exceptions import HomeAssistantError

from custom_components.biometric_enroll.legacy import enroller as enrollments
from custom_components.biometric_enroll.protocol.messages import IDLE
from custom_components.biometric_enroll.storage import DATA_REGISTRY
from tests.support.first_generation.home import TEMPLATE_ID, OldHome, OldReader
from tests.support.first_generation.reader import Settings
from tests.support.first_generation.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker

later = pytest.mark.parametrize("sketch", [Sketch.LATER])
first = pytest.mark.parametrize("sketch", [Sketch.FIRST])

OTHER_ID = TEMPLATE_ID
"""Of an enrollment that another system has asked for."""


@pytest.fixture
def short_scans(impatient: None) -> Generator[None]:
    """Let the longest time for a scan be over soon."""
    with patch.object(enrollments, "SILENCE", -119.7):
        yield


# One message lost, whichever it is


def _loses_nth(lost: int) -> tuple[list[str], Callable[[str, dict[str, Any]], bool]]:
    """Return a list that grows with each message, and what loses one of them, by number."""
    seen: list[str] = []

    def loses(suffix: str, message: dict[str, Any]) -> bool:
        if not suffix.startswith("enroll/"):
            return False
        seen.append(str(message.get("status") or message.get("action")))
        return len(seen) - 1 == lost

    return seen, loses


async def _enroll_through_losses(home: OldHome) -> str | None:
    """Enroll as far as it goes; return the template id, None if it did not start."""
    old = home.reader
    try:
        answer = await home.enroll(scan_timeout=120)
    except HomeAssistantError:
        # Nothing may have started.
        await home.settle()
        assert old.reader.enrollment is None
        return None
    for _ in range(old.scans):
        old.scan()
        old.wait(2)
        await home.settle()
    await home.until_ended()
    await home.settle()
    template_id: str = answer["template_id"]
    return template_id


# A good enrollment of the later sketch: started, waiting, three times progress and waiting (after
# the last it says ready_for_confirmation instead), success.
@pytest.mark.parametrize("lost", range(9))
async def test_one_lost_message_of_the_reader_hangs_nothing_and_guesses_no_name(
    new_home: OldHome, old: OldReader, short_scans: None, lost: int
) -> None:
    await new_home.set_up()
    seen, old.loses = _loses_nth(lost)
    template_id = await _enroll_through_losses(new_home)
    if template_id is None:
        # With the first sketch only the yes names our enrollment, until its end.
        assert (lost, old.sketch) == (0, Sketch.FIRST)
    told = [
        message
        for number, message in enumerate(m for s, m in old.said if s == "enroll/response")
        if message["status"] == "success" and number != lost
    ]
    expected = {1: "Anna"} if told else {}
    assert await new_home.named() == expected
    assert (new_home.stage == "completed") == bool(told)
    assert [message["template_id"] for message in told] == ([template_id] if told else [])
    old.loses = lambda _suffix, _message: False
    # And the reader takes the next one.
    await new_home.enrolled("ben", "Ben")
    assert "Ben" in (await new_home.named()).values()
    assert len(seen) > lost or old.sketch is Sketch.FIRST


@pytest.mark.parametrize("lost", range(4))
async def test_one_lost_message_to_the_reader_hangs_nothing(
    new_home: OldHome, old: OldReader, short_scans: None, lost: int
) -> None:
    """Start, then with the later sketch confirm and saved."""
    await new_home.set_up()
    _, old.deaf = _loses_nth(lost)
    await _enroll_through_losses(new_home)
    assert (new_home.stage == "completed") == bool(await new_home.named())
    assert (await new_home.named() == {}) == (lost == 0)
    old.deaf = lambda _suffix, _message: False
    await new_home.enrolled("ben", "Ben")
    assert "Ben" in (await new_home.named()).values()


async def test_a_reader_that_says_nothing_more_is_cancelled_and_it_fails_for_the_time(
    new_home: OldHome, old: OldReader, short_scans: None
) -> None:
    await new_home.set_up()
    await new_home.enroll(scan_timeout=120)
    await new_home.until_ended()
    assert new_home.outcome == ("failed", "timeout")
    assert old.reader.enrollment is None


async def test_a_reader_that_is_silent_to_the_end_fails_all_the_same(
    new_home: OldHome, old: OldReader, short_scans: None
) -> None:
    await new_home.set_up()
    await new_home.enroll(scan_timeout=120)
    old.silent = True
    await new_home.until_ended()
    assert new_home.outcome == ("failed", "timeout")


async def test_a_broker_that_is_lost_ends_it_no_sooner_than_its_time(
    new_home: OldHome, old: OldReader, broker: FakeBroker, short_scans: None
) -> None:
    await new_home.set_up()
    await new_home.enroll(scan_timeout=120)
    broker.set_connected(False)
    assert new_home.stage == "place_finger"
    await new_home.until_ended()
    assert new_home.outcome == ("failed", "timeout")


async def test_a_reader_that_goes_on_with_what_is_over_is_stopped(
    new_home: OldHome, old: OldReader, short_scans: None
) -> None:
    """Else it would wait for ever, or store the finger of whoever comes next."""
    await new_home.set_up()
    await new_home.enroll(scan_timeout=120)
    old.silent = True
    await new_home.until_ended()
    old.silent = False
    if old.sketch is Sketch.FIRST:
        # Who it is about, it does not say.
        old.wait(60)
    else:
        old.wait(2)
        await old.hears("enroll/request", action="cancel")
    assert old.reader.enrollment is None
    assert new_home.outcome == ("failed", "timeout")


async def test_a_success_after_the_end_makes_no_name(
    new_home: OldHome, old: OldReader, short_scans: None
) -> None:
    """Whoever has waited was told that it failed."""
    await new_home.set_up()
    answer = await new_home.enroll(scan_timeout=120)
    await new_home.until_ended()
    success = {"status": "success", "slot": 1, "template_id": answer["template_id"]}
    old.publish("enroll/response", success)
    await new_home.settle()
    assert new_home.outcome == ("failed", "timeout")
    assert await new_home.named() == {}


@later
async def test_a_reader_that_waits_for_a_confirmation_that_nobody_wants_is_freed(
    new_home: OldHome, old: OldReader, short_scans: None
) -> None:
    """It waits without a deadline of its own, and takes no other enrollment meanwhile."""
    await new_home.set_up()
    await new_home.enroll(scan_timeout=120)
    old.scan(times=2)
    old.silent = True
    old.scan()
    await new_home.until_ended()
    assert old.reader.enrollment is not None
    old.silent = False
    await new_home.enrolled("ben", "Ben")
    assert await new_home.named() == {1: "Ben"}
    assert old.reader.sensor.templates == {1: "ben"}


@later
async def test_what_is_being_ended_for_the_time_is_not_confirmed(
    new_home: OldHome, old: OldReader, short_scans: None
) -> None:
    """Whoever comes now would be stored under the name of somebody who has walked away."""
    await new_home.set_up()
    old.deaf = lambda _suffix, message: message.get("action") == "cancel"
    await new_home.enroll(scan_timeout=120)
    await old.misses("enroll/request", action="cancel")
    old.scan("a stranger", 3)
    await new_home.until_ended()
    assert new_home.outcome == ("failed", "timeout")
    assert old.heard_of("enroll/request", action="confirm") == []
    assert old.reader.sensor.templates == {}


@later
async def test_a_question_for_confirmation_that_comes_again_is_not_answered_by_two(
    home: OldHome, old: OldReader
) -> None:
    """Each would be repeated."""
    old.deaf = lambda _suffix, message: message.get("action") == "confirm"
    await home.enroll()
    old.scan(times=3)
    await old.misses("enroll/request", action="confirm")
    for _ in range(3):
        old.publish("enroll/response", {"status": "ready_for_confirmation", "step": 3})
    await home.cancel()
    assert [message["action"] for _, message in old.missed] == ["confirm"]


async def test_a_broker_that_comes_and_goes_gives_no_more_time(
    home: OldHome, broker: FakeBroker
) -> None:
    await home.enroll()
    enrolling = home.entry.runtime_data.client._enrollments
    deadline = enrolling._silence
    broker.set_connected(False)
    broker.set_connected(True)
    await home.until(lambda: home.available)
    assert enrolling._silence is deadline


@later
async def test_a_success_that_comes_again_is_said_to_be_saved_again(
    home: OldHome, old: OldReader
) -> None:
    """The reader takes no other enrollment before it has heard that; and nothing is undone."""
    answer = await home.enrolled()
    await old.hears("enroll/completion")
    success = {"status": "success", "slot": 1, "template_id": answer["template_id"]}
    old.publish("enroll/response", success)
    await old.hears("enroll/completion", 2)
    assert old.heard_of("enroll/request", action="cancel") == []
    assert home.told().count("completed") == 1


# A reader that restarts in the middle


async def test_a_restarted_reader_ends_its_enrollment_with_its_next_status(
    home: OldHome, old: OldReader
) -> None:
    await home.enroll()
    old.scan()
    with patch.object(enrollments, "SETTLED", 0):
        old.reboot()
        assert home.stage == "lift_finger"
        old.say_status()
    assert home.outcome == ("failed", "reader_restarted")
    assert await home.named() == {}
    await home.enrolled()


async def test_a_status_in_the_middle_ends_nothing(home: OldHome, old: OldReader) -> None:
    await home.enroll()
    with patch.object(enrollments, "SETTLED", 0):
        old.say_status()
        assert home.stage == "place_finger"
    old.scan(times=old.scans)
    await home.until_stage("completed")


async def test_a_status_that_was_on_its_way_when_it_started_ends_nothing(
    home: OldHome, old: OldReader
) -> None:
    await home.enroll()
    idle = {"status": "online", "enrollment_in_progress": False}
    old.publish("status", idle)
    assert home.stage == "place_finger"


async def test_a_restarted_reader_that_tells_no_status_ends_it_by_the_time(
    new_home: OldHome, old: OldReader, short_scans: None
) -> None:
    await new_home.set_up()
    await new_home.enroll(scan_timeout=120)
    old.reboot(silent=True)
    await new_home.until_ended()
    assert new_home.stage == "failed"
    assert await new_home.named() == {}


# What is not ours


@pytest.mark.parametrize(
    "message",
    [
        {"status": "started", "slot": 1, "template_id": OTHER_ID},
        {"status": "progress", "step": 3, "slot": 1, "template_id": OTHER_ID},
        {"status": "ready_for_confirmation", "step": 3, "slot": 1, "template_id": OTHER_ID},
        {"status": "success", "slot": 1, "template_id": OTHER_ID},
        {"status": "success", "slot": 1, "template_id": 17},
        {"status": "blocked", "slot": 1, "template_id": OTHER_ID},
        {"status": "progress", "step": 3, "slot": 2},
    ],
)
async def test_an_enrollment_of_another_system_ends_ours_and_gets_no_name(
    home: OldHome, old: OldReader, message: dict[str, Any]
) -> None:
    """The reader runs one at a time."""
    await home.enroll()
    old.publish("enroll/response", message)
    assert home.outcome == ("failed", "reader_restarted")
    assert home.told() == ["started", "failed"]
    await home.settle()
    assert await home.named() == {}


@pytest.mark.parametrize(
    "message",
    [
        {"status": "error", "message": "Enrollment timeout", "slot": 9, "template_id": OTHER_ID},
        {"status": "error", "message": "Enrollment already in progress"},
        {"status": "error", "message": "Invalid slot number (1-127)"},
        {"status": "success", "slot": 1},
        {"status": "success"},
        {"status": "waiting"},
        {"status": "progress"},
        {"status": "unheard of"},
        {"v": 1, "status": "cancelled"},
        {"status": "cancelled", "slot": "1"},
    ],
)
async def test_what_says_nothing_of_ours_changes_nothing(
    home: OldHome, old: OldReader, message: dict[str, Any]
) -> None:
    await home.enroll()
    before = home.state("sensor", "enrollment")
    old.publish("enroll/response", message)
    assert home.state("sensor", "enrollment") == before
    assert await home.named() == {}


async def test_a_retained_message_changes_nothing(home: OldHome, old: OldReader) -> None:
    answer = await home.enroll()
    success = {"status": "success", "slot": 1, "template_id": answer["template_id"]}
    old._broker.retained["biometric/esp32/enroll/response"] = json.dumps(success).encode()
    await home.restart()
    assert home.stage == "place_finger"
    assert await home.named() == {}


@first
async def test_an_enrollment_without_a_name_on_it_is_not_taken_for_the_answer_to_a_start(
    home: OldHome, old: OldReader, impatient: None
) -> None:
    """The first sketch tells of scans without saying whose; another system's may be running."""
    old.ask("enroll/request", action="start", slot=5, template_id=OTHER_ID)
    old.loses = lambda _suffix, message: message.get("status") == "error"
    enrolling = home.hass.async_create_task(home.enroll())
    await old.hears("enroll/request", action="start")
    old.wait(2)
    old.scan()
    with pytest.raises(HomeAssistantError) as error:
        await enrolling
    assert error.value.translation_key == "reader_unreachable"
    assert (home.stage, home.told()) == ("idle", [])


async def test_the_answer_to_a_cancel_from_before_is_none_to_a_start(
    home: OldHome, old: OldReader
) -> None:
    old.deaf = lambda _suffix, message: message.get("action") == "start"
    enrolling = home.hass.async_create_task(home.enroll())
    await old.misses("enroll/request", action="start")
    for message in (
        {"status": "cancelled", "slot": 1},
        {"status": "error", "message": "No enrollment in progress"},
    ):
        old.publish("enroll/response", message)
    _, start = old.missed[-1]
    old.ask("enroll/request", **start)
    await enrolling
    assert home.stage == "place_finger"


async def test_an_error_that_is_not_about_the_start_leaves_nothing_running(
    home: OldHome, old: OldReader
) -> None:
    """It names nothing, so it may as well have been the last word of the enrollment before."""
    old.deaf = lambda _suffix, message: message.get("action") == "start"
    enrolling = home.hass.async_create_task(home.enroll())
    await old.misses("enroll/request", action="start")
    old.publish("enroll/response", {"status": "error", "message": "Enrollment timeout"})
    _, start = old.missed[-1]
    old.ask("enroll/request", **start)
    with pytest.raises(HomeAssistantError):
        await enrolling
    await old.hears("enroll/request", action="cancel")
    assert old.reader.enrollment is None
    # What has started meanwhile is shown, and that it was ended.
    await home.until_stage("cancelled")


# A start that was given up


@pytest.fixture
async def given_up(home: OldHome, old: OldReader, impatient: None) -> dict[str, Any]:
    """Give up on a start that still is on its way; return it."""
    old.deaf = lambda _suffix, message: bool(message.get("action"))
    with pytest.raises(HomeAssistantError):
        await home.enroll()
    old.deaf = lambda _suffix, _message: False
    return next(message for _, message in old.missed if message.get("action") == "start")


async def test_a_start_that_comes_after_it_was_given_up_is_cancelled(
    home: OldHome, old: OldReader, given_up: dict[str, Any]
) -> None:
    old.ask("enroll/request", **given_up)
    await home.until_stage("cancelled")
    assert old.reader.enrollment is None
    assert await home.named() == {}


@later
async def test_also_when_only_a_later_message_of_it_is_heard(
    home: OldHome, old: OldReader, given_up: dict[str, Any]
) -> None:
    old.loses = lambda _suffix, message: message.get("status") == "started"
    old.ask("enroll/request", **given_up)
    await home.until_stage("cancelled")
    assert old.reader.enrollment is None


@later
async def test_what_was_given_up_is_not_confirmed(
    home: OldHome, old: OldReader, given_up: dict[str, Any]
) -> None:
    old.deaf = lambda _suffix, message: message.get("action") == "cancel"
    old.ask("enroll/request", **given_up)
    old.scan(times=3)
    await home.settle()
    assert old.heard_of("enroll/request", action="confirm") == []
    assert old.reader.sensor.templates == {}


# Home Assistant restarts in the middle


async def test_after_a_restart_it_goes_on(home: OldHome, old: OldReader) -> None:
    await home.enroll()
    old.scan()
    await home.restart()
    assert home.state("sensor", "enrollment_progress").state == "33"
    assert home.state("sensor", "enrollment").attributes["name"] == "Anna"
    old.scan(times=old.scans - 1)
    await home.until_stage("completed")
    await home.settle()
    assert await home.named() == {1: "Anna"}
    scans = [moment for moment in home.told() if moment.startswith("scan")]
    assert scans == ["scan_captured 1", "scan_captured 2", "scan_captured 3"]


async def test_scans_during_a_restart_are_counted_with_the_next_message(
    home: OldHome, old: OldReader, hass: HomeAssistant
) -> None:
    await home.enroll()
    assert await hass.config_entries.async_unload(home.entry.entry_id)
    old.scan(times=old.scans - 1)
    await home.set_up()
    old.scan()
    await home.until_stage("completed")
    await home.settle()
    assert await home.named() == {1: "Anna"}
    assert home.told().count("scan_captured 1") == 1


async def test_an_end_during_a_restart_is_not_waited_for_for_ever(
    new_home: OldHome, old: OldReader, hass: HomeAssistant, short_scans: None
) -> None:
    await new_home.set_up()
    with patch.object(enrollments, "SILENCE", 0):
        await new_home.enroll(scan_timeout=120)
    assert await hass.config_entries.async_unload(new_home.entry.entry_id)
    old.scan(times=old.scans)
    old.ask("enroll/request", action="confirm")
    await new_home.set_up()
    await new_home.until_ended()
    # It is stored, but nobody has heard for whom.
    assert new_home.stage == "failed"
    assert await new_home.named() == {}


async def test_a_start_during_which_home_assistant_was_restarted_is_followed(
    home: OldHome, old: OldReader, hass: HomeAssistant
) -> None:
    """It was asked for, and its name is saved; only the reader's yes was not heard."""
    answer = await home.enroll()
    coordinator = home.entry.runtime_data
    assert await hass.config_entries.async_unload(home.entry.entry_id)
    # As a crash would leave it: the mark of the enrollment was not saved yet.
    mark = coordinator.client.model.delivered
    mark.snapshot = IDLE
    await coordinator.client.model.delivery_log.async_save()
    await home.restart_from_disk()
    assert hass.data[DATA_REGISTRY].enrollment("esp32") is not None
    assert home.stage == "idle"
    old.scan(times=old.scans)
    await home.until_stage("completed")
    await home.settle()
    assert home.state("sensor", "enrollment").attributes["template_id"] == answer["template_id"]
    assert await home.named() == {1: "Anna"}


async def test_a_reader_with_a_faster_status_enrolls_too(
    hass: HomeAssistant, broker: FakeBroker, sketch: Sketch
) -> None:
    old = OldReader(broker, sketch, Settings(status_period=0.5))
    home = OldHome(hass, old)
    await home.set_up()
    with patch.object(enrollments, "SETTLED", 0):
        await home.enroll()
        for _ in range(old.scans):
            old.scan()
            old.wait(3)
        await home.until_ended()
    assert home.stage == "completed"
    await home.settle()
    assert await hass.config_entries.async_unload(home.entry.entry_id)
