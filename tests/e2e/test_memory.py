"""A broker comes back with what it remembers, with nothing, or with what was true long ago."""

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.trial import begin
from tests.support.hand import Moment
from tests.support.house import CONNECTIVITY, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.trial import Trial
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _break_and_mend(trial: Trial, change: Callable[[Path], object]) -> None:
    """Kill the broker, let the reader finish without it, and start the broker again.

    Home Assistant hears what the broker remembers before the reader can correct it.
    """
    house = trial.house
    house.stage.broker.kill()
    await trial.hand.go_on()
    await house.client.async_until_state(CONNECTIVITY, "off")
    change(house.stage.broker.memory)
    hellos = house.wire.count("command")
    house.lines.reader.pause()
    await house.stage.broker.async_start()
    await house.wire.until(lambda wire: wire.count("command") > hellos)
    house.lines.reader.resume()


async def _is_on_disk(trial: Trial) -> None:
    memory, template_id = trial.house.stage.broker.memory, trial.template_id.encode()
    await until(lambda: memory.exists() and template_id in memory.read_bytes())


async def test_a_broker_that_remembers_costs_no_scan(house_on_lines: House) -> None:
    trial = await begin(house_on_lines)
    await trial.hand.go_on(Moment.LIFT_1)
    await _is_on_disk(trial)
    await _break_and_mend(trial, lambda memory: memory.exists())

    await trial.judge("completed", 3)


@pytest.mark.parametrize("moment", [Moment.PLACE_1, Moment.PLACE_3])
async def test_a_broker_that_has_forgotten_everything_costs_no_scan(
    house_on_lines: House, moment: Moment
) -> None:
    trial = await begin(house_on_lines)
    await trial.hand.go_on(moment)
    await _is_on_disk(trial)
    await _break_and_mend(trial, lambda memory: memory.unlink())

    await trial.judge("completed", 3)


@pytest.mark.parametrize("moment", [Moment.PLACE_2, Moment.COMPLETED])
async def test_a_broker_that_comes_back_with_the_beginning_of_the_enrollment_takes_nothing_back(
    house_on_lines: House, tmp_path: Path, moment: Moment
) -> None:
    """Home Assistant has seen more than the broker remembers; nothing may go back or come twice."""
    trial = await begin(house_on_lines)
    await _is_on_disk(trial)
    old = shutil.copy(house_on_lines.stage.broker.memory, tmp_path)
    await trial.hand.go_on(moment)
    await _break_and_mend(trial, lambda memory: shutil.copy(old, memory))

    await trial.judge("completed", 3)


async def test_a_broker_that_comes_back_with_an_enrollment_of_before_confuses_nobody(
    house_on_lines: House, tmp_path: Path
) -> None:
    before = await begin(house_on_lines)
    await before.hand.go_on()
    await before.ended()
    await _is_on_disk(before)
    old = shutil.copy(house_on_lines.stage.broker.memory, tmp_path)
    trial = await begin(house_on_lines)
    await trial.hand.go_on(Moment.LIFT_2)
    await _break_and_mend(trial, lambda memory: shutil.copy(old, memory))

    await trial.judge("completed", 3)
