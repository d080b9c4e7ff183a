"""The broker and the reader are killed in the middle of an enrollment, on each kind of broker."""

from typing import TYPE_CHECKING

import pytest

from tests.e2e.trial import begin
from tests.support.hand import CAPTURED, Moment
from tests.support.house import CONNECTIVITY

if TYPE_CHECKING:
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("moment", [moment for moment in Moment if moment is not Moment.COMPLETED])
async def test_a_reader_that_is_killed_ends_the_enrollment_and_keeps_nothing(
    house: House, moment: Moment
) -> None:
    trial = await begin(house)
    await trial.hand.go_on(moment)
    house.reader.kill()
    house.reader.start()

    await trial.judge("failed", CAPTURED[moment], reason="reader_restarted")


async def test_a_reader_that_is_killed_after_the_last_scan_has_kept_the_finger(
    house: House,
) -> None:
    trial = await begin(house)
    await trial.hand.go_on()
    house.reader.kill()
    house.reader.start()

    await trial.judge("completed", 3)


@pytest.mark.parametrize("scan", [Moment.LIFT_2, Moment.COMPLETED])
async def test_a_reader_that_is_killed_between_the_sensor_and_its_flash_is_of_one_mind_with_it(
    house: House, scan: Moment
) -> None:
    """Right after Store, and right after the scan that verifies: nobody knows what it has kept."""
    trial = await begin(house)
    await trial.hand.go_on(Moment.PLACE_2 if scan is Moment.LIFT_2 else Moment.PLACE_3)
    await trial.hand.scan(scan)
    house.reader.kill()
    house.reader.start()

    state = await trial.ended()
    completed = state.state == "completed"
    await trial.judge(
        state.state, state.attributes["captured"], reason=None if completed else "reader_restarted"
    )
    assert scan is Moment.COMPLETED or not completed


async def test_a_broker_that_is_killed_loses_no_scan_of_a_person_who_goes_on(house: House) -> None:
    """Other moments, and other memories of the broker: test_memory.py."""
    trial = await begin(house)
    await trial.hand.go_on(Moment.LIFT_2)
    house.stage.broker.kill()
    await trial.hand.go_on()
    await house.client.async_until_state(CONNECTIVITY, "off")
    await house.stage.broker.async_start()

    await trial.judge("completed", 3)
