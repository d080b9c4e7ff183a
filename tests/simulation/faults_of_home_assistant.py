"""Faults of Home Assistant and of its users: kills, backups, conflicting actions."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from emulator import Command, Fault
from tests.simulation.coverage import ACTIVITIES
from tests.simulation.faults_of_readers import LOSS, PLUGGED_S
from tests.simulation.flash import CutPoint
from tests.simulation.home_assistant_run import PARTY
from tests.simulation.network import Notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.installation import Installation
    from tests.simulation.steering import Strike, WeightedFaults

#: What users do for the requests of a change.
_ASKED = {"delete": "delete", "adopt": "adopt", "settings": "compare"}


async def home_assistant_restarts(world: Installation, strike: Strike) -> None:
    """Stop Home Assistant, or kill it, and start it again."""
    await strike.ready()
    if not world.home.running:
        return
    strike.now()
    world.home.stop(kill=world.rng.random() < 1 / 2)
    # Maybe while a touch that it has reported is still live.
    await asyncio.sleep(world.rng.choice((0, world.rng.uniform(1, 30))))
    await world.home.start()


async def home_assistant_killed_when_told(world: Installation, strike: Strike) -> None:
    """Kill Home Assistant right after it has reported an event, and maybe saved that it has."""

    def is_told() -> None:
        strike.now()
        if world.rng.random() < 1 / 3:
            # What it sends no longer arrives; what it saves meanwhile stays.
            world.network.cut(PARTY, Notice.NOBODY)
            world.later(world.rng.uniform(0.02, 2), world.kill_home)
        else:
            world.later(world.rng.uniform(0, 0.02), world.kill_home)

    await strike.ready()
    world.home_events.on_event.append(is_told)
    await asyncio.sleep(world.rng.uniform(10, 30))
    world.home_events.on_event.clear()
    await world.home.start()


async def home_assistant_killed_when_opened(world: Installation, strike: Strike) -> None:
    """Kill Home Assistant right after it has opened a door, and start it while that is recent."""

    def opened() -> None:
        strike.now()
        world.later(world.rng.uniform(0, 0.02), world.kill_home)
        world.later(0.1, killed.set)

    killed = asyncio.Event()
    await strike.ready()
    world.home_events.on_identified.append(opened)
    for _ in range(5):
        await world.touch(world.any_reader_id())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(world.rng.uniform(1, 5)):
                await killed.wait()
                break
    world.home_events.on_identified.clear()
    await world.home.start()


async def home_assistant_killed_when_it_asks(world: Installation, strike: Strike) -> None:
    """Kill Home Assistant right after it has requested an enrollment."""
    soon = world.rng.choice((0, world.rng.uniform(0, 0.02)))
    reader_id = world.any_reader_id()

    def kill() -> None:
        strike.now(world.readers[reader_id])
        world.kill_home()

    if strike.column in ACTIVITIES:
        await strike.ready(world.readers[reader_id])
    world.home_events.on_enroll_request.append(lambda: world.later(soon, kill))
    await world.enroll(reader_id)
    await asyncio.sleep(world.rng.uniform(3, 20))
    world.home_events.on_enroll_request.clear()
    await world.home.start()


async def change_goes_wrong(world: Installation, strike: Strike) -> None:
    """Call an action that changes something, and let another fault happen meanwhile."""
    reader_id, rng = world.any_reader_id(), world.rng
    reader = world.readers[reader_id]
    kinds: tuple[Callable[[], object], ...] = (
        world.kill_home,
        # The longer ones outlast the list that follows a deletion without an answer.
        lambda: world.network.stall(PARTY, rng.uniform(8, 30)),
        lambda: reader.sensor_line.cut_after(Command.DELET_CHAR),
        lambda: reader.flash.cut_at(rng.randint(1, 2), rng.choice(list(CutPoint))),
        lambda: reader.fault(rng.choice(LOSS), rng.randint(1, 3), command=Command.DELET_CHAR),
        # As often as the reader tries before it gives up.
        lambda: reader.fault(Fault.REQUEST_LOST, 3, command=Command.DELET_CHAR),
        lambda: reader.sensor_line.silence(rng.uniform(0.5, 12)),
    )
    # By then somebody may be enrolled.
    await asyncio.sleep(rng.uniform(0, 15))
    happens, soon = rng.choice(kinds), rng.choice((0.0, rng.uniform(0, 0.3)))

    def happen() -> None:
        strike.now(reader)
        happens()

    if strike.column in ACTIVITIES:
        await strike.ready(reader)
    world.home_events.on_change_request.append(lambda: world.later(soon, happen))
    asked = rng.choice(("adopt", "adopt", "delete", "delete", "delete", "switch", "compare"))
    if strike.column in _ASKED:
        asked = _ASKED[strike.column]
    await getattr(world.admin, asked)(reader_id)
    await asyncio.sleep(rng.uniform(3, 20))
    world.home_events.on_change_request.clear()
    await world.home.start()


async def change_broken_off(world: Installation, strike: Strike) -> None:
    """Call an action that changes something, cancel it, and kill Home Assistant soon after."""
    reader = world.any_reader()
    await world.admin.change_mind(reader.reader_id)
    await asyncio.sleep(world.rng.uniform(0, 2))
    await strike.ready(reader)
    if world.home.running:
        strike.now(reader)
    world.kill_home()
    await asyncio.sleep(world.rng.uniform(3, 20))
    await world.home.start()


async def named_on_another_sensor(world: Installation, strike: Strike) -> None:
    """Name a template while its reader, its flash erased, has another sensor for a while."""
    reader = world.any_reader()
    if not world.may_swap(reader):
        return
    world.swapped.append(reader)
    await strike.ready(reader)
    strike.now(reader)
    reader.power_off()
    reader.flash.erase()
    world.promises.truth(reader.device).flash_erased(reader.templates)
    own = world.own_sensors[reader] = reader.swap_sensor(world.foreign_sensor(reader))
    world.promises.truth(reader.device).orphans |= set(reader.templates)
    world.later(world.rng.uniform(0, 4), reader.power_on)
    await world.admin.adopt(reader.reader_id)
    await asyncio.sleep(world.rng.uniform(5, 15))
    reader.swap_sensor(own)
    # What it holds has had no ids since the flash was erased, whatever the other one has lost.
    world.promises.truth(reader.device).orphans |= set(reader.templates)
    reader.sensor_line.silence(world.rng.uniform(*PLUGGED_S))
    world.swapped.remove(reader)


async def entry_reloaded(world: Installation, strike: Strike) -> None:
    """Reload one reader's entry."""
    reader = await strike.ready_at_any()
    if world.home.running:
        strike.now(reader)
    world.home.reload(reader.reader_id)


