"""Templates, sensors and settings are changed with every part real."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from demo.client import CommandError
from emulator.faults import Fault
from emulator.odd_profiles import PROFILES
from emulator.sensor import EmulatedSensor
from emulator.wire import Command
from tests.support.house import LATE_TOUCH, READER_ID, STORED, TOUCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

IDENTIFICATION = f"switch.{READER_ID}_identification"
SENSOR = f"binary_sensor.{READER_ID}_sensor"
SECURITY_LEVEL = f"select.{READER_ID}_security_level"


async def _enrolled(house: House, name: str) -> tuple[Any, str]:
    finger = house.new_finger()
    answer = await house.enroll(name, finger)
    assert answer["outcome"] == "completed"
    return finger, answer["template_id"]


async def _change(house: House, action: str, **data: Any) -> None:
    await house.client.async_action(f"biometric_enroll.{action}", response=False, **data)


async def _listed(house: House, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the list of the reader's fingerprints, once `true` accepts it."""
    while True:
        position = house.position
        answer: dict[str, Any] = await house.action("get_fingerprints")
        if true(answer):
            return answer
        await house.until_shown(STORED, position)


def _slots(house: House) -> set[int]:
    """Return the occupied slots of the sensor itself."""
    with house.reader.sensor_line.hold() as sensor:
        return set(sensor.flash.templates)


async def test_a_deleted_fingerprint_is_gone_from_the_sensor_and_nobody_is_identified(
    house_with_proxies: House,
) -> None:
    house = house_with_proxies
    finger, template_id = await _enrolled(house, "Olga")
    before = _slots(house)
    await _change(house, "delete_fingerprint", template_id=template_id)
    assert len(before - _slots(house)) == 1
    assert "Olga" not in await house.names()

    house.ran.clear()
    await house.touch(finger)
    await house.client.async_until(
        lambda states: states[TOUCH].attributes["event_type"] == "not_identified"
    )
    assert house.ran == []


async def test_a_delete_whose_reader_loses_power_in_the_middle_is_done_all_the_same(
    house_with_proxies: House,
) -> None:
    house = house_with_proxies
    _, template_id = await _enrolled(house, "Pia")
    line = house.reader.sensor_line
    # The sensor does not get the command before the reader has lost its power.
    since = line.command_count
    with line.hold() as sensor:
        sensor.faults.add(Fault.REQUEST_LOST, None, command=Command.DELET_CHAR)
    deleting = asyncio.create_task(_change(house, "delete_fingerprint", template_id=template_id))
    await asyncio.to_thread(line.wait_for_command, Command.DELET_CHAR, 30, since=since)
    house.reader.kill()
    with pytest.raises(CommandError) as error:
        await deleting
    assert error.value.translation_key == "reader_unreachable"
    assert "Pia" in await house.names()

    with line.hold() as sensor:
        sensor.faults.clear()
    house.reader.start()
    answer = await _listed(house, lambda answer: "Pia" not in str(answer["fingerprints"]))
    assert all(each["template_id"] != template_id for each in answer["unnamed"])
    assert f"fingerprints_gone_{await _entry_id(house)}" not in await _issues(house)


async def test_a_name_that_was_forgotten_only_here_can_be_given_again(
    house_with_proxies: House,
) -> None:
    house = house_with_proxies
    finger, template_id = await _enrolled(house, "Quentin")
    await _change(house, "delete_fingerprint", template_id=template_id, force=True)
    answer = await _listed(house, lambda answer: template_id in str(answer["unnamed"]))
    unnamed = next(each for each in answer["unnamed"] if each["template_id"] == template_id)
    assert unnamed["slot"] in house.client.states[STORED].attributes["unnamed_slots"]
    await _change(
        house,
        "update_fingerprint",
        device_id=house.device_id,
        slot=unnamed["slot"],
        name="Quentin the second",
    )
    await house.touch(finger)
    await house.client.async_until(
        lambda states: states[TOUCH].attributes.get("name") == "Quentin the second"
    )


