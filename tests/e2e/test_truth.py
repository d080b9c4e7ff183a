"""What the sensor really holds, with every part real: deleted, adopted, swapped, set."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from demo.client import CommandError
from emulator.faults import Fault
from emulator.profiles import PROFILES
from emulator.sensor import EmulatedSensor
from emulator.wire import Command
from tests.e2e.bench import LATE_TOUCH, READER_ID, STORED, TOUCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="session")

IDENTIFICATION = f"switch.{READER_ID}_identification"
SENSOR = f"binary_sensor.{READER_ID}_sensor"
SECURITY_LEVEL = f"select.{READER_ID}_security_level"


async def _enrolled(bench: Bench, name: str) -> tuple[Any, str]:
    finger = bench.new_finger()
    answer = await bench.enroll(name, finger)
    assert answer["outcome"] == "completed"
    return finger, answer["template_id"]


async def _change(bench: Bench, action: str, **data: Any) -> None:
    await bench.client.async_action(f"biometric_enroll.{action}", response=False, **data)


async def _listed(bench: Bench, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return what the reader holds, once that is true of it; each change is shown by an entity."""
    while True:
        mark = bench.mark
        answer: dict[str, Any] = await bench.action("get_fingerprints")
        if true(answer):
            return answer
        await bench.until_shown(STORED, mark)


def _slots(bench: Bench) -> set[int]:
    """Return the occupied slots of the sensor itself."""
    with bench.reader.line.hold() as sensor:
        return set(sensor.flash.templates)


async def test_a_deleted_fingerprint_is_gone_from_the_sensor_and_nobody_is_identified(
    bench_on_lines: Bench,
) -> None:
    bench = bench_on_lines
    finger, template_id = await _enrolled(bench, "Olga")
    before = _slots(bench)
    await _change(bench, "delete_fingerprint", template_id=template_id)
    assert len(before - _slots(bench)) == 1
    assert "Olga" not in await bench.names()

    bench.ran.clear()
    await bench.touch(finger)
    await bench.client.async_until(
        lambda states: states[TOUCH].attributes["event_type"] == "not_identified"
    )
    assert bench.ran == []


async def test_a_delete_whose_reader_loses_power_in_the_middle_is_done_all_the_same(
    bench_on_lines: Bench,
) -> None:
    bench = bench_on_lines
    _, template_id = await _enrolled(bench, "Pia")
    line = bench.reader.line
    # The sensor hears nothing of it until the reader has no power any more.
    since = line.command_count
    with line.hold() as sensor:
        sensor.faults.add(Fault.REQUEST_LOST, None, command=Command.DELET_CHAR)
    deleting = asyncio.create_task(_change(bench, "delete_fingerprint", template_id=template_id))
    await asyncio.to_thread(line.wait_for_command, Command.DELET_CHAR, 30, since=since)
    bench.reader.kill()
    with pytest.raises(CommandError) as error:
        await deleting
    assert error.value.translation_key == "reader_unreachable"
    assert "Pia" in await bench.names()

    with line.hold() as sensor:
        sensor.faults.clear()
    bench.reader.start()
    answer = await _listed(bench, lambda answer: "Pia" not in str(answer["fingerprints"]))
    assert all(each["template_id"] != template_id for each in answer["unnamed"])
    assert f"fingerprints_gone_{await _entry_id(bench)}" not in await _issues(bench)


async def test_a_name_that_was_forgotten_only_here_can_be_given_again(
    bench_on_lines: Bench,
) -> None:
    bench = bench_on_lines
    finger, template_id = await _enrolled(bench, "Quentin")
    await _change(bench, "delete_fingerprint", template_id=template_id, force=True)
    answer = await _listed(bench, lambda answer: template_id in str(answer["unnamed"]))
    unnamed = next(each for each in answer["unnamed"] if each["template_id"] == template_id)
    assert unnamed["slot"] in bench.client.states[STORED].attributes["unnamed_slots"]
    await _change(
        bench,
        "update_fingerprint",
        device_id=bench.device_id,
        slot=unnamed["slot"],
        name="Quentin the second",
    )
    await bench.touch(finger)
    await bench.client.async_until(
        lambda states: states[TOUCH].attributes.get("name") == "Quentin the second"
    )