async def backup_restored(world: Installation, strike: Strike) -> None:
    """Make a backup, and restore it some time later."""
    world.home.disk.back_up()
    await asyncio.sleep(world.rng.uniform(1, 15))
    await strike.ready()
    if not world.home.running:
        return
    strike.now()
    world.home.stop(kill=True)
    world.promises.forgetful = True
    world.home.disk.restore(world.rng)
    await asyncio.sleep(world.rng.uniform(6, 20))
    await world.home.start()


# People


async def cancel_pressed(world: Installation, strike: Strike) -> None:
    """Press the button Cancel."""
    reader = await strike.ready_at_any()
    strike.now(reader)
    await world.users.cancel(reader.reader_id)


async def button_pressed(world: Installation, strike: Strike) -> None:
    """Press a button that is about the reader itself; it may have just been touched."""
    reader_id = world.any_reader_id()
    if world.rng.random() < 1 / 2:
        await world.touch(reader_id)
    await strike.ready(world.readers[reader_id])
    strike.now(world.readers[reader_id])
    await world.users.press(reader_id, world.rng.choice(("identify", "restart", "restart")))


async def both_pressed(world: Installation, strike: Strike) -> None:
    """Let a second user enroll somebody on the same reader, at the same time."""
    reader = await strike.ready_at_any()
    strike.now(reader)
    await world.enroll(reader.reader_id)


#: With how often each is chosen, compared to the others.
FAULTS: WeightedFaults = (
    (8, home_assistant_restarts),
    (6, home_assistant_killed_when_told),
    (4, home_assistant_killed_when_opened),
    (3, home_assistant_killed_when_it_asks),
    (20, change_goes_wrong),
    (3, named_on_another_sensor),
    (3, change_broken_off),
    (2, entry_reloaded),
    (2, backup_restored),
    (3, cancel_pressed),
    (3, button_pressed),
    (2, both_pressed),
)
