"""Faults of a reader: its power, its flash, its sensor, and what somebody does to them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from emulator import Background, Command, Fault
from tests.simulation.flash import CutPoint
from tests.simulation.odd_sensors import is_clear

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.simulation.installation import Installation
    from tests.simulation.reader import SimulatedReader
    from tests.simulation.steering import Strike, WeightedFaults

_NOISE = (Fault.GARBAGE, Fault.BAD_CHECKSUM, Fault.TRUNCATED, Fault.SPLIT)
LOSS = (Fault.REQUEST_LOST, Fault.ANSWER_LOST)
#: Seconds that a person needs to plug another sensor in.
PLUGGED_S = (4.0, 8.0)
#: Confirmation codes that are on no list of those that a reader needs, and two that mean "not
#: found" of a Search only.
_STRANGE_CODES = (0x17, 0x22, 0x24, 0x27, 0x29, 0xFC, 0xFD, 0xFE)
#: How often it is looked whether a finger has come, ten times a second.
_WAITS_FOR_FINGER = 300
#: Commands that a reader sends its sensor during an activity, for histories that are steered to it.
_AT_STAGE: dict[str, tuple[Command | None, ...]] = {
    "touch": (Command.IMG_2_TZ, Command.SEARCH),
    "processing": (Command.IMG_2_TZ, Command.SEARCH, Command.REG_MODEL, Command.STORE),
}
_KEY_COMMANDS = (
    Command.STORE,
    Command.DELET_CHAR,
    Command.SEARCH,
    Command.IMG_2_TZ,
    Command.REG_MODEL,
)


async def _write_something(world: Installation, strike: Strike, reader: SimulatedReader) -> None:
    """Cause a write to the flash of a reader, in a history that is steered."""
    if strike.column is not None and strike.column in {"idle", "touch", "nothing", "final"}:
        await world.admin.switch(reader.reader_id)


async def power_cut(world: Installation, strike: Strike) -> None:
    """Cut a reader's power."""
    reader = await strike.ready_at_any()
    if reader.powered:
        strike.now(reader)
        reader.power_off()


async def power_cut_at_the_sensor(world: Installation, strike: Strike) -> None:
    """Cut a reader's power right after the sensor has executed one of the key commands."""
    reader = world.any_reader()
    command: Command | None = world.rng.choice(_KEY_COMMANDS)
    nth = world.rng.randint(1, 2)
    if strike.column is not None:
        command, nth = world.rng.choice(_AT_STAGE.get(strike.column, (None,))), 1
    await strike.ready(reader)
    reader.sensor_line.cut_after(command, nth, strike.once(reader))
    reader.sensor_line.notify_change()


async def power_cut_at_the_flash(world: Installation, strike: Strike) -> None:
    """Cut a reader's power before, during or after a write to its flash."""
    reader, point = world.any_reader(), world.rng.choice(list(CutPoint))
    await strike.ready(reader)
    reader.flash.cut_at(world.rng.randint(1, 3), point, strike.once(reader))
    await _write_something(world, strike, reader)


async def power_cut_when_locked_out(world: Installation, strike: Strike) -> None:
    """Cut a reader's power once identification is off; then enrolled people touch it."""
    reader_id = world.any_reader_id()
    reader, truth = world.readers[reader_id], world.promises.truth_of(reader_id)
    await asyncio.sleep(world.rng.uniform(0, 20))
    if truth.identification:
        await world.admin.switch(reader_id)
    await strike.ready(reader)
    strike.now(reader)
    reader.power_off()
    await asyncio.sleep(0.5)
    reader.power_on()
    await asyncio.sleep(world.rng.uniform(4, 8))
    for _ in range(2):
        await world.touch(reader_id)
        await asyncio.sleep(2)


async def flash_refuses(world: Installation, strike: Strike) -> None:
    """Make every write to a reader's flash fail for a while."""
    reader = await strike.ready_at_any()
    reader.flash.refuses, reader.flash.refused = True, strike.once(reader)
    world.promises.truth(reader.device).refused = True
    await asyncio.sleep(world.rng.uniform(0.5, 10))
    await _write_something(world, strike, reader)
    reader.flash.refuses = False


