"""One history: people use an installation and faults strike; then all is repaired and checked."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest.mock import patch

from custom_components.biometric_enroll.client.others import IGNORED_FOR
from emulator import Background
from fpreader import mqtt_session
from tests.simulation import board, ha_mqtt_client
from tests.simulation.console import consoles
from tests.simulation.fast_loop import fast_waits
from tests.simulation.faults import FAULTS, FAULTS_BY_NAME
from tests.simulation.final_checks import check, unsettled
from tests.simulation.home_assistant_run import PARTY
from tests.simulation.installation import SEEN_WITHIN_S, STRANGER_DEVICE, Installation
from tests.simulation.loop import run
from tests.simulation.promises import Violation
from tests.simulation.reader import short_pages
from tests.simulation.steering import Strike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.broker import Broker
    from tests.simulation.coverage import Coverage
    from tests.simulation.steering import Target

#: Seconds at the beginning within which faults begin.
_TROUBLED_S = 40.0
#: Seconds after the repair within which everything has to be settled.
_SETTLED_WITHIN_S = 400.0
_LOOK_EVERY_S = 2.0
#: Seconds after which both sides have noticed a lost connection.
_NOTICED_S = 180.0
#: Seconds between two pings, and two polls of an idle sensor, in hours in which nobody comes.
_QUIET_S = 600
#: Share of the calm histories in which another Home Assistant speaks, and how often it does.
_ACCOMPANIED = 1 / 3
_ASKS = 5
#: Longest that a person waits for an enrollment to end, in seconds.
_STAYS_S = 30.0


@dataclass(frozen=True)
class HistoryResult:
    """The result of one history."""

    seed: int
    violations: list[Violation]
    enrollments: int
    """How many were run by readers."""
    virtual_s: float
    """How long it lasted."""
    coverage: Coverage
    """Which faults struck when."""
    trace: str
    """What happened; empty where nothing was violated and nobody asked."""


async def _run_course(world: Installation) -> None:
    """Run people and faults, repair everything, wait until it has settled, and check."""
    world.broker.start()
    for reader in world.readers.values():
        reader.power_on()
    await world.home.start()
    await asyncio.sleep(world.rng.uniform(2, 6))
    busy = [asyncio.create_task(_use(world, reader_id)) for reader_id in world.readers]
    if not world.calm:
        if world.target is not None:
            busy.append(asyncio.create_task(_steered_fault(world, world.target)))
        faults = world.rng.choice((1, 1, 2, 3, 5, 8) if world.crowded else (1, 1, 2, 3, 5))
        busy += [asyncio.create_task(_fault(world)) for _ in range(faults)]
    elif world.rng.random() < _ACCOMPANIED:
        busy.append(asyncio.create_task(_second_home(world)))
    await asyncio.gather(*busy)
    if world.long:
        await _heal(world)
        await _idle(world)
        world.healing = False
        await asyncio.gather(*(_use(world, reader_id) for reader_id in world.readers))
    await _heal(world)
    if await _settle(world):
        check(world)


async def _use(world: Installation, reader_id: str) -> None:
    """Let people enroll, and use the reader afterwards."""
    for _ in range(world.rng.choice((2, 3, 4, 5) if world.crowded else (1, 1, 2))):
        accepted = await world.enroll(reader_id)
        soon = world.rng.random()
        if soon < 1 / 8:
            await asyncio.sleep(world.rng.uniform(0, 6))
            await world.users.cancel(reader_id)
        if accepted and soon < 7 / 8:
            await _until_over(world, reader_id)
        await asyncio.sleep(world.rng.uniform(0.1, 4))
    if world.rng.random() < 1 / 6:
        await _walk_away(world, reader_id)
    for _ in range(world.rng.choice((0, 0, 1, 2, 3))):
        await world.admin.do(reader_id)
        await asyncio.sleep(world.rng.uniform(0, 3))
    if world.rng.random() < 1 / 8:
        # Identification off, and on again: a touch from now on has to be noticed.
        await world.admin.switch(reader_id)
        await world.admin.switch(reader_id)
        await asyncio.sleep(SEEN_WITHIN_S)
        await world.touch(reader_id)
    for _ in range(world.rng.choice((0, 1, 2, 4))):
        await world.touch(reader_id)
        await asyncio.sleep(world.rng.uniform(0.5, 6))


async def _second_home(world: Installation) -> None:
    """Let another Home Assistant speak as soon as answers to it count, and check that this is told.

    Although it speaks, all has to be as if it did not.
    """
    await asyncio.sleep(IGNORED_FOR)
    await world.run_second_home(_ASKS)
    if world.told_of_second_home != world.readers.keys():
        world.promises.violated(7, "another Home Assistant speaks, and nobody is told")


async def _walk_away(world: Installation, reader_id: str) -> None:
    """Have somebody leave during an enrollment, and touch the reader as soon as it has ended."""
    await world.enroll(reader_id)
    await asyncio.sleep(world.rng.uniform(0, 5))
    world.people[reader_id].enrollee = None
    await _until_over(world, reader_id)
    await world.touch(reader_id)


async def _idle(world: Installation) -> None:
    """Let hours or days pass in which nobody comes."""
    world.trace.note("history", "nobody comes for long")
    # By then both sides have noticed all lost connections.
    await asyncio.sleep(_NOTICED_S)
    with _infrequent_pings(world.broker):
        await asyncio.sleep(3600 * world.rng.choice((2, 6, 12, 24, 48)))
    world.trace.note("history", "people come again")


async def _until_over(world: Installation, reader_id: str) -> None:
    """Wait until the accepted enrollment has ended, with a timeout."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_STAYS_S):
            await world.people[reader_id].over.wait()


