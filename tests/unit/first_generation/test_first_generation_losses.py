"""What a reader of the first generation says may be lost; nothing hangs, nothing is guessed."""

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.exceptions import HomeAssistantError

from custom_components.biometric_enroll.legacy import enroller as enrollments
from custom_components.biometric_enroll.protocol.messages import IDLE
from custom_components.biometric_enroll.storage import DATA_REGISTRY
from tests.support.first_generation.reader import Settings
from tests.support.first_generation.site import TEMPLATE_ID, OldReader, Site
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


async def _enroll_through_losses(site: Site) -> str | None:
    """Enroll as far as it goes; return the template id, None if it did not start."""
    old = site.reader
    try:
        answer = await site.enroll(scan_timeout=120)
    except HomeAssistantError:
        # Nothing may have started.
        await site.hass.async_block_till_done()
        assert old.reader.enrollment is None
        return None
    for _ in range(old.scans):
        old.scan()
        old.wait(2)
        await site.hass.async_block_till_done()
    await site.until_ended()
    await site.hass.async_block_till_done()
    template_id: str = answer["template_id"]
    return template_id


# A good enrollment of the later sketch: started, waiting, three times progress and waiting (after
# the last it says ready_for_confirmation instead), success.
@pytest.mark.parametrize("lost", range(9))
async def test_one_lost_message_of_the_reader_hangs_nothing_and_guesses_no_name(
    bare_site: Site, old: OldReader, short_scans: None, lost: int
) -> None:
    await bare_site.set_up()
    seen, old.loses = _loses_nth(lost)
    template_id = await _enroll_through_losses(bare_site)
    if template_id is None:
        # With the first sketch only the yes names our enrollment, until its end.
        assert (lost, old.sketch) == (0, Sketch.FIRST)
    told = [
        message
        for number, message in enumerate(m for s, m in old.said if s == "enroll/response")
        if message["status"] == "success" and number != lost
    ]
    expected = {1: "Anna"} if told else {}
    assert await bare_site.names() == expected
    assert (bare_site.stage == "completed") == bool(told)
    assert [message["template_id"] for message in told] == ([template_id] if told else [])
    old.loses = lambda _suffix, _message: False
    # And the reader takes the next one.
    await bare_site.enrolled("ben", "Ben")
    assert "Ben" in (await bare_site.names()).values()
    assert len(seen) > lost or old.sketch is Sketch.FIRST


@pytest.mark.parametrize("lost", range(4))
async def test_one_lost_message_to_the_reader_hangs_nothing(
    bare_site: Site, old: OldReader, short_scans: None, lost: int
) -> None:
    """Start, then with the later sketch confirm and saved."""
    await bare_site.set_up()
    _, old.deaf = _loses_nth(lost)
    await _enroll_through_losses(bare_site)
    assert (bare_site.stage == "completed") == bool(await bare_site.names())
    assert (await bare_site.names() == {}) == (lost == 0)
    old.deaf = lambda _suffix, _message: False
    await bare_site.enrolled("ben", "Ben")
    assert "Ben" in (await bare_site.names()).values()


async def test_a_reader_that_says_nothing_more_is_cancelled_and_it_fails_for_the_time(
    bare_site: Site, old: OldReader, short_scans: None
) -> None:
    await bare_site.set_up()
    await bare_site.enroll(scan_timeout=120)
    await bare_site.until_ended()
    assert bare_site.outcome == ("failed", "timeout")
    assert old.reader.enrollment is None


async def test_a_reader_that_is_silent_to_the_end_fails_all_the_same(
    bare_site: Site, old: OldReader, short_scans: None
) -> None:
    await bare_site.set_up()
    await bare_site.enroll(scan_timeout=120)
    old.silent = True
    await bare_site.until_ended()
    assert bare_site.outcome == ("failed", "timeout")


async def test_a_broker_that_is_lost_ends_it_no_sooner_than_its_time(
    bare_site: Site, old: OldReader, broker: FakeBroker, short_scans: None
) -> None:
    await bare_site.set_up()
    await bare_site.enroll(scan_timeout=120)
    broker.set_connected(False)
    assert bare_site.stage == "place_finger"
    await bare_site.until_ended()
    assert bare_site.outcome == ("failed", "timeout")


