"""What Home Assistant keeps of an enrollment: names only when real, reports only once."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from pytest_homeassistant_custom_component.common import MockUser, async_capture_events

from custom_components.biometric_enroll import async_setup
from custom_components.biometric_enroll.const import EVENT_BIOMETRIC_ENROLL
from tests.support.home import (
    async_enroll,
    async_enrolled,
    async_fingerprints,
    async_restart,
    async_set_up,
    async_until,
    available,
    device_id,
    entity_id,
    state,
)

if TYPE_CHECKING:
    from homeassistant.auth.models import User
    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.reader import FakeReader


def told(events: list[Event[dict[str, Any]]]) -> list[tuple[str, int, bool]]:
    """Return type, step and lateness of the moments on the event bus."""
    return [(event.data["type"], event.data["step"], event.data["late"]) for event in events]


# Names


async def test_a_name_is_listed_only_when_the_enrollment_is_completed(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    for _ in range(3):
        assert await async_fingerprints(hass, loaded) == []
        reader.capture()
    await hass.async_block_till_done()
    assert len(await async_fingerprints(hass, loaded)) == 1


@pytest.mark.parametrize(("stage", "reason"), [("failed", "mismatch"), ("cancelled", None)])
async def test_an_enrollment_that_fails_leaves_nothing_and_changes_nothing(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    stage: str,
    reason: str | None,
) -> None:
    await async_enrolled(hass, loaded, reader)
    before = await async_fingerprints(hass, loaded)
    response = await async_enroll(hass, loaded, name="Ben")
    reader.capture()
    reader.end(stage, reason)
    await hass.async_block_till_done()
    assert await async_fingerprints(hass, loaded) == before
    reader.touch(response["template_id"])
    assert state(hass, "event", "touch").attributes["event_type"] == "not_identified"


async def test_an_admin_sees_the_places_of_the_fingerprints(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_admin_user: User
) -> None:
    template_id = await async_enrolled(hass, loaded, reader)
    context = Context(user_id=hass_admin_user.id)
    [fingerprint] = await async_fingerprints(hass, loaded, context)
    assert fingerprint.pop("enrolled_at") is not None
    assert fingerprint == {
        "name": "Anna",
        "finger": "left_thumb",
        "person": None,
        "device_id": device_id(hass, loaded),
        "enabled": True,
        "last_identified_at": None,
        "count": 0,
        "missing": False,
        "slot": 5,
        "template_id": template_id,
    }


async def test_who_may_only_read_sees_no_places(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_read_only_user: User
) -> None:
    """A template id is what a touch is known by; it is nobody's business but the admin's."""
    await async_enrolled(hass, loaded, reader)
    context = Context(user_id=hass_read_only_user.id)
    [fingerprint] = await async_fingerprints(hass, loaded, context)
    assert fingerprint.keys().isdisjoint({"slot", "template_id"})
    assert fingerprint["name"] == "Anna"


@pytest.mark.parametrize("domain", ["light", "sensor"])
async def test_who_may_not_read_all_the_entities_sees_nothing(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, domain: str
) -> None:
    await async_enrolled(hass, loaded, reader)
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"domains": {domain: True}}})
    with pytest.raises(Unauthorized):
        await async_fingerprints(hass, loaded, Context(user_id=user.id))


async def test_a_user_that_is_gone_sees_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    with pytest.raises(Unauthorized):
        await async_fingerprints(hass, loaded, Context(user_id="gone"))


async def test_fingerprints_are_listed_by_slot(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    for name, slot in (("Ben", 9), ("Anna", 2), ("Cem", 4)):
        await async_enroll(hass, loaded, name=name, slot=slot)
        for _ in range(3):
            reader.capture()
    await hass.async_block_till_done()
    names = [found["name"] for found in await async_fingerprints(hass, loaded)]
    assert names == ["Anna", "Cem", "Ben"]


# Moments


async def test_every_scan_is_told_once_and_live(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    events = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    await async_enroll(hass, loaded)
    reader.capture()
    reader.reject("too_messy")
    reader.capture()
    reader.capture()
    await hass.async_block_till_done()
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


async def test_a_repeated_snapshot_tells_nothing_new(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    reader.capture()
    events = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    reader.announce()
    await reader.hears("hello", len(reader.heard_of("hello")) + 1)
    await hass.async_block_till_done()
    assert events == []


async def test_an_old_snapshot_is_ignored(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """A broker that restarts with an old store brings back what was retained then."""
    await async_enroll(hass, loaded)
    old = reader.enrollment
    reader.capture()
    before = state(hass, "sensor", "enrollment")
    reader.say("enroll/response", old)
    assert state(hass, "sensor", "enrollment") == before


async def test_the_enrollment_of_somebody_else_is_not_followed(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await async_enrolled(hass, loaded, reader)
    before = state(hass, "sensor", "enrollment")
    reader.say("enroll/response", {**reader.enrollment, "template_id": "0" * 16})
    assert state(hass, "sensor", "enrollment") == before
    assert "an enrollment that was not asked for here" in caplog.text


async def test_what_a_reader_did_before_it_was_added_is_not_shown(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry
) -> None:
    reader._start({"template_id": "0" * 16, "slot": 3, "total": 3, "scan_timeout_s": 30})
    reader.end("cancelled")
    await async_set_up(hass, reader, entry)
    await async_until(hass, lambda: available(hass))
    assert state(hass, "sensor", "enrollment").state == "idle"


# Over a restart


async def test_an_enrollment_is_followed_on_after_a_restart(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await async_enroll(hass, loaded)
    reader.capture()
    await hass.async_block_till_done()
    await async_restart(hass, loaded, reader)
    shown = state(hass, "sensor", "enrollment")
    assert (shown.state, shown.attributes["name"]) == ("place_finger", "Anna")
    assert shown.attributes["expires_at"] is not None
    reader.capture()
    reader.capture()
    await hass.async_block_till_done()
    [fingerprint] = await async_fingerprints(hass, loaded)
    assert fingerprint["name"] == "Anna"


async def test_what_was_missed_in_a_restart_is_told_once_and_as_late(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await async_enroll(hass, loaded)
    reader.capture()
    await hass.async_block_till_done()
    events = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    assert await hass.config_entries.async_unload(loaded.entry_id)
    reader.capture()
    assert await async_setup(hass, {})
    await async_set_up(hass, reader, loaded)
    reader.capture()
    await hass.async_block_till_done()
    await async_restart(hass, loaded, reader)
    assert told(events) == [
        ("scan_captured", 2, True),
        ("scan_captured", 3, False),
        ("completed", 3, False),
    ]


async def test_an_enrollment_that_completed_during_a_restart_gets_its_name(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await async_enroll(hass, loaded)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(loaded.entry_id)
    for _ in range(3):
        reader.capture()
    assert await async_setup(hass, {})
    await async_set_up(hass, reader, loaded)
    [fingerprint] = await async_fingerprints(hass, loaded)
    assert fingerprint["name"] == "Anna"


async def test_a_crash_between_name_and_mark_makes_no_second_fingerprint(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """The name is saved first: told again, as late, is better than lost."""
    await async_enroll(hass, loaded)
    await hass.async_block_till_done()
    delivery_log = hass_storage["biometric_enroll.marks"]
    for _ in range(3):
        reader.capture()
    await hass.async_block_till_done()
    before = await async_fingerprints(hass, loaded)
    hass_storage["biometric_enroll.marks"] = delivery_log
    await async_restart(hass, loaded, reader)
    assert state(hass, "sensor", "enrollment").state == "completed"
    assert await async_fingerprints(hass, loaded) == before


async def test_a_name_that_was_only_meant_is_not_shown_after_a_restart(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    impatient: None,
) -> None:
    """Home Assistant was stopped between asking and the answer; the reader never started."""
    saved: dict[str, Any] = {}
    obey = reader.on_request

    def look(request: dict[str, Any]) -> None:
        if request.get("action") == "start":
            saved.update(hass_storage["biometric_enroll.roster"])
        else:
            obey(request)

    reader.on_request = look  # type: ignore[method-assign]
    with pytest.raises(HomeAssistantError):
        await async_enroll(hass, loaded)
    assert "Anna" in str(saved)
    hass_storage["biometric_enroll.roster"] = saved
    await async_restart(hass, loaded, reader)
    shown = state(hass, "sensor", "enrollment")
    assert (shown.state, shown.attributes["name"]) == ("idle", None)
    assert await async_fingerprints(hass, loaded) == []


# A reader that lost its memory


async def test_a_reader_that_forgot_the_enrollment_has_failed(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    reader.capture()
    events = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    reader.forget()
    reader.announce()
    await _async_until_stage(hass, "failed")
    assert state(hass, "sensor", "enrollment").attributes["reason"] == "reader_restarted"
    await hass.async_block_till_done()
    assert told(events) == [("failed", 2, True)]
    assert await async_fingerprints(hass, loaded) == []


async def test_a_reader_that_forgot_can_enroll_again(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    reader.forget()
    await async_enrolled(hass, loaded, reader)
    assert state(hass, "sensor", "enrollment").state == "completed"


async def test_an_answer_from_before_the_enrollment_ends_nothing(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """It was on its way when the enrollment started, and so knows nothing of it."""
    before = reader.greeted
    assert before is not None
    await async_enroll(hass, loaded)
    reader.answer_again(before)
    assert state(hass, "sensor", "enrollment").state == "place_finger"


async def test_an_enrollment_at_the_end_of_its_numbers_can_be_forgotten(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """What Home Assistant saves of it must be readable after the next start."""
    await async_enroll(hass, loaded)
    reader.enrollment["seq"] = 65534
    reader.go_on()
    reader.forget()
    reader.announce()
    await _async_until_stage(hass, "failed")
    await hass.async_block_till_done()
    await async_restart(hass, loaded, reader)
    assert state(hass, "sensor", "enrollment").state == "failed"


async def _async_until_stage(hass: HomeAssistant, stage: str) -> None:
    shown = entity_id(hass, "sensor", "enrollment")
    await async_until(hass, lambda: hass.states.is_state(shown, stage))
