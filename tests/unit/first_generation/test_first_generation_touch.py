"""Touches on a reader of the first generation: never live, unless the user says so."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.first_generation.sketch import POOR, Sketch

if TYPE_CHECKING:
    from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome

ANNAS = {"fingerprint_id": 1, "confidence": 120, "timestamp": 93300, "mode": "attendance"}


@pytest.fixture
async def known(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> FirstGenerationHome:
    """Return Home Assistant that knows Anna, in slot 1."""
    await home.enrolled()
    await first_gen.hears("detect/request")
    home.reader_events.clear()
    return home


async def test_a_touch_is_late_and_has_no_name(
    known: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.scan("anna")
    [touch] = known.touches()
    assert touch["type"] == "late_identified"
    wanted = {"reason": "unproven", "slot": 1, "confidence": 120, "late_name": None, "age": None}
    assert wanted.items() <= touch.items()
    shown = known.state("event", "late_touch").attributes
    assert (shown["event_type"], shown["reason"]) == ("identified", "unproven")
    assert known.state("event", "touch").state == "unknown"
    assert known.state("sensor", "last_identified").state == "unknown"


async def test_a_finger_that_the_sensor_does_not_know_is_late_too(
    known: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.scan("a stranger")
    [touch] = known.touches()
    assert (touch["type"], touch["reason"], touch["slot"]) == (
        "late_not_identified",
        "unknown_finger",
        None,
    )


async def test_a_trusted_touch_has_the_name_of_the_slot(
    known: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    late = known.state("event", "late_touch")
    known.trust()
    first_gen.scan("anna")
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


async def test_no_more_trust_holds_from_the_next_touch(
    known: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    known.trust()
    known.hass.config_entries.async_update_entry(known.entry, options={"trust_touches": False})
    first_gen.scan("anna")
    assert [touch["type"] for touch in known.touches()] == ["late_identified"]


async def test_a_trusted_reader_that_knows_no_finger_identifies_nobody(
    known: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    known.trust()
    first_gen.scan("a stranger")
    [touch] = known.touches()
    assert (touch["type"], touch["reason"]) == ("not_identified", "unknown_finger")
    assert "attributed_by" not in touch
    assert known.state("sensor", "last_identified").state == "unknown"


async def test_a_trusted_slot_without_a_name_identifies_nobody(
    known: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    known.trust()
    first_gen.reader.sensor.templates[2] = "ben"
    first_gen.scan("ben")
    [touch] = known.touches()
    assert (touch["type"], touch["reason"], touch["name"]) == (
        "not_identified",
        "unknown_fingerprint",
        None,
    )


@pytest.mark.parametrize("sketch", [Sketch.LATER])
async def test_a_hint_is_not_a_match(
    known: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    known.trust()
    first_gen.scan("anna", quality=POOR)
    assert first_gen.said[-1][1]["fingerprint_id"] == -2
    [touch] = known.touches()
    assert (touch["type"], touch["name"]) == ("not_identified", None)


@pytest.mark.parametrize("trusted", [False, True])
async def test_a_retained_touch_is_nothing(
    known: FirstGenerationHome, first_gen: FakeFirstGenerationReader, trusted: bool
) -> None:
    """Whoever has it retained: a door would open at every start."""
    if trusted:
        known.trust()
    first_gen.publish("fingerprint", ANNAS, retain=True)
    known.reader_events.clear()
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
    known: FirstGenerationHome,
    first_gen: FakeFirstGenerationReader,
    message: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    known.trust()
    caplog.clear()
    first_gen.publish("fingerprint", message)
    assert known.touches() == []
    lines = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert ["biometric/esp32/fingerprint" in line.getMessage() for line in lines] == [True]


# Having them reported at all


async def test_a_reader_that_was_restarted_is_told_again_to_report_touches(
    known: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    """It was never seen to be away, and forgets what it was told."""
    asked = len(first_gen.heard_of("detect/request"))
    first_gen.reboot()
    await first_gen.hears("detect/request", asked + 1)
    first_gen.scan("anna")
    assert len(known.touches()) == 1


async def test_a_lost_request_for_touches_is_said_again_with_the_next_status(
    new_home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.deaf = lambda suffix, _message: suffix == "detect/request"
    await new_home.set_up()
    first_gen.deaf = lambda _suffix, _message: False
    # Not at once again: a reader that answers with a status would be asked for ever.
    first_gen.say_status()
    await new_home.settle()
    assert first_gen.heard_of("detect/request") == []
    presence = new_home.entry.runtime_data.client._connection
    presence._detect_from = 0
    first_gen.say_status()
    await first_gen.hears("detect/request")


async def test_an_enrollment_is_not_disturbed_by_a_request_for_touches(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await first_gen.hears("detect/request")
    await home.enroll()
    asked = len(first_gen.heard_of("detect/request"))
    home.entry.runtime_data.client._connection._detect_from = 0
    first_gen.say_status()
    await home.settle()
    assert len(first_gen.heard_of("detect/request")) == asked
