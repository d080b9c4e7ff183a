"""Faults of the clocks of the machine on which Home Assistant runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.simulation.home_assistant_run import PARTY

if TYPE_CHECKING:
    from tests.simulation.installation import Installation
    from tests.simulation.steering import Strike, WeightedFaults


async def machine_suspended(world: Installation, strike: Strike) -> None:
    """Suspend the machine for a while: messages wait, and some clocks stand still."""
    await strike.ready()
    strike.now()
    seconds = world.rng.uniform(6, 40)
    world.home.clocks.suspend()
    world.network.stall(PARTY, seconds)
    await world.touch(world.any_reader_id())
    await asyncio.sleep(seconds)
    world.home.clocks.resume()
    await world.touch(world.any_reader_id())


async def wall_clock_set(world: Installation, strike: Strike) -> None:
    """Set the wall clock, as NTP does after a start, back or forth, and maybe again."""
    await strike.ready()
    for _ in range(world.rng.choice((1, 1, 2))):
        strike.now()
        step = world.rng.choice((world.rng.uniform(-3, 3), world.rng.uniform(-7200, 7200)))
        world.home.clocks.wall_off += step
        await asyncio.sleep(world.rng.uniform(0, 3))
        await world.touch(world.any_reader_id())


#: With how often each is chosen, compared to the others.
FAULTS: WeightedFaults = ((3, machine_suspended), (3, wall_clock_set))
