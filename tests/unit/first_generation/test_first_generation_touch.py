"""Touches on a reader of the first generation: never live, unless the user says so."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.first_generation.sketch import POOR, Sketch

if TYPE_CHECKING:
    from tests.support.first_generation.home import OldHome, OldReader

ANNAS = {"fingerprint_id": 1, "confidence": 120, "timestamp": 93300, "mode": "attendance"}


@pytest.fixture
async def known(home: OldHome, old: OldReader) -> OldHome:
    """Return Home Assistant that knows Anna, in slot 1."""
    await home.enrolled()
    await old.hears("detect/request")
    home.moments.clear()
    return home


async def test_a_touch_is_late_and_has_no_name(known: OldHome, old: OldReader) -> None:
    old.scan("anna")
    [touch] = known.touches()
    assert touch["type"] == "late_identified"
    wanted = {"reason": "unproven", "slot": 1, "confidence": 120, "late_name": None, "age": None}
    assert wanted.items() <= touch.items()
    shown = known.state("event", "late_touch").attributes
    assert (shown["event_type"], shown["reason"]) == ("identified", "unproven")
    assert known.state("event", "touch").state == "unknown"
    assert known.state("sensor", "last_identified").state == "unknown"


async def test_a_finger_that_the_sensor_does_not_know_is_late_too(
    known: OldHome, old: OldReader
) -> None:
    old.scan("a stranger")
    [touch] = known.touches()
    assert (touch["type"], touch["reason"], touch["slot"]) == (
        "late_not_identified",
        "unknown_finger",
        None,
    )


async def test_a_trusted_touch_has_the_name_of_the_slot(known: OldHome, old: OldReader) -> None:
    late = known.state("event", "late_touch")
    known.trust()
    old.scan("anna")
    [touch] = known.touches()
    wanted = {"type": "identified", "name": "Anna", "slot": 1, "attributed_by": "slot"}
    assert wanted.items() <= touch.items()
    assert touch["reason"] is None
    shown = known.state("event", "touch").attributes
    assert (shown["event_type"], shown["name"], shown["attributed_by"]) == (
        "identified",
        "Anna",
        "slot",
    )
    assert known.state("sensor", "last_identified").state == "Anna"
    assert known.state("event", "late_touch") == late


async def test_no_more_trust_holds_from_the_next_touch(known: OldHome, old: OldReader) -> None:
    known.trust()
    known.hass.config_entries.async_update_entry(known.entry, options={"trust_touches": False})
    old.scan("anna")
    assert [touch["type"] for touch in known.touches()] == ["late_identified"]


async def test_a_trusted_reader_that_knows_no_finger_identifies_nobody(
    known: OldHome, old: OldReader
) -> None:
    known.trust()
    old.scan("a stranger")
    [touch] = known.touches()
    assert (touch["type"], touch["reason"]) == ("not_identified", "unknown_finger")
    assert "attributed_by" not in touch
    assert known.state("sensor", "last_identified").state == "unknown"


async def test_a_trusted_slot_without_a_name_identifies_nobody(
    known: OldHome, old: OldReader
) -> None:
    known.trust()
    old.reader.sensor.templates[2] = "ben"
    old.scan("ben")
    [touch] = known.touches()
    assert (touch["type"], touch["reason"], touch["name"]) == (
        "not_identified",
        "unknown_fingerprint",
        None,
    )


@pytest.mark.parametrize("sketch", [Sketch.LATER])
async def test_a_hint_is_not_a_match(known: OldHome, old: OldReader) -> None:
    known.trust()
    old.scan("anna", quality=POOR)
    assert old.said[-1][1]["fingerprint_id"] == -2
    [touch] = known.touches()
    assert (touch["type"], touch["name"]) == ("not_identified", None)


@pytest.mark.parametrize("trusted", [False, True])
async def test_a_retained_touch_is_nothing(known: OldHome, old: OldReader, trusted: bool) -> None:
    """Whoever has it retained: a door would open at every start."""
    if trusted:
        known.trust()
    old.publish("fingerprint", ANNAS, retain=True)
    known.moments.clear()
    await known.restart()
    assert known.touches() == []
    assert known.state("sensor", "last_identified").state == "unknown"


@pytest.mark.parametrize(
    "message",
    [
        b"\xff",
        b'{"fingerprint_id":"1","confidence":120}',
        {**ANNAS, "confidence": None},
        {**ANNAS, "v": 1},
        {"v": 1, "touch": "0c4f19d2b7a85e63", "result": "identified", "slot": 1},
    ],
)
async def test_nonsense_opens_nothing_and_is_one_line_in_the_log(
    known: OldHome, old: OldReader, message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    known.trust()
    caplog.clear()
    old.publish("fingerprint", message)
    assert known.touches() == []
    lines = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert ["biometric/esp32/fingerprint" in line.getMessage() for line in lines] == [True]


# Having them reported at all


async def test_a_reader_that_was_restarted_is_told_again_to_report_touches(
    known: OldHome, old: OldReader
) -> None:
    """It was never seen to be away, and forgets what it was told."""
    asked = len(old.heard_of("detect/request"))
    old.reboot()
    await old.hears("detect/request", asked + 1)
    old.scan("anna")
    assert len(known.touches()) == 1


async def test_a_lost_request_for_touches_is_said_again_with_the_next_status(
    new_home: OldHome, old: OldReader
) -> None:
    old.deaf = lambda suffix, _message: suffix == "detect/request"
    await new_home.set_up()
    old.deaf = lambda _suffix, _message: False
    # Not at once again: a reader that answers with a status would be asked for ever.
    old.say_status()
    await new_home.settle()
    assert old.heard_of("detect/request") == []
    presence = new_home.entry.runtime_data.client._connection
    presence._detect_from = 0
    old.say_status()
    await old.hears("detect/request")


async def test_an_enrollment_is_not_disturbed_by_a_request_for_touches(
    home: OldHome, old: OldReader
) -> None:
    await old.hears("detect/request")
    await home.enroll()
    asked = len(old.heard_of("detect/request"))
    home.entry.runtime_data.client._connection._detect_from = 0
    old.say_status()
    await home.settle()
    assert len(old.heard_of("detect/request")) == asked