async def test_a_reader_that_goes_on_with_what_is_over_is_stopped(
    bare_site: Site, old: OldReader, short_scans: None
) -> None:
    """Else it would wait for ever, or store the finger of whoever comes next."""
    await bare_site.set_up()
    await bare_site.enroll(scan_timeout=120)
    old.silent = True
    await bare_site.until_ended()
    old.silent = False
    if old.sketch is Sketch.FIRST:
        # Who it is about, it does not say.
        old.wait(60)
    else:
        old.wait(2)
        await old.hears("enroll/request", action="cancel")
    assert old.reader.enrollment is None
    assert bare_site.outcome == ("failed", "timeout")


async def test_a_success_after_the_end_makes_no_name(
    bare_site: Site, old: OldReader, short_scans: None
) -> None:
    """Whoever has waited was told that it failed."""
    await bare_site.set_up()
    answer = await bare_site.enroll(scan_timeout=120)
    await bare_site.until_ended()
    success = {"status": "success", "slot": 1, "template_id": answer["template_id"]}
    old.publish("enroll/response", success)
    await bare_site.hass.async_block_till_done()
    assert bare_site.outcome == ("failed", "timeout")
    assert await bare_site.names() == {}


@later
async def test_a_reader_that_waits_for_a_confirmation_that_nobody_wants_is_freed(
    bare_site: Site, old: OldReader, short_scans: None
) -> None:
    """It waits without a deadline of its own, and takes no other enrollment meanwhile."""
    await bare_site.set_up()
    await bare_site.enroll(scan_timeout=120)
    old.scan(times=2)
    old.silent = True
    old.scan()
    await bare_site.until_ended()
    assert old.reader.enrollment is not None
    old.silent = False
    await bare_site.enrolled("ben", "Ben")
    assert await bare_site.names() == {1: "Ben"}
    assert old.reader.sensor.templates == {1: "ben"}


@later
async def test_what_is_being_ended_for_the_time_is_not_confirmed(
    bare_site: Site, old: OldReader, short_scans: None
) -> None:
    """Whoever comes now would be stored under the name of somebody who has walked away."""
    await bare_site.set_up()
    old.deaf = lambda _suffix, message: message.get("action") == "cancel"
    await bare_site.enroll(scan_timeout=120)
    await old.misses("enroll/request", action="cancel")
    old.scan("a stranger", 3)
    await bare_site.until_ended()
    assert bare_site.outcome == ("failed", "timeout")
    assert old.heard_of("enroll/request", action="confirm") == []
    assert old.reader.sensor.templates == {}


@later
async def test_a_question_for_confirmation_that_comes_again_is_not_answered_by_two(
    site: Site, old: OldReader
) -> None:
    """Each would be repeated."""
    old.deaf = lambda _suffix, message: message.get("action") == "confirm"
    await site.enroll()
    old.scan(times=3)
    await old.misses("enroll/request", action="confirm")
    for _ in range(3):
        old.publish("enroll/response", {"status": "ready_for_confirmation", "step": 3})
    await site.cancel()
    assert [message["action"] for _, message in old.missed] == ["confirm"]


async def test_a_broker_that_comes_and_goes_gives_no_more_time(
    site: Site, broker: FakeBroker
) -> None:
    await site.enroll()
    enrolling = site.entry.runtime_data.client._enrollments
    deadline = enrolling._silence
    broker.set_connected(False)
    broker.set_connected(True)
    await site.until(lambda: site.available)
    assert enrolling._silence is deadline


@later
async def test_a_success_that_comes_again_is_said_to_be_saved_again(
    site: Site, old: OldReader
) -> None:
    """The reader takes no other enrollment before it has heard that; and nothing is undone."""
    answer = await site.enrolled()
    await old.hears("enroll/completion")
    success = {"status": "success", "slot": 1, "template_id": answer["template_id"]}
    old.publish("enroll/response", success)
    await old.hears("enroll/completion", 2)
    assert old.heard_of("enroll/request", action="cancel") == []
    assert site.told().count("completed") == 1


# A reader that restarts in the middle


async def test_a_restarted_reader_ends_its_enrollment_with_its_next_status(
    site: Site, old: OldReader
) -> None:
    await site.enroll()
    old.scan()
    with patch.object(enrollments, "SETTLED", 0):
        old.reboot()
        assert site.stage == "lift_finger"
        old.say_status()
    assert site.outcome == ("failed", "reader_restarted")
    assert await site.names() == {}
    await site.enrolled()


