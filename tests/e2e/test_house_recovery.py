"""The house recovers after any test: a test that fails must not fail others."""

from typing import TYPE_CHECKING

import pytest

from emulator.faults import Fault
from emulator.wire import Command
from tests.e2e.observed_enrollment import begin
from tests.support.finger_placement import ScanStep
from tests.support.house import CONNECTIVITY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _broker(house: House) -> None:
    house.installation.broker.kill()
    await house.client.async_until_state(CONNECTIVITY, "off")


async def _reader(house: House) -> None:
    house.reader.kill()


async def _home_assistant(house: House) -> None:
    await house.client.async_close()
    house.installation.home_assistant.kill()


async def _network(house: House) -> None:
    house.proxies.home_assistant.pause_before(b"what nobody says")
    house.proxies.reader.pause()


@pytest.mark.parametrize("wreck", [_broker, _reader, _home_assistant, _network])
async def test_what_a_test_leaves_broken_is_repaired_for_the_next_one(
    shared_house_with_proxies: House, wreck: Callable[[House], Awaitable[None]]
) -> None:
    async with shared_house_with_proxies.idle():
        observed = await begin(shared_house_with_proxies)
        await observed.placement.go_on(ScanStep.LIFT_1)
        await wreck(shared_house_with_proxies)

    async with shared_house_with_proxies.idle():
        observed = await begin(shared_house_with_proxies)
        await observed.placement.go_on()
        await observed.judge("completed", 3)


async def test_a_finger_is_not_placed_again_before_the_reader_has_noticed_the_lift(
    house_with_proxies: House,
) -> None:
    observed = await begin(house_with_proxies)
    await observed.placement.go_on(ScanStep.LIFT_1)
    with house_with_proxies.reader.sensor_line.hold() as sensor:
        sensor.faults.add(Fault.ANSWER_LOST, 1, command=Command.GEN_IMG)
        sensor.lift()
    await observed.placement.go_on()

    await observed.judge("completed", 3)
