"""Concurrency: a client that connects late, and a second reader."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from demo.person import Person
from tests.e2e.observed_enrollment import begin
from tests.support.finger_placement import ScanStep
from tests.support.house import ENROLLMENT, PROGRESS

if TYPE_CHECKING:
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECOND = "back_door"


@pytest.mark.parametrize("scan_step", [ScanStep.LIFT_1, ScanStep.PLACE_3])
async def test_a_client_that_connects_in_the_middle_gets_the_complete_state_at_once(
    house: House, scan_step: ScanStep
) -> None:
    observed = await begin(house)
    await observed.placement.go_on(scan_step)
    stage, number = scan_step.split()
    await house.client.async_until(
        lambda states: (
            states[ENROLLMENT].state.startswith(stage)
            and states[ENROLLMENT].attributes["step"] == int(number)
        )
    )
    async with await house.installation.home_assistant.async_connect() as late:
        await late.async_until(bool)
        first = [state for _, entity_id, state in late.history if entity_id == ENROLLMENT]
        assert first == [house.client.states[ENROLLMENT]]
        assert first[0].attributes["name"] == observed.name
        assert late.states[PROGRESS] == house.client.states[PROGRESS]

        await observed.placement.go_on()
        await late.async_until_state(ENROLLMENT, "completed")
    await observed.judge("completed", 3)


async def test_two_readers_enroll_at_once_and_each_finger_gets_its_own_name(house: House) -> None:
    second = house.installation.add_reader(SECOND)
    await house.installation.home_assistant.async_add_discovered_reader(house.client, SECOND)
    await house.client.async_until_state(f"binary_sensor.{SECOND}_connectivity", "on")
    devices = {house.reader.reader_id: house.device_id, SECOND: await house.device_id_of(second)}

    async def enroll(reader_id: str, name: str) -> dict[str, Any]:
        line, sensor = (
            house.installation.readers[reader_id].sensor_line,
            f"sensor.{reader_id}_enrollment",
        )
        person = asyncio.create_task(
            Person(house.client, line, sensor).async_enroll(house.new_finger())
        )
        answer: dict[str, Any] = await house.client.async_action(
            "biometric_enroll.enroll_fingerprint",
            response=True,
            device_id=devices[reader_id],
            name=name,
            wait=True,
        )
        await person
        return answer

    names = {reader_id: f"Guest at {reader_id}" for reader_id in devices}
    answers = await asyncio.gather(*(enroll(*pair) for pair in names.items()))
    assert [answer["outcome"] for answer in answers] == ["completed", "completed"]
    for reader_id, device_id in devices.items():
        listed = await house.client.async_action(
            "biometric_enroll.get_fingerprints", response=True, device_id=device_id
        )
        theirs = [one["name"] for one in listed["fingerprints"] if one["name"] in names.values()]
        assert theirs == [names[reader_id]]
        scans = [
            (event["step"], event["name"])
            for event in house.events
            if event["type"] == "scan_captured" and event["reader_id"] == reader_id
        ]
        assert scans == [(step, names[reader_id]) for step in (1, 2, 3)]
    second.close()