async def test_a_status_in_the_middle_ends_nothing(site: Site, old: OldReader) -> None:
    await site.enroll()
    with patch.object(enrollments, "SETTLED", 0):
        old.say_status()
        assert site.stage == "place_finger"
    old.scan(times=old.scans)
    await site.until_stage("completed")


async def test_a_status_that_was_on_its_way_when_it_started_ends_nothing(
    site: Site, old: OldReader
) -> None:
    await site.enroll()
    idle = {"status": "online", "enrollment_in_progress": False}
    old.publish("status", idle)
    assert site.stage == "place_finger"


async def test_a_restarted_reader_that_tells_no_status_ends_it_by_the_time(
    bare_site: Site, old: OldReader, short_scans: None
) -> None:
    await bare_site.set_up()
    await bare_site.enroll(scan_timeout=120)
    old.reboot(silent=True)
    await bare_site.until_ended()
    assert bare_site.stage == "failed"
    assert await bare_site.names() == {}


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
    site: Site, old: OldReader, message: dict[str, Any]
) -> None:
    """The reader runs one at a time."""
    await site.enroll()
    old.publish("enroll/response", message)
    assert site.outcome == ("failed", "reader_restarted")
    assert site.told() == ["started", "failed"]
    await site.hass.async_block_till_done()
    assert await site.names() == {}


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
    site: Site, old: OldReader, message: dict[str, Any]
) -> None:
    await site.enroll()
    before = site.state("sensor", "enrollment")
    old.publish("enroll/response", message)
    assert site.state("sensor", "enrollment") == before
    assert await site.names() == {}


async def test_a_retained_message_changes_nothing(site: Site, old: OldReader) -> None:
    answer = await site.enroll()
    success = {"status": "success", "slot": 1, "template_id": answer["template_id"]}
    old._broker.retained["biometric/esp32/enroll/response"] = json.dumps(success).encode()
    await site.restart()
    assert site.stage == "place_finger"
    assert await site.names() == {}


@first
async def test_an_enrollment_without_a_name_on_it_is_not_taken_for_the_answer_to_a_start(
    site: Site, old: OldReader, impatient: None
) -> None:
    """The first sketch tells of scans without saying whose; another system's may be running."""
    old.ask("enroll/request", action="start", slot=5, template_id=OTHER_ID)
    old.loses = lambda _suffix, message: message.get("status") == "error"
    enrolling = site.hass.async_create_task(site.enroll())
    await old.hears("enroll/request", action="start")
    old.wait(2)
    old.scan()
    with pytest.raises(HomeAssistantError) as error:
        await enrolling
    assert error.value.translation_key == "reader_unreachable"
    assert (site.stage, site.told()) == ("idle", [])


async def test_the_answer_to_a_cancel_from_before_is_none_to_a_start(
    site: Site, old: OldReader
) -> None:
    old.deaf = lambda _suffix, message: message.get("action") == "start"
    enrolling = site.hass.async_create_task(site.enroll())
    await old.misses("enroll/request", action="start")
    for message in (
        {"status": "cancelled", "slot": 1},
        {"status": "error", "message": "No enrollment in progress"},
    ):
        old.publish("enroll/response", message)
    _, start = old.missed[-1]
    old.ask("enroll/request", **start)
    await enrolling
    assert site.stage == "place_finger"


async def test_an_error_that_is_not_about_the_start_leaves_nothing_running(
    site: Site, old: OldReader
) -> None:
    """It names nothing, so it may as well have been the last word of the enrollment before."""
    old.deaf = lambda _suffix, message: message.get("action") == "start"
    enrolling = site.hass.async_create_task(site.enroll())
    await old.misses("enroll/request", action="start")
    old.publish("enroll/response", {"status": "error", "message": "Enrollment timeout"})
    _, start = old.missed[-1]
    old.ask("enroll/request", **start)
    with pytest.raises(HomeAssistantError):
        await enrolling
    await old.hears("enroll/request", action="cancel")
    assert old.reader.enrollment is None
    # What has started meanwhile is shown, and that it was ended.
    await site.until_stage("cancelled")


# A start that was given up


@pytest.fixture
async def given_up(site: Site, old: OldReader, impatient: None) -> dict[str, Any]:
    """Give up on a start that still is on its way; return it."""
    old.deaf = lambda _suffix, message: bool(message.get("action"))
    with pytest.raises(HomeAssistantError):
        await site.enroll()
    old.deaf = lambda _suffix, _message: False
    return next(message for _, message in old.missed if message.get("action") == "start")


