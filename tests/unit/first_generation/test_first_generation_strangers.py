"""What is not about our enrollment changes nothing of it, and gets no name."""

import json
from typing import Any

import pytest
from homeassistant.exceptions import HomeAssistantError

from tests.support.first_generation.home import (
    TEMPLATE_ID,
    FakeFirstGenerationReader,
    FirstGenerationHome,
)
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
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, message: dict[str, Any]
) -> None:
    """The reader runs one at a time."""
    await home.enroll()
    first_gen.publish("enroll/response", message)
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
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, message: dict[str, Any]
) -> None:
    await home.enroll()
    before = home.state("sensor", "enrollment")
    first_gen.publish("enroll/response", message)
    assert home.state("sensor", "enrollment") == before
    assert await home.named() == {}


async def test_a_retained_message_changes_nothing(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    answer = await home.enroll()
    success = {"status": "success", "slot": 1, "template_id": answer["template_id"]}
    first_gen._broker.retained["biometric/esp32/enroll/response"] = json.dumps(success).encode()
    await home.restart()
    assert home.stage == "place_finger"
    assert await home.named() == {}


@first
async def test_an_enrollment_without_a_name_on_it_is_not_taken_for_the_answer_to_a_start(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, impatient: None
) -> None:
    """The first sketch tells of scans without saying whose; another system's may be running."""
    first_gen.ask("enroll/request", action="start", slot=5, template_id=OTHER_ID)
    first_gen.loses = lambda _suffix, message: message.get("status") == "error"
    enrolling = home.hass.async_create_task(home.enroll())
    await first_gen.hears("enroll/request", action="start")
    first_gen.wait(2)
    first_gen.scan()
    assert await async_fails(enrolling) == "reader_unreachable"
    assert (home.stage, home.told()) == ("idle", [])


async def test_the_answer_to_a_cancel_from_before_is_none_to_a_start(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.deaf = lambda _suffix, message: message.get("action") == "start"
    enrolling = home.hass.async_create_task(home.enroll())
    await first_gen.misses("enroll/request", action="start")
    for message in (
        {"status": "cancelled", "slot": 1},
        {"status": "error", "message": "No enrollment in progress"},
    ):
        first_gen.publish("enroll/response", message)
    _, start = first_gen.missed[-1]
    first_gen.ask("enroll/request", **start)
    await enrolling
    assert home.stage == "place_finger"


async def test_an_error_that_is_not_about_the_start_leaves_nothing_running(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    """It names nothing, so it may as well have been the last word of the enrollment before."""
    first_gen.deaf = lambda _suffix, message: message.get("action") == "start"
    enrolling = home.hass.async_create_task(home.enroll())
    await first_gen.misses("enroll/request", action="start")
    first_gen.publish("enroll/response", {"status": "error", "message": "Enrollment timeout"})
    _, start = first_gen.missed[-1]
    first_gen.ask("enroll/request", **start)
    with pytest.raises(HomeAssistantError):
        await enrolling
    await first_gen.hears("enroll/request", action="cancel")
    assert first_gen.reader.enrollment is None
    # What has started meanwhile is shown, and that it was ended.
    await home.until_stage("cancelled")


# A start that was given up


@pytest.fixture
async def given_up(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, impatient: None
) -> dict[str, Any]:
    """Give up on a start that still is on its way; return it."""
    first_gen.deaf = lambda _suffix, message: bool(message.get("action"))
    with pytest.raises(HomeAssistantError):
        await home.enroll()
    first_gen.deaf = lambda _suffix, _message: False
    return next(message for _, message in first_gen.missed if message.get("action") == "start")


async def test_a_start_that_comes_after_it_was_given_up_is_cancelled(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, given_up: dict[str, Any]
) -> None:
    first_gen.ask("enroll/request", **given_up)
    await home.until_stage("cancelled")
    assert first_gen.reader.enrollment is None
    assert await home.named() == {}


@later
async def test_also_when_only_a_later_message_of_it_is_heard(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, given_up: dict[str, Any]
) -> None:
    first_gen.loses = lambda _suffix, message: message.get("status") == "started"
    first_gen.ask("enroll/request", **given_up)
    await home.until_stage("cancelled")
    assert first_gen.reader.enrollment is None


@later
async def test_what_was_given_up_is_not_confirmed(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, given_up: dict[str, Any]
) -> None:
    first_gen.deaf = lambda _suffix, message: message.get("action") == "cancel"
    first_gen.ask("enroll/request", **given_up)
    first_gen.scan(times=3)
    await home.settle()
    assert first_gen.heard_of("enroll/request", action="confirm") == []
    assert first_gen.reader.sensor.templates == {}
