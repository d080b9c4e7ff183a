"""Enrollments with every part real: the check list of the first generation, and more."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from demo.client import CommandError
from emulator.fingers import Finger, Quality
from tests.support.house import CONNECTIVITY, ENROLLMENT, PROGRESS, READER_ID, STORED

if TYPE_CHECKING:
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _activity(house: House) -> list[str]:
    return [event["type"] for event in house.events]


@pytest.mark.parametrize("run", range(1, 6))
async def test_five_in_a_row_show_every_scan_once_and_in_order(house: House, run: int) -> None:
    position, stored = house.position, int(house.client.states[STORED].state)
    answer = await house.enroll(f"Person {run}", house.new_finger())
    await house.client.async_until_state(PROGRESS, "100")
    await house.client.async_until_state(STORED, str(stored + 1))

    assert answer["outcome"] == "completed"
    progress = [state for state in house.seen(PROGRESS, position) if state != "0"]
    assert progress == ["33", "67", "100"]
    scans = [event for event in house.events if event["type"] == "scan_captured"]
    assert [scan["step"] for scan in scans] == [1, 2, 3]
    assert not any(scan["late"] for scan in scans)
    assert {event["template_id"] for event in house.events} == {answer["template_id"]}
    assert _activity(house) == ["started", *["scan_captured"] * 3, "completed"]
    assert f"Person {run}" in await house.names()


async def test_the_enrollment_sensor_shows_who_is_enrolled_and_the_next_step(
    house: House,
) -> None:
    await house.action("enroll_fingerprint", name="Clara", finger="left_thumb")
    state = await house.client.async_until_state(ENROLLMENT, "place_finger")
    await house.action("cancel_enrollment")

    assert state.attributes["name"] == "Clara"
    assert state.attributes["finger"] == "left_thumb"
    assert (state.attributes["step"], state.attributes["total"]) == (1, 3)
    assert state.attributes["expires_at"] is not None


async def test_a_cancel_ends_it_and_leaves_no_name_and_no_template(house: House) -> None:
    names, stored = await house.names(), house.client.states[STORED].state
    finger = house.new_finger()
    started = await house.action("enroll_fingerprint", name="Nobody")
    house.reader.sensor_line.place(finger)
    await house.client.async_until_state(ENROLLMENT, "lift_finger")
    house.reader.sensor_line.lift()
    await house.action("cancel_enrollment")

    assert house.client.states[ENROLLMENT].state == "cancelled"
    assert await house.names() == names
    assert house.client.states[STORED].state == stored
    with house.reader.sensor_line.hold() as sensor:
        assert started["slot"] not in sensor.templates


async def test_an_enrollment_without_a_finger_ends_by_itself(house: House) -> None:
    names = await house.names()
    answer = await house.action("enroll_fingerprint", name="Nobody", scan_timeout=5, wait=True)

    assert (answer["outcome"], answer["reason"]) == ("failed", "timeout")
    assert await house.names() == names


async def test_a_finger_that_is_there_already_is_refused_by_name(house: House) -> None:
    finger = house.new_finger()
    await house.enroll("Dora", finger)
    answer = await house.enroll("Somebody else", finger)

    assert (answer["outcome"], answer["reason"]) == ("failed", "duplicate")
    assert house.client.states[ENROLLMENT].attributes["duplicate_of"] == "Dora"
    assert "Somebody else" not in await house.names()


async def test_different_fingers_never_become_one_fingerprint(house: House) -> None:
    stored = house.client.states[STORED].state
    answer = await house.enroll("Two people", house.new_finger(), house.new_finger())

    assert (answer["outcome"], answer["reason"]) == ("failed", "mismatch")
    assert house.client.states[STORED].state == stored


async def test_a_bad_image_repeats_that_scan_only(house: House) -> None:
    position = house.position
    finger = Finger("clumsy", first=[Quality.OK, Quality.TOO_MESSY])
    answer = await house.enroll("Emil", finger)
    await house.client.async_until_state(PROGRESS, "100")

    assert answer["outcome"] == "completed"
    assert [state for state in house.seen(PROGRESS, position) if state != "0"] == [
        "33",
        "67",
        "100",
    ]
    rejected = next(event for event in house.events if event["type"] == "scan_rejected")
    assert (rejected["step"], rejected["rejected_reason"]) == (2, "too_messy")
    captured = [event for event in house.events if event["type"] == "scan_captured"]
    assert [scan["attempts"] for scan in captured] == [1, 2, 1]


async def test_a_second_enrollment_while_busy_is_refused_and_the_first_goes_on(
    house: House,
) -> None:
    first = await house.action("enroll_fingerprint", name="First")
    before = await house.client.async_until_state(ENROLLMENT, "place_finger")
    with pytest.raises(CommandError) as refusal:
        await house.action("enroll_fingerprint", name="Second")

    assert refusal.value.translation_key == "refused_busy"
    assert house.client.states[ENROLLMENT] == before
    assert before.attributes["template_id"] == first["template_id"]
    await house.action("cancel_enrollment")


async def test_a_reader_without_power_gives_a_clear_error_and_comes_back(house: House) -> None:
    house.reader.kill()
    await house.client.async_until_state(CONNECTIVITY, "off", within=60)
    with pytest.raises(CommandError) as refusal:
        await house.action("enroll_fingerprint", name="Nobody")
    assert refusal.value.translation_key == "reader_unreachable"

    house.reader.start()
    await house.until_available()
    answer = await house.enroll("Frida", house.new_finger())
    assert answer["outcome"] == "completed"


async def test_a_start_that_comes_late_is_stale_and_starts_nothing(house: House) -> None:
    """A queue on the way may delay a start for a minute; by then it must not enroll anybody."""
    started = await house.action("enroll_fingerprint", name="Gerd")
    await house.action("cancel_enrollment")
    start = next(
        message
        for message in house.wire.of("enroll/request")
        if message.get("template_id") == started["template_id"] and message["action"] == "start"
    )
    late = {**start, "request": "00000000000000aa", "template_id": "00000000000000bb"}
    answer = await house.wire.ask("enroll/request", late)
    assert (answer["ok"], answer["error"]) == (False, "stale")

    # The same message again gets the same answer, and starts nothing.
    again = len(house.wire.of("enroll/response"))
    await house.wire.ask("enroll/request", start)
    hello = await house.wire.ask(
        "command", {"v": 1, "request": "00000000000000cc", "command": "hello"}
    )
    assert hello["result"]["enrollment"]["stage"] == "cancelled"
    assert all(
        snapshot["stage"] == "cancelled" for snapshot in house.wire.of("enroll/response")[again:]
    )


async def test_garbage_on_every_topic_changes_nothing(house: House) -> None:
    before = {
        entity_id: state
        for entity_id, state in house.client.states.items()
        if f".{READER_ID}_" in entity_id
    }
    for topic in (
        *("status", "templates", "enroll/response", "fingerprint"),
        *("command/response", "enroll/request", "command"),
    ):
        for garbage in (b"", b"\xff\xfe", b"[[[[", b'{"v":2}', b'{"v":1}', b"x" * 5000, b"null"):
            house.wire.say(topic, garbage)
    foreign = {**house.wire.of("enroll/response")[-1], "template_id": "ffffffffffffffff"}
    house.wire.say("enroll/response", foreign)
    # All of it went before this on the same connections.
    answer = await house.enroll("Hanna", house.new_finger())

    assert answer["outcome"] == "completed"
    await asyncio.gather(*(house.names(), house.until_available()))
    changed = {
        entity_id
        for entity_id, state in before.items()
        if house.client.states[entity_id].state == "unavailable" != state.state
    }
    assert not changed