async def test_a_start_that_comes_after_it_was_given_up_is_cancelled(
    site: Site, old: OldReader, given_up: dict[str, Any]
) -> None:
    old.ask("enroll/request", **given_up)
    await site.until_stage("cancelled")
    assert old.reader.enrollment is None
    assert await site.names() == {}


@later
async def test_also_when_only_a_later_message_of_it_is_heard(
    site: Site, old: OldReader, given_up: dict[str, Any]
) -> None:
    old.loses = lambda _suffix, message: message.get("status") == "started"
    old.ask("enroll/request", **given_up)
    await site.until_stage("cancelled")
    assert old.reader.enrollment is None


@later
async def test_what_was_given_up_is_not_confirmed(
    site: Site, old: OldReader, given_up: dict[str, Any]
) -> None:
    old.deaf = lambda _suffix, message: message.get("action") == "cancel"
    old.ask("enroll/request", **given_up)
    old.scan(times=3)
    await site.hass.async_block_till_done()
    assert old.heard_of("enroll/request", action="confirm") == []
    assert old.reader.sensor.templates == {}


# Home Assistant restarts in the middle


async def test_after_a_restart_it_goes_on(site: Site, old: OldReader) -> None:
    await site.enroll()
    old.scan()
    await site.restart()
    assert site.state("sensor", "enrollment_progress").state == "33"
    assert site.state("sensor", "enrollment").attributes["name"] == "Anna"
    old.scan(times=old.scans - 1)
    await site.until_stage("completed")
    await site.hass.async_block_till_done()
    assert await site.names() == {1: "Anna"}
    scans = [moment for moment in site.told() if moment.startswith("scan")]
    assert scans == ["scan_captured 1", "scan_captured 2", "scan_captured 3"]


async def test_scans_during_a_restart_are_counted_with_the_next_message(
    site: Site, old: OldReader, hass: HomeAssistant
) -> None:
    await site.enroll()
    assert await hass.config_entries.async_unload(site.entry.entry_id)
    old.scan(times=old.scans - 1)
    await site.set_up()
    old.scan()
    await site.until_stage("completed")
    await site.hass.async_block_till_done()
    assert await site.names() == {1: "Anna"}
    assert site.told().count("scan_captured 1") == 1


async def test_an_end_during_a_restart_is_not_waited_for_for_ever(
    bare_site: Site, old: OldReader, hass: HomeAssistant, short_scans: None
) -> None:
    await bare_site.set_up()
    with patch.object(enrollments, "SILENCE", 0):
        await bare_site.enroll(scan_timeout=120)
    assert await hass.config_entries.async_unload(bare_site.entry.entry_id)
    old.scan(times=old.scans)
    old.ask("enroll/request", action="confirm")
    await bare_site.set_up()
    await bare_site.until_ended()
    # It is stored, but nobody has heard for whom.
    assert bare_site.stage == "failed"
    assert await bare_site.names() == {}


async def test_a_start_during_which_home_assistant_was_restarted_is_followed(
    site: Site, old: OldReader, hass: HomeAssistant
) -> None:
    """It was asked for, and its name is saved; only the reader's yes was not heard."""
    answer = await site.enroll()
    coordinator = site.entry.runtime_data
    assert await hass.config_entries.async_unload(site.entry.entry_id)
    # As a crash would leave it: the mark of the enrollment was not saved yet.
    mark = coordinator.client.model.delivered
    mark.snapshot = IDLE
    await coordinator.client.model.delivery_log.async_save()
    await site.restart_from_disk()
    assert hass.data[DATA_REGISTRY].enrollment("esp32") is not None
    assert site.stage == "idle"
    old.scan(times=old.scans)
    await site.until_stage("completed")
    await site.hass.async_block_till_done()
    assert site.state("sensor", "enrollment").attributes["template_id"] == answer["template_id"]
    assert await site.names() == {1: "Anna"}


async def test_a_reader_with_a_faster_status_enrolls_too(
    hass: HomeAssistant, broker: FakeBroker, sketch: Sketch
) -> None:
    old = OldReader(broker, sketch, Settings(status_period=0.5))
    site = Site(hass, old)
    await site.set_up()
    with patch.object(enrollments, "SETTLED", 0):
        await site.enroll()
        for _ in range(old.scans):
            old.scan()
            old.wait(3)
        await site.until_ended()
    assert site.stage == "completed"
    await site.hass.async_block_till_done()
    assert await hass.config_entries.async_unload(site.entry.entry_id)
