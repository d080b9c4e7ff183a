"""Words of a newer firmware: kept as they are, shown as "other (word)", nothing is dropped."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_exception_message

from custom_components.biometric_enroll.const import DOMAIN
from tests.support.reader_publications import IDLE, new_id
from tests.unit.dialog import Dialog

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.home import Home
    from tests.support.reader import FakeReader

_REJECTED = {"count": 1, "last": "too_cold"}


def _failed(**changes: Any) -> dict[str, Any]:
    return {
        **IDLE,
        "template_id": new_id(),
        "seq": 9,
        "slot": 5,
        "stage": "failed",
        "step": 1,
        "total": 3,
        "reason": "reader_restarted",
        **changes,
    }


@pytest.mark.parametrize(
    "enrollment",
    [
        _failed(reason="low_battery"),
        _failed(rejected=_REJECTED),
        _failed(stage="melted", reason=None),
        _failed(stage="warming_up", reason=None, timeout_ms=5000),
        # A power cut after rejected images, of a reader that did not keep their count.
        _failed(step=2, captured=[{"attempts": 3}]),
        # What cannot be read at all is no reason to take the reader for unavailable either.
        {"template_id": None, "stage": 5},
    ],
)
async def test_a_reader_is_available_whatever_its_last_enrollment_says(
    new_home: Home, reader: FakeReader, enrollment: dict[str, Any]
) -> None:
    reader.enrollment = enrollment
    reader.announce()
    await new_home.set_up()
    assert new_home.available


async def test_the_reason_of_a_failure_and_of_a_rejection_are_shown_as_other(
    home: Home, reader: FakeReader
) -> None:
    events = home.event_types("enrollment_activity")
    await home.enroll()
    reader.go_on(stage="lift_finger", rejected=_REJECTED)
    shown = home.state("sensor", "enrollment")
    assert (shown.state, shown.attributes["rejected_reason"]) == ("lift_finger", "other (too_cold)")
    told = home.state("event", "enrollment_activity").attributes
    assert told["rejected_reason"] == "other (too_cold)"
    reader.end("failed", "low_battery")
    shown = home.state("sensor", "enrollment")
    assert (shown.state, shown.attributes["reason"]) == ("failed", "other (low_battery)")
    assert home.state("event", "enrollment_activity").attributes["reason"] == "other (low_battery)"
    assert events == ["started", "scan_rejected", "failed"]
    # Also by the files, after a restart.
    await home.restart()
    assert home.state("sensor", "enrollment").attributes["reason"] == "other (low_battery)"


@pytest.mark.parametrize(
    ("timeout_ms", "stage", "reason"),
    [(5000, "processing", None), (None, "failed", "other (cleaning)")],
)
async def test_an_unknown_stage_is_shown_as_the_nearest_and_names_nobody(
    home: Home, reader: FakeReader, timeout_ms: int | None, stage: str, reason: str | None
) -> None:
    await home.enroll()
    captured = [{"attempts": 1}] * 3
    reader.go_on(stage="cleaning", step=3, captured=captured, timeout_ms=timeout_ms)
    shown = home.state("sensor", "enrollment")
    assert (shown.state, shown.attributes["reason"]) == (stage, reason)
    await home.settle()
    assert await home.fingerprints() == []


async def test_a_dialog_shows_unknown_words(home: Home, reader: FakeReader) -> None:
    dialog = await Dialog.open(home.hass, home.entry, "enroll")
    await dialog.submit(name="Anna")
    reader.go_on(stage="lift_finger", rejected=_REJECTED)
    await dialog.until("lift_finger_other 1/3")
    assert dialog.step["description_placeholders"]["word"] == "too_cold"
    reader.end("failed", "low_battery")
    await dialog.until("other")
    assert dialog.step["description_placeholders"]["word"] == "low_battery"
    assert dialog.menu == ["try_again", "init"]
    dialog.close()


@pytest.mark.parametrize("word", ["completed", "cancelled", "overtaken"])
async def test_a_dialog_shows_no_failure_as_another_ending_whatever_its_reason_is_called(
    home: Home, reader: FakeReader, word: str
) -> None:
    dialog = await Dialog.open(home.hass, home.entry, "enroll")
    await dialog.submit(name="Anna")
    reader.end("failed", word)
    await dialog.until("other")
    assert dialog.step["description_placeholders"]["word"] == word
    dialog.close()


async def test_a_caller_that_waits_is_told_an_unknown_reason(
    home: Home, reader: FakeReader
) -> None:
    waiting = home.hass.async_create_task(home.enroll(wait=True))
    await home.until_stage("place_finger")
    reader.end("failed", "low_battery")
    answer = await waiting
    assert (answer["outcome"], answer["reason"]) == ("failed", "other (low_battery)")


async def test_an_unknown_refusal_is_an_error_that_tells_it(
    hass: HomeAssistant, home: Home, reader: FakeReader
) -> None:
    reader.refuses["start"] = "on_fire"
    with pytest.raises(HomeAssistantError) as error:
        await home.enroll()
    assert error.value.translation_key == "refused_other"
    assert error.value.translation_placeholders == {"reader": "Front door", "word": "on_fire"}
    text = async_get_exception_message(
        DOMAIN, "refused_other", error.value.translation_placeholders
    )
    assert "other (on_fire)" in text
    # It may run nevertheless: who can tell what that word means?
    [start] = reader.heard_of("start")
    reader.refuses.clear()
    reader.on_request({**start, "request": new_id(), "nonce": reader.hello()["nonce"]})
    await home.until_stage("cancelled")


async def test_an_unknown_problem_and_an_unknown_colour_are_shown(
    new_home: Home, reader: FakeReader
) -> None:
    new_home.offer(sorted([*reader.identity["features"], "led_color", "hand_stand"]))
    reader.settings["led_color"] = "orange"
    reader.templates["sensor_error"] = "too_hot"
    await new_home.set_up()
    assert new_home.available
    assert new_home.state("binary_sensor", "sensor").attributes["sensor_error"] == "other (too_hot)"
    light = new_home.state("select", "led_color")
    assert light.state == "orange"
    assert light.attributes["options"][-1] == "orange"
    assert new_home.state("switch", "identification").state == "on"