async def test_a_template_that_somebody_else_stored_is_adopted_with_an_id_of_its_own(
    house_with_proxies: House,
) -> None:
    house = house_with_proxies
    finger, template_id = await _enrolled(house, "Rosa")
    slot = next(
        each["slot"]
        for each in (await house.action("get_fingerprints"))["fingerprints"]
        if each["template_id"] == template_id
    )
    with house.reader.sensor_line.hold() as sensor:
        sensor.flash.templates[200] = sensor.flash.templates.pop(slot)
    # The reader reads its sensor when that starts.
    house.reader.kill()
    house.reader.start()
    await _listed(house, lambda answer: any(each["slot"] == 200 for each in answer["unnamed"]))
    issue = f"fingerprints_gone_{await _entry_id(house)}"
    await _listed(house, lambda answer: any(each["missing"] for each in answer["fingerprints"]))
    assert issue in await _issues(house)

    await _change(
        house, "update_fingerprint", device_id=house.device_id, slot=200, name="Rosa again"
    )
    await house.touch(finger)
    await house.client.async_until(
        lambda states: states[TOUCH].attributes.get("name") == "Rosa again"
    )
    ended = await house.installation.home_assistant.async_repair(issue, {})
    assert ended["type"] == "create_entry"
    assert "Rosa" not in await house.names()
    assert issue not in await _issues(house)


async def test_identification_that_is_off_stays_off_over_a_restart_of_the_reader(
    house_with_proxies: House,
) -> None:
    house = house_with_proxies
    finger, _ = await _enrolled(house, "Sven")
    await house.client.async_action("switch.turn_off", response=False, entity_id=IDENTIFICATION)
    assert house.client.states[IDENTIFICATION].state == "off"
    house.reader.kill()
    await house.client.async_until_state(IDENTIFICATION, "unavailable")
    house.reader.start()
    await house.client.async_until_state(IDENTIFICATION, "off")
    house.events.clear()
    await house.touch_unheard(finger)
    await house.client.async_action("switch.turn_on", response=False, entity_id=IDENTIFICATION)
    await house.touch(finger)
    await house.client.async_until(lambda _: len(house.events) > 0)
    assert [event["type"] for event in house.events] == ["identified"]


async def test_the_security_level_is_that_of_the_sensor(house_with_proxies: House) -> None:
    house = house_with_proxies
    await house.client.async_action(
        "select.select_option", response=False, entity_id=SECURITY_LEVEL, option="5"
    )
    assert house.client.states[SECURITY_LEVEL].state == "5"
    with house.reader.sensor_line.hold() as sensor:
        assert sensor.flash.security == 5
    await house.client.async_action(
        "select.select_option", response=False, entity_id=SECURITY_LEVEL, option="3"
    )


async def test_another_sensor_identifies_nobody_until_the_user_has_accepted_it(
    house_with_proxies: House,
) -> None:
    house = house_with_proxies
    finger, template_id = await _enrolled(house, "Tilda")
    with house.reader.sensor_line.hold() as sensor:
        library = dict(sensor.flash.templates)
    other = EmulatedSensor(PROFILES["R307"])
    other.flash.templates.update(library)
    house.reader.sensor_line.unplug()
    await _sensor_until(house, "sensor_error", "not_responding")
    house.reader.sensor_line.swap(other)
    await _sensor_until(house, "sensor_changed", True)
    issue = f"sensor_changed_{await _entry_id(house)}"
    assert issue in await _issues(house)
    house.ran.clear()
    await house.touch(finger)
    await house.client.async_until(
        lambda states: states[TOUCH].attributes["event_type"] == "not_identified"
    )
    assert house.ran == []

    ended = await house.installation.home_assistant.async_repair(issue, {})
    assert ended["type"] == "create_entry"
    answer = await _listed(house, lambda answer: len(answer["unnamed"]) == len(library))
    assert issue not in await _issues(house)
    assert f"fingerprints_gone_{await _entry_id(house)}" in await _issues(house)
    # Its touches still identify nobody.
    late = house.client.states[LATE_TOUCH]
    await house.touch(finger)
    await house.client.async_until(
        lambda states: states[TOUCH].attributes.get("reason") == "unknown_fingerprint"
    )
    assert house.client.states[LATE_TOUCH] == late
    assert house.ran == []
    assert template_id not in str(answer["unnamed"])


async def _sensor_until(house: House, attribute: str, value: object) -> None:
    await house.client.async_until(
        lambda states: states[SENSOR].attributes.get(attribute) == value, within=60
    )


async def _entry_id(house: House) -> str:
    entries = await house.client.async_command(type="config_entries/get", domain="biometric_enroll")
    entry_id: str = entries[0]["entry_id"]
    return entry_id


async def _issues(house: House) -> set[str]:
    answer = await house.client.async_command(type="repairs/list_issues")
    return {each["issue_id"] for each in answer["issues"]}