async def flash_erased(world: Installation, strike: Strike) -> None:
    """Erase a reader's flash while it has no power."""
    reader = await strike.ready_at_any()
    strike.now(reader)
    reader.power_off()
    reader.flash.erase()
    world.promises.truth(reader.device).flash_erased(reader.templates)
    await asyncio.sleep(world.rng.uniform(15, 25))
    for reader_id in world.readers:
        await world.touch(reader_id)


async def sensor_silent(world: Installation, strike: Strike) -> None:
    """Make a sensor silent for a while."""
    reader = await strike.ready_at_any()
    reader.sensor_line.silenced = strike.once(reader)
    reader.sensor_line.silence(world.rng.uniform(0.5, 12))


async def sensor_noisy(world: Installation, strike: Strike) -> None:
    """Damage or lose some answers of a sensor."""
    reader = await strike.ready_at_any()
    reader.sensor_line.distorted = strike.once(reader)
    for _ in range(world.rng.randint(1, 3)):
        fault = world.rng.choice(_NOISE + LOSS)
        command = world.rng.choice((None, *_KEY_COMMANDS))
        after = world.rng.randint(0, 3)
        if strike.column is not None:
            command, after = None, 0
        reader.fault(fault, world.rng.randint(1, 4), after=after, command=command)


async def sensor_late(world: Installation, strike: Strike) -> None:
    """Delay one answer of a sensor beyond the reader's timeout."""
    reader = await strike.ready_at_any()
    reader.sensor_line.delayed = strike.once(reader)
    reader.sensor_line.delay = world.rng.uniform(0.5, 4)
    reader.sensor_line.notify_change()


async def sensor_restarts(world: Installation, strike: Strike) -> None:
    """Interrupt the sensor's supply."""
    reader = await strike.ready_at_any()
    if reader.powered:
        strike.now(reader)
        reader.cycle_sensor()


async def sensor_swapped(world: Installation, strike: Strike) -> None:
    """Connect another sensor for a while, on which other people are enrolled."""

    async def use(_: str) -> None:
        await asyncio.sleep(world.rng.uniform(1, 30))

    await _swap(world, strike, use)


async def sensor_replaced(world: Installation, strike: Strike) -> None:
    """Replace the sensor; if the new one is not accepted, put the old one back."""

    async def accept(reader_id: str) -> None:
        await asyncio.sleep(world.rng.uniform(5, 20))
        await world.admin.accept(reader_id)
        await asyncio.sleep(world.rng.uniform(0, 10))

    await _swap(world, strike, accept)


async def _swap(world: Installation, strike: Strike, use: Callable[[str], Awaitable[None]]) -> None:
    """Connect another sensor, run `use`, and put the own one back unless the other was accepted."""
    reader = world.any_reader()
    if not world.may_swap(reader):
        return
    world.swapped.append(reader)
    await strike.ready(reader)
    strike.now(reader)
    own = world.own_sensors[reader] = reader.swap_sensor(world.foreign_sensor(reader))
    reader.sensor_line.silence(world.rng.uniform(*PLUGGED_S))
    await use(reader.reader_id)
    if reader.owns(own):
        # Otherwise the other one was accepted meanwhile.
        reader.swap_sensor(own)
        reader.sensor_line.silence(world.rng.uniform(*PLUGGED_S))
    world.swapped.remove(reader)


async def template_vanishes(world: Installation, strike: Strike) -> None:
    """Delete a template of a sensor while the reader has no power."""
    reader = await strike.ready_at_any()
    if reader in world.swapped or not reader.templates:
        return
    strike.now(reader)
    reader.power_off()
    slot = world.rng.choice(sorted(reader.templates))
    del reader.sensor.templates[slot]
    world.promises.truth(reader.device).vanished(slot, reader.memory.get(slot))


