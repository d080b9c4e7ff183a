"""All answers to a request are lost, and yet it was done: what its caller is told holds."""

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from custom_components.biometric_enroll.client import unwanted
from tests.support.home import async_fails, stored_names
from tests.support.reader import DEVICE

if TYPE_CHECKING:
    import asyncio

    from tests.support.home import Home
    from tests.support.reader import FakeReader


def _mute(reader: FakeReader, *requests: str) -> None:
    """Lose the answers to these requests, by command or action, and only those."""
    say = reader._say_answer

    def lost(answer: dict[str, Any]) -> None:
        names = {each["request"]: each.get("command") or each["action"] for each in reader.heard}
        if names.get(answer["request"]) not in requests:
            say(answer)

    reader._say_answer = lost  # type: ignore[method-assign]


async def _started_late(home: Home, reader: FakeReader) -> str:
    """Let a start come through after its caller was told that it failed; return its template id."""
    reader.holds.add("start")
    assert await async_fails(home.enroll()) == "reader_unreachable"
    reader.holds.clear()
    template_id: str = reader.held[0]["template_id"]
    with reader.unheard():
        reader.enrollment = {
            **reader.enrollment,
            "template_id": template_id,
            "slot": 5,
            "stage": "place_finger",
            "step": 1,
            "total": 3,
            "seq": 1,
            "timeout_ms": 30_000,
        }
        # Faster than Home Assistant can cancel.
        reader.capture(3)
    return template_id


async def test_a_snapshot_of_the_enrollment_is_as_good_as_the_answer_to_start(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    _mute(reader, "start")
    enrolling: asyncio.Task[Any] = home.hass.async_create_task(home.enroll())
    await reader.hears("start")
    # The finger comes at once.
    reader.capture(3)
    assert (await enrolling)["slot"] == 5
    await home.settle()
    assert await home.named() == {5: "Anna"}
    assert home.stage == "completed"


async def test_a_snapshot_of_the_enrollment_proves_more_than_a_refusal_of_somebody_else(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    """A finger that has a name by then would be deleted, and its caller told that it failed."""
    _mute(reader, "start")
    enrolling: asyncio.Task[Any] = home.hass.async_create_task(home.enroll())
    await reader.hears("start")
    reader.capture(3)
    reader.say(
        "command/response",
        {"request": reader.heard_of("start")[0]["request"], "ok": False, "error": "stale"},
    )
    assert (await enrolling)["slot"] == 5
    await home.settle()
    assert await home.named() == {5: "Anna"}
    assert reader.heard_of("delete") == []


async def test_refused_starts_after_one_that_was_given_up_forget_none_that_was_before(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    template_id = await _started_late(home, reader)
    reader.refuses["delete"] = "busy"
    reader.holds.add("start")
    assert await async_fails(home.enroll()) == "reader_unreachable"
    reader.holds.clear()
    reader.refuses["start"] = "slot_occupied"
    for _ in range(16):
        assert await async_fails(home.enroll(slot=5)) == "refused_slot_occupied"
    assert template_id in home.entry.runtime_data.registry.unwanted(DEVICE)


async def test_what_was_stored_after_the_start_had_failed_is_deleted_and_names_nobody(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], impatient: None
) -> None:
    events = home.event_types("enrollment_activity")
    template_id = await _started_late(home, reader)
    assert reader.stored[5] == template_id
    reader.announce()
    await home.look()
    await reader.hears("delete")
    await home.settle()
    assert 5 not in reader.stored
    shown = home.state("sensor", "enrollment")
    assert (shown.state, shown.attributes["reason"]) == ("failed", "given_up")
    assert "completed" not in events
    assert events[-1] == "failed"
    assert stored_names(hass_storage) == []
    assert await home.fingerprints() == []


async def test_a_deletion_that_fails_again_and_again_is_logged_once(
    home: Home, reader: FakeReader, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    with patch.object(unwanted, "AGAIN_AFTER", 0.02):
        await _started_late(home, reader)
        reader.refuses["delete"] = "sensor_error"
        reader.announce()
        await home.look()
        await reader.hears("delete", 4)
        reader.refuses.clear()
        await reader.until(lambda: 5 not in reader.stored)
    told = [each for each in caplog.records if "Could not delete" in each.getMessage()]
    assert [each.levelname for each in told if each.levelname != "DEBUG"] == ["WARNING"]


async def test_it_is_deleted_also_after_a_restart_and_after_another_enrollment(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    """Meanwhile it is shown, and cannot be named."""
    template_id = await _started_late(home, reader)
    reader.refuses["delete"] = "busy"
    reader.announce()
    await home.look()
    assert await home.unnamed() == {1: None, 2: None, 3: None, 5: template_id}
    assert await async_fails(home.update(template_id=template_id, name="Ben")) == "given_up"
    await home.enroll(slot=7, name="Ben")
    reader.capture(3)
    await home.settle()
    deletes = len(reader.heard_of("delete"))
    assert await home.unload()
    reader.refuses.clear()
    await home.restart_from_disk()
    await reader.hears("delete", deletes + 1)
    await home.settle()
    assert 5 not in reader.stored
    assert await home.named() == {7: "Ben"}
    assert template_id not in (await home.unnamed()).values()


async def test_a_list_without_the_template_is_as_good_as_the_answer_to_delete(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], impatient: None
) -> None:
    anna = await home.enrolled()
    _mute(reader, "delete")
    await home.delete(template_id=anna)
    assert 5 not in reader.stored
    assert stored_names(hass_storage) == []


@pytest.mark.parametrize("sensor_changed", [False, True])
async def test_a_list_that_proves_nothing_is_no_answer_to_delete(
    home: Home, reader: FakeReader, impatient: None, sensor_changed: bool
) -> None:
    """Either the template is still there, or another sensor, whose list has no ids."""
    anna = await home.enrolled()
    reader.holds.add("delete")
    if sensor_changed:
        reader.stored = dict.fromkeys(reader.stored)
        reader.templates = {**reader.templates, "sensor_changed": True}
    assert await async_fails(home.delete(template_id=anna)) == "reader_unreachable"
    assert await home.named() == {5: "Anna"}
