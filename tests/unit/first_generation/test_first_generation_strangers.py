"""What is not about our enrollment changes nothing of it, and gets no name."""

import json
from typing import Any

import pytest
from homeassistant.exceptions import HomeAssistantError

from tests.support.first_generation.home import TEMPLATE_ID, OldHome, OldReader
from tests.support.first_generation.scene import first, later
from tests.support.home import async_fails

OTHER_ID = TEMPLATE_ID


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
    assert await async_fails(enrolling) == "reader_unreachable"
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
