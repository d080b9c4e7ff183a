"""What Home Assistant saves of an enrollment: a name once it is completed, and reported events."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from pytest_homeassistant_custom_component.common import MockUser, async_capture_events

from custom_components.biometric_enroll.const import EVENT_BIOMETRIC_ENROLL

if TYPE_CHECKING:
    from homeassistant.auth.models import User
    from homeassistant.core import Event

    from tests.support.home import Home
    from tests.support.reader import FakeReader


def told(events: list[Event[dict[str, Any]]]) -> list[tuple[str, int, bool]]:
    """Return type, step and lateness of the events on the event bus."""
    return [(event.data["type"], event.data["step"], event.data["late"]) for event in events]


# Names


async def test_a_name_is_listed_only_when_the_enrollment_is_completed(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    for _ in range(3):
        assert await home.fingerprints() == []
        reader.capture()
    await home.settle()
    assert len(await home.fingerprints()) == 1


@pytest.mark.parametrize(("stage", "reason"), [("failed", "mismatch"), ("cancelled", None)])
async def test_an_enrollment_that_fails_leaves_nothing_and_changes_nothing(
    home: Home, reader: FakeReader, stage: str, reason: str | None
) -> None:
    await home.enrolled()
    before = await home.fingerprints()
    response = await home.enroll(name="Ben")
    reader.capture()
    reader.end(stage, reason)
    await home.settle()
    assert await home.fingerprints() == before
    reader.touch(response["template_id"])
    assert home.state("event", "touch").attributes["event_type"] == "not_identified"


async def test_an_admin_sees_the_places_of_the_fingerprints(
    home: Home, hass_admin_user: User
) -> None:
    template_id = await home.enrolled()
    context = Context(user_id=hass_admin_user.id)
    [fingerprint] = await home.fingerprints(context)
    assert fingerprint.pop("enrolled_at") is not None
    assert fingerprint == {
        "name": "Anna",
        "finger": "left_thumb",
        "person": None,
        "device_id": home.device_id,
        "enabled": True,
        "last_identified_at": None,
        "count": 0,
        "missing": False,
        "slot": 5,
        "template_id": template_id,
    }


async def test_who_may_only_read_sees_no_places(home: Home, hass_read_only_user: User) -> None:
    """A template id identifies touches; only administrators may see it."""
    await home.enrolled()
    context = Context(user_id=hass_read_only_user.id)
    [fingerprint] = await home.fingerprints(context)
    assert fingerprint.keys().isdisjoint({"slot", "template_id"})
    assert fingerprint["name"] == "Anna"


@pytest.mark.parametrize("domain", ["light", "sensor"])
async def test_who_may_not_read_all_the_entities_sees_nothing(home: Home, domain: str) -> None:
    await home.enrolled()
    user = MockUser().add_to_hass(home.hass)
    user.mock_policy({"entities": {"domains": {domain: True}}})
    with pytest.raises(Unauthorized):
        await home.fingerprints(Context(user_id=user.id))


async def test_a_user_that_is_gone_sees_nothing(home: Home) -> None:
    with pytest.raises(Unauthorized):
        await home.fingerprints(Context(user_id="gone"))


async def test_fingerprints_are_listed_by_slot(home: Home, reader: FakeReader) -> None:
    for name, slot in (("Ben", 9), ("Anna", 2), ("Cem", 4)):
        await home.enroll(name=name, slot=slot)
        reader.capture(3)
    await home.settle()
    names = [found["name"] for found in await home.fingerprints()]
    assert names == ["Anna", "Cem", "Ben"]


# Events


async def test_every_scan_is_reported_once_and_live(home: Home, reader: FakeReader) -> None:
    events = async_capture_events(home.hass, EVENT_BIOMETRIC_ENROLL)
    await home.enroll()
    reader.capture()
    reader.reject("too_messy")
    reader.capture(2)
    await home.settle()
    assert told(events) == [
        ("started", 1, False),
        ("scan_captured", 1, False),
        ("scan_rejected", 2, False),
        ("scan_captured", 2, False),
        ("scan_captured", 3, False),
        ("completed", 3, False),
    ]
    assert events[2].data["rejected_reason"] == "too_messy"
    assert events[3].data["attempts"] == 2


async def test_a_repeated_snapshot_causes_no_event(home: Home, reader: FakeReader) -> None:
    await home.enroll()
    reader.capture()
    events = async_capture_events(home.hass, EVENT_BIOMETRIC_ENROLL)
    reader.announce()
    await reader.hears("hello", len(reader.heard_of("hello")) + 1)
    await home.settle()
    assert events == []


async def test_an_old_snapshot_is_ignored(home: Home, reader: FakeReader) -> None:
    """A broker that restarts with an outdated store sends outdated retained messages."""
    await home.enroll()
    old = reader.enrollment
    reader.capture()
    before = home.state("sensor", "enrollment")
    reader.say("enroll/response", old)
    assert home.state("sensor", "enrollment") == before


async def test_the_enrollment_of_somebody_else_is_not_followed(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    await home.enrolled()
    before = home.state("sensor", "enrollment")
    reader.say("enroll/response", {**reader.enrollment, "template_id": "0" * 16})
    assert home.state("sensor", "enrollment") == before
    assert "an enrollment that was not asked for here" in caplog.text


async def test_what_a_reader_did_before_it_was_added_is_not_shown(
    new_home: Home, reader: FakeReader
) -> None:
    reader._start({"template_id": "0" * 16, "slot": 3, "total": 3, "scan_timeout_s": 30})
    reader.end("cancelled")
    await new_home.set_up()
    await new_home.until(lambda: new_home.available)
    assert new_home.stage == "idle"


# Over a restart


async def test_an_enrollment_is_followed_on_after_a_restart(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    await home.enroll()
    reader.capture()
    await home.settle()
    await home.restart()
    shown = home.state("sensor", "enrollment")
    assert (shown.state, shown.attributes["name"]) == ("place_finger", "Anna")
    assert shown.attributes["expires_at"] is not None
    reader.capture(2)
    await home.settle()
    assert list((await home.named()).values()) == ["Anna"]


async def test_events_missed_during_a_restart_are_reported_once_and_as_late(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    await home.enroll()
    reader.capture()
    await home.settle()
    events = async_capture_events(home.hass, EVENT_BIOMETRIC_ENROLL)
    assert await home.unload()
    reader.capture()
    await home.restart_from_disk()
    reader.capture()
    await home.settle()
    await home.restart()
    assert told(events) == [
        ("scan_captured", 2, True),
        ("scan_captured", 3, False),
        ("completed", 3, False),
    ]


async def test_an_enrollment_that_completed_during_a_restart_gets_its_name(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    await home.enroll()
    await home.settle()
    assert await home.unload()
    reader.capture(3)
    await home.restart_from_disk()
    assert list((await home.named()).values()) == ["Anna"]


async def test_a_crash_between_saving_name_and_delivery_log_makes_no_second_fingerprint(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    """The name is saved first: a repeated late event is better than a lost one."""
    await home.enroll()
    await home.settle()
    delivery_log = hass_storage["biometric_enroll.marks"]
    reader.capture(3)
    await home.settle()
    before = await home.fingerprints()
    hass_storage["biometric_enroll.marks"] = delivery_log
    await home.restart()
    assert home.stage == "completed"
    assert await home.fingerprints() == before


async def test_a_pending_name_is_not_shown_after_a_restart(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], impatient: None
) -> None:
    """Home Assistant was stopped between request and answer; the reader has not started."""
    saved: dict[str, Any] = {}
    obey = reader.on_request

    def look(request: dict[str, Any]) -> None:
        if request.get("action") == "start":
            saved.update(hass_storage["biometric_enroll.roster"])
        else:
            obey(request)

    reader.on_request = look  # type: ignore[method-assign]
    with pytest.raises(HomeAssistantError):
        await home.enroll()
    assert "Anna" in str(saved)
    hass_storage["biometric_enroll.roster"] = saved
    await home.restart()
    shown = home.state("sensor", "enrollment")
    assert (shown.state, shown.attributes["name"]) == ("idle", None)
    assert await home.fingerprints() == []


# A reader that lost its memory


async def test_a_reader_that_forgot_the_enrollment_has_failed(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    reader.capture()
    events = async_capture_events(home.hass, EVENT_BIOMETRIC_ENROLL)
    reader.forget()
    reader.announce()
    await home.until_stage("failed")
    assert home.state("sensor", "enrollment").attributes["reason"] == "reader_restarted"
    await home.settle()
    assert told(events) == [("failed", 2, True)]
    assert await home.fingerprints() == []


async def test_a_reader_that_forgot_can_enroll_again(home: Home, reader: FakeReader) -> None:
    await home.enroll()
    reader.forget()
    await home.enrolled()
    assert home.stage == "completed"


async def test_an_answer_from_before_the_enrollment_ends_nothing(
    home: Home, reader: FakeReader
) -> None:
    """It was sent before the enrollment started, and so does not contain it."""
    before = reader.greeted
    assert before is not None
    await home.enroll()
    reader.answer_again(before)
    assert home.stage == "place_finger"


async def test_an_enrollment_at_the_end_of_its_numbers_can_be_forgotten(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    """The saved snapshot must be readable after the next start."""
    await home.enroll()
    reader.enrollment["seq"] = 65534
    reader.go_on()
    reader.forget()
    reader.announce()
    await home.until_stage("failed")
    await home.settle()
    await home.restart()
    assert home.stage == "failed"
