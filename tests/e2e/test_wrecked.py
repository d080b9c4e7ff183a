"""The tests' own house and hand: one test that fails is to cost no other one."""

from typing import TYPE_CHECKING

import pytest

from emulator.faults import Fault
from emulator.wire import Command
from tests.e2e.trial import begin
from tests.support.hand import Moment
from tests.support.house import CONNECTIVITY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _broker(house: House) -> None:
    house.stage.broker.kill()
    await house.client.async_until_state(CONNECTIVITY, "off")


async def _reader(house: House) -> None:
    house.reader.kill()


async def _home_assistant(house: House) -> None:
    await house.client.async_close()
    house.stage.home_assistant.kill()


async def _network(house: House) -> None:
    house.lines.home_assistant.pause_before(b"what nobody says")
    house.lines.reader.pause()


@pytest.mark.parametrize("wreck", [_broker, _reader, _home_assistant, _network])
async def test_what_a_test_leaves_wrecked_costs_the_next_one_nothing(
    shared_house_on_lines: House, wreck: Callable[[House], Awaitable[None]]
) -> None:
    async with shared_house_on_lines.idle():
        trial = await begin(shared_house_on_lines)
        await trial.hand.go_on(Moment.LIFT_1)
        await wreck(shared_house_on_lines)

    async with shared_house_on_lines.idle():
        trial = await begin(shared_house_on_lines)
        await trial.hand.go_on()
        await trial.judge("completed", 3)


async def test_a_hand_does_not_come_back_before_the_reader_knows_that_it_is_gone(
    house_on_lines: House,
) -> None:
    trial = await begin(house_on_lines)
    await trial.hand.go_on(Moment.LIFT_1)
    with house_on_lines.reader.line.hold() as sensor:
        sensor.faults.add(Fault.ANSWER_LOST, 1, command=Command.GEN_IMG)
        sensor.lift()
    await trial.hand.go_on()

    await trial.judge("completed", 3)