async def test_a_template_that_somebody_else_stored_is_adopted_with_an_id_of_its_own(
    bench_on_lines: Bench,
) -> None:
    bench = bench_on_lines
    finger, template_id = await _enrolled(bench, "Rosa")
    slot = next(
        each["slot"]
        for each in (await bench.action("get_fingerprints"))["fingerprints"]
        if each["template_id"] == template_id
    )
    with bench.reader.line.hold() as sensor:
        sensor.flash.templates[200] = sensor.flash.templates.pop(slot)
    # It looks into its sensor when that starts.
    bench.reader.kill()
    bench.reader.start()
    await _listed(bench, lambda answer: any(each["slot"] == 200 for each in answer["unnamed"]))
    issue = f"fingerprints_gone_{await _entry_id(bench)}"
    await _listed(bench, lambda answer: any(each["missing"] for each in answer["fingerprints"]))
    assert issue in await _issues(bench)

    await _change(
        bench, "update_fingerprint", device_id=bench.device_id, slot=200, name="Rosa again"
    )
    await bench.touch(finger)
    await bench.client.async_until(
        lambda states: states[TOUCH].attributes.get("name") == "Rosa again"
    )
    ended = await bench.stage.home_assistant.async_repair(issue, {})
    assert ended["type"] == "create_entry"
    assert "Rosa" not in await bench.names()
    assert issue not in await _issues(bench)


async def test_identification_that_is_off_stays_off_over_a_restart_of_the_reader(
    bench_on_lines: Bench,
) -> None:
    bench = bench_on_lines
    finger, _ = await _enrolled(bench, "Sven")
    await bench.client.async_action("switch.turn_off", response=False, entity_id=IDENTIFICATION)
    assert bench.client.states[IDENTIFICATION].state == "off"
    bench.reader.kill()
    await bench.client.async_until_state(IDENTIFICATION, "unavailable")
    bench.reader.start()
    await bench.client.async_until_state(IDENTIFICATION, "off")
    bench.events.clear()
    await bench.touch_unheard(finger)
    await bench.client.async_action("switch.turn_on", response=False, entity_id=IDENTIFICATION)
    await bench.touch(finger)
    await bench.client.async_until(lambda _: len(bench.events) > 0)
    assert [event["type"] for event in bench.events] == ["identified"]


async def test_the_security_level_is_that_of_the_sensor(bench_on_lines: Bench) -> None:
    bench = bench_on_lines
    await bench.client.async_action(
        "select.select_option", response=False, entity_id=SECURITY_LEVEL, option="5"
    )
    assert bench.client.states[SECURITY_LEVEL].state == "5"
    with bench.reader.line.hold() as sensor:
        assert sensor.flash.security == 5
    await bench.client.async_action(
        "select.select_option", response=False, entity_id=SECURITY_LEVEL, option="3"
    )


async def test_another_sensor_identifies_nobody_until_the_user_has_accepted_it(
    bench_on_lines: Bench,
) -> None:
    bench = bench_on_lines
    finger, template_id = await _enrolled(bench, "Tilda")
    with bench.reader.line.hold() as sensor:
        library = dict(sensor.flash.templates)
    other = EmulatedSensor(PROFILES["R307"])
    other.flash.templates.update(library)
    bench.reader.line.unplug()
    await _sensor_until(bench, "sensor_error", "not_responding")
    bench.reader.line.swap(other)
    await _sensor_until(bench, "sensor_changed", True)
    issue = f"sensor_changed_{await _entry_id(bench)}"
    assert issue in await _issues(bench)
    bench.ran.clear()
    await bench.touch(finger)
    await bench.client.async_until(
        lambda states: states[TOUCH].attributes["event_type"] == "not_identified"
    )
    assert bench.ran == []

    ended = await bench.stage.home_assistant.async_repair(issue, {})
    assert ended["type"] == "create_entry"
    answer = await _listed(bench, lambda answer: len(answer["unnamed"]) == len(library))
    assert issue not in await _issues(bench)
    assert f"fingerprints_gone_{await _entry_id(bench)}" in await _issues(bench)
    # Its touches are still nobody's.
    late = bench.client.states[LATE_TOUCH]
    await bench.touch(finger)
    await bench.client.async_until(
        lambda states: states[TOUCH].attributes.get("reason") == "unknown_fingerprint"
    )
    assert bench.client.states[LATE_TOUCH] == late
    assert bench.ran == []
    assert template_id not in str(answer["unnamed"])


async def _sensor_until(bench: Bench, attribute: str, value: object) -> None:
    await bench.client.async_until(
        lambda states: states[SENSOR].attributes.get(attribute) == value, within=60
    )


async def _entry_id(bench: Bench) -> str:
    entries = await bench.client.async_command(type="config_entries/get", domain="biometric_enroll")
    entry_id: str = entries[0]["entry_id"]
    return entry_id


async def _issues(bench: Bench) -> set[str]:
    answer = await bench.client.async_command(type="repairs/list_issues")
    return {each["issue_id"] for each in answer["issues"]}