async def template_appears(world: Installation, strike: Strike) -> None:
    """Store a template in the slot that the reader would use next, and cut the reader's power."""
    reader = await strike.ready_at_any()
    # Not in a slot whose template has vanished: the two could not be told apart.
    taken = {*reader.templates, *reader.memory}
    slot = min(set(range(len(taken) + 1)) - taken)
    if reader.app is not None and reader.app.scanner.running:
        slot = reader.app.scanner.snapshot["slot"]
    # Nor in a slot of which the reader's flash says that it may have stored a template there.
    operation = reader.flash.operation or {}
    noted = operation.get("stored", False) and operation["slot"] == slot
    hidden = not is_clear(reader.sensor.profile)
    if reader in world.swapped or slot in taken or noted or hidden:
        return
    strike.now(reader)
    if world.situations.activity(reader) == "processing":
        # The reader may just have proven that the slot is free; no sensor can do better.
        reader.excuse_store(slot)
    world.store(reader, slot)
    await asyncio.sleep(world.rng.uniform(0, 8))
    reader.power_off()


async def sensor_strange(world: Installation, strike: Strike) -> None:
    """Answer some commands to a sensor with codes that no manual lists for them."""
    reader = await strike.ready_at_any()
    reader.sensor_line.distorted = strike.once(reader)
    for _ in range(world.rng.randint(1, 3)):
        command = world.rng.choice((None, Command.GEN_IMG, *_KEY_COMMANDS))
        after = world.rng.randint(0, 3)
        if strike.column is not None:
            command, after = None, 0
        code = world.rng.choice(_STRANGE_CODES)
        times = world.rng.randint(1, 4)
        reader.fault(Fault.CODE, times, after=after, command=command, code=code)


async def sensor_flickers(world: Installation, strike: Strike) -> None:
    """Let a sensor miss the finger that rests on it now and then, for a while."""
    reader = await strike.ready_at_any()
    line = reader.sensor_line
    line.flickered = strike.once(reader)
    # Never so often in a row that the finger counts as gone.
    looks: list[bool] = []
    for _ in range(world.rng.randint(1, 3)):
        looks += [True] * world.rng.randint(1, 3) + [False] * world.rng.randint(1, 2)
    line.flicker(*looks)
    await asyncio.sleep(world.rng.uniform(5, 40))
    line.flicker()


async def sensor_blind(world: Installation, strike: Strike) -> None:
    """Let a sensor see a finger for a while although none rests on it."""
    reader = await strike.ready_at_any()
    line = reader.sensor_line
    background = world.rng.choice((Background.DIRT, Background.PATTERN, Background.LATENT))
    if background is Background.LATENT:
        # Not on a sensor that was seen empty: no reader can tell that print from a finger.
        for _ in range(_WAITS_FOR_FINGER):
            if reader.sensor.finger is not None:
                break
            await asyncio.sleep(0.1)
        else:
            return
    line.blinded = strike.once(reader)
    line.look_at(background)
    await asyncio.sleep(world.rng.uniform(3, 40))
    line.look_at(Background.NOTHING)


async def firmware_newer(world: Installation, strike: Strike) -> None:
    """Give a reader a newer firmware, with words that nobody knows, for the rest of the history."""
    reader = await strike.ready_at_any()
    strike.now(reader)
    reader.newer = True
    reader.power_off()


#: With how often each is chosen, compared to the others.
FAULTS: WeightedFaults = (
    (4, power_cut),
    (5, power_cut_at_the_sensor),
    (5, power_cut_at_the_flash),
    (3, power_cut_when_locked_out),
    (2, flash_refuses),
    (3, flash_erased),
    (2, sensor_silent),
    (3, sensor_noisy),
    (2, sensor_late),
    (4, sensor_strange),
    (3, sensor_flickers),
    (4, sensor_blind),
    (2, sensor_restarts),
    (4, sensor_swapped),
    (2, sensor_replaced),
    (2, template_vanishes),
    (3, template_appears),
    (3, firmware_newer),
)
