"""The broker and the reader are killed in the middle of an enrollment, on each kind of broker."""

from typing import TYPE_CHECKING

import pytest

from tests.e2e.observed_enrollment import begin
from tests.support.finger_placement import CAPTURED, ScanStep
from tests.support.house import CONNECTIVITY

if TYPE_CHECKING:
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    "scan_step", [scan_step for scan_step in ScanStep if scan_step is not ScanStep.COMPLETED]
)
async def test_a_reader_that_is_killed_ends_the_enrollment_and_keeps_nothing(
    house: House, scan_step: ScanStep
) -> None:
    observed = await begin(house)
    await observed.placement.go_on(scan_step)
    house.reader.kill()
    house.reader.start()

    await observed.judge("failed", CAPTURED[scan_step], reason="reader_restarted")


async def test_a_reader_that_is_killed_after_the_last_scan_has_kept_the_finger(
    house: House,
) -> None:
    observed = await begin(house)
    await observed.placement.go_on()
    house.reader.kill()
    house.reader.start()

    await observed.judge("completed", 3)


@pytest.mark.parametrize("scan", [ScanStep.LIFT_2, ScanStep.COMPLETED])
async def test_a_reader_that_is_killed_between_sensor_and_flash_agrees_with_its_sensor(
    house: House, scan: ScanStep
) -> None:
    """Right after Store, and right after the scan that verifies: nobody knows what it has kept."""
    observed = await begin(house)
    await observed.placement.go_on(
        ScanStep.PLACE_2 if scan is ScanStep.LIFT_2 else ScanStep.PLACE_3
    )
    await observed.placement.scan(scan)
    house.reader.kill()
    house.reader.start()

    state = await observed.ended()
    completed = state.state == "completed"
    await observed.judge(
        state.state, state.attributes["captured"], reason=None if completed else "reader_restarted"
    )
    assert scan is ScanStep.COMPLETED or not completed


async def test_a_broker_that_is_killed_loses_no_scan_of_a_person_who_goes_on(house: House) -> None:
    """For kills at other steps, and with other stored messages, see test_broker_storage.py."""
    observed = await begin(house)
    await observed.placement.go_on(ScanStep.LIFT_2)
    house.installation.broker.kill()
    await observed.placement.go_on()
    await house.client.async_until_state(CONNECTIVITY, "off")
    await house.installation.broker.async_start()

    await observed.judge("completed", 3)
