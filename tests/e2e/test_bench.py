"""The tests' own installation and hand: one test that fails is to cost no other one."""

from typing import TYPE_CHECKING

import pytest

from emulator.faults import Fault
from emulator.wire import Command
from tests.e2e.bench import CONNECTIVITY
from tests.e2e.hand import Moment
from tests.e2e.trial import begin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.e2e.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _broker(bench: Bench) -> None:
    bench.stage.broker.kill()
    await bench.client.async_until_state(CONNECTIVITY, "off")


async def _reader(bench: Bench) -> None:
    bench.reader.kill()


async def _home_assistant(bench: Bench) -> None:
    await bench.client.async_close()
    bench.stage.home_assistant.kill()


async def _network(bench: Bench) -> None:
    bench.lines.home_assistant.pause_before(b"what nobody says")
    bench.lines.reader.pause()


@pytest.mark.parametrize("wreck", [_broker, _reader, _home_assistant, _network])
async def test_what_a_test_leaves_wrecked_costs_the_next_one_nothing(
    installation_on_lines: Bench, wreck: Callable[[Bench], Awaitable[None]]
) -> None:
    async with installation_on_lines.idle():
        trial = await begin(installation_on_lines)
        await trial.hand.go_on(Moment.LIFT_1)
        await wreck(installation_on_lines)

    async with installation_on_lines.idle():
        trial = await begin(installation_on_lines)
        await trial.hand.go_on()
        await trial.judge("completed", 3)


async def test_a_hand_does_not_come_back_before_the_reader_knows_that_it_is_gone(
    bench_on_lines: Bench,
) -> None:
    trial = await begin(bench_on_lines)
    await trial.hand.go_on(Moment.LIFT_1)
    with bench_on_lines.reader.line.hold() as sensor:
        sensor.faults.add(Fault.ANSWER_LOST, 1, command=Command.GEN_IMG)
        sensor.lift()
    await trial.hand.go_on()

    await trial.judge("completed", 3)