async def _fault(world: Installation) -> None:
    await asyncio.sleep(world.rng.uniform(0, _TROUBLED_S))
    weights = [weight for weight, _ in FAULTS]
    [(_, happens)] = world.rng.choices(FAULTS, weights)
    world.trace.note("fault", happens.__name__)
    await happens(world, Strike(world, happens.__name__))


async def _steered_fault(world: Installation, wanted: Target) -> None:
    await asyncio.sleep(world.rng.uniform(0, _TROUBLED_S / 2))
    world.trace.note("fault", "%s, steered to %s", *wanted)
    await FAULTS_BY_NAME[wanted.fault](world, Strike(world, wanted.fault, wanted.column))


async def _heal(world: Installation) -> None:
    """Repair everything."""
    world.trace.note("history", "heals")
    world.healing = True
    world.broker.start()
    for person in world.people.values():
        person.enrollee = None
    for reader, sensor in world.own_sensors.items():
        if reader.sensor is not sensor is reader.own_sensor:
            reader.swap_sensor(sensor)
    for party in (PARTY, *world.all_readers):
        world.network.unblock(party)
    for reader in world.readers.values():
        reader.lift()
        reader.flash.refuses = False
        reader.sensor.faults.clear()
        reader.sensor_line.flicker()
        reader.sensor_line.look_at(Background.NOTHING)
        reader.power_on()
    await world.home.start()
    if STRANGER_DEVICE in world.all_readers:
        # While another reader answered, ours may not have been listed. That reader is gone, and
        # so is the repair issue; then users update the readers' entities.
        await asyncio.sleep(_LOOK_EVERY_S)
        for reader_id in world.readers:
            await world.users.update(reader_id)
        # Requests that follow from the answer take some time.
        await asyncio.sleep(_LOOK_EVERY_S)


async def _settle(world: Installation) -> bool:
    """Wait until Home Assistant agrees with all readers; return whether it did in time."""
    end = asyncio.get_running_loop().time() + _SETTLED_WITHIN_S
    while (left := unsettled(world)) is not None:
        if asyncio.get_running_loop().time() > end:
            world.promises.violated(4, f"{_SETTLED_WITHIN_S:.0f} s later, {left}")
            return False
        await asyncio.sleep(_LOOK_EVERY_S)
    return True


@contextlib.contextmanager
def _infrequent_pings(broker: Broker) -> Iterator[None]:
    """Make readers and Home Assistant ping rarely: pings would be most of the work.

    The broker accepts any silence, also afterwards: the next ping may be as far away. All the
    rest goes on: hellos every ten minutes, clocks that drift, the colours of the light.
    """
    broker.patient = True
    with (
        patch.object(mqtt_session, "PING_MS", _QUIET_S * 1000),
        patch.object(ha_mqtt_client, "KEEPALIVE_S", _QUIET_S),
        patch.object(board, "IDLE_S", float(_QUIET_S)),
    ):
        yield


def run_history(seed: int, *, traced: bool = False) -> HistoryResult:
    """Run the history of a seed."""
    worlds: list[Installation] = []

    async def main() -> None:
        worlds.append(Installation(seed))
        await _run_course(worlds[0])

    failure: list[Violation] = []
    with consoles(), short_pages(), fast_waits():
        try:
            run(main())
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not have happened
            failure.append(Violation(8, f"{error!r}", 0.0))
    [world] = worlds
    violations = world.promises.violations + failure
    trace = str(world.trace) if traced or violations else ""
    return HistoryResult(
        seed,
        violations,
        world.promises.enrollments_run,
        world.situations.now,
        world.coverage,
        trace,
    )
