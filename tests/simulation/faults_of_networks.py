"""Faults of the broker and the network: restarts, stalls, cuts, and messages at the wrong time."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from custom_components.biometric_enroll.protocol.words import topic_of
from tests.simulation.coverage import ACTIVITIES
from tests.simulation.home_assistant_run import PARTY
from tests.simulation.network import Block, Notice
from tests.simulation.packets import Message

if TYPE_CHECKING:
    from tests.simulation.installation import Installation
    from tests.simulation.steering import Strike, WeightedFaults


async def broker_restarts(world: Installation, strike: Strike) -> None:
    """Kill or stop the broker, and start it again."""
    await strike.ready()
    if not world.broker.running:
        return
    strike.now()
    if world.rng.random() < 1 / 2:
        world.broker.kill()
    else:
        world.broker.stop()
    await asyncio.sleep(world.rng.uniform(0.1, 20))
    world.broker.start(forget=world.rng.random() < 1 / 3)


async def broker_stalls(world: Installation, strike: Strike) -> None:
    """Stall the broker for a while."""
    await strike.ready()
    if world.broker.running:
        strike.now()
    world.broker.stall(world.rng.uniform(0.5, 25))


async def connection_cut(world: Installation, strike: Strike) -> None:
    """Cut a party's connection; maybe only one side notices."""
    notice = world.rng.choice((Notice.BOTH, Notice.CLIENT, Notice.BROKER, Notice.NOBODY))
    party = world.any_party()
    await strike.ready(world.all_readers.get(party))
    if world.network.connected(party):
        strike.now(*world.at(party))
    world.network.cut(party, notice)


async def network_stalls(world: Installation, strike: Strike) -> None:
    """Delay all messages from and to a party."""
    party = world.any_party()
    await strike.ready(world.all_readers.get(party))
    strike.now(*world.at(party))
    world.network.stall(party, world.rng.uniform(0.5, 20))


async def network_blocked(world: Installation, strike: Strike) -> None:
    """Cut a party off for a while."""
    party = world.any_party()
    await strike.ready(world.all_readers.get(party))
    strike.now(*world.at(party))
    world.network.cut(party, world.rng.choice((Notice.BOTH, Notice.NOBODY)))
    world.network.block(party, world.rng.choice(list(Block)))
    await asyncio.sleep(world.rng.uniform(1, 20))
    await world.touch(world.any_reader_id())
    await asyncio.sleep(world.rng.uniform(1, 6))
    if world.rng.random() < 1 / 3:
        world.any_reader().power_off()
        # So long that the uptime may be again what it was at that touch.
        await asyncio.sleep(world.rng.choice((0, world.rng.uniform(0, 40))))
    world.network.unblock(party)
    # Maybe before that older touch is delivered.
    await asyncio.sleep(world.rng.uniform(0, 12))
    await world.touch(world.any_reader_id())


async def touch_sent_after_restart(world: Installation, strike: Strike) -> None:
    """Let a touch be sent only after a power cut, at the same uptime at which it was made."""
    reader_id = world.any_reader_id()
    reader = world.readers[reader_id]
    await strike.ready(reader)
    strike.now(reader)
    world.network.cut(reader.device, Notice.BOTH)
    world.network.block(reader.device, Block.REFUSED)
    await world.touch(reader_id)
    uptime_s = reader.uptime_s
    await asyncio.sleep(5)
    reader.power_off()
    await asyncio.sleep(1)
    reader.power_on()
    await asyncio.sleep(max(0, uptime_s - world.rng.uniform(0, 6)))
    world.network.unblock(reader.device)


async def touch_retained(world: Installation, strike: Strike) -> None:
    """Let the broker retain a touch, as a bridge may do, while Home Assistant is stopped."""
    if not world.home.running:
        return
    world.home.stop(kill=False)
    await world.touch(world.any_reader_id())
    await asyncio.sleep(world.rng.uniform(2, 8))
    if strike.column is None or strike.column in ACTIVITIES:
        await strike.ready()
    strike.now()
    world.broker.retain_newest("fingerprint")
    await world.home.start()


async def network_slow(world: Installation, strike: Strike) -> None:
    """Make the network slow for a while."""
    await strike.ready()
    strike.now()
    usual, world.network.between = world.network.between, (0.05, world.rng.uniform(0.3, 2.5))
    await asyncio.sleep(world.rng.uniform(2, 20))
    world.network.between = usual


async def answer_stalls(world: Installation, strike: Strike) -> None:
    """Delay the answer to a hello, and the reader's messages right after it."""
    reader_id = world.any_reader_id()

    def hello_is_said() -> None:
        world.later(0.02, stall)

    def stall() -> None:
        strike.now(world.readers[reader_id])
        world.network.stall(PARTY, world.rng.uniform(6, 9))

    if strike.column in ACTIVITIES:
        await strike.ready(world.readers[reader_id])
    world.home_events.on_publish.append(hello_is_said)
    world.home.reload(reader_id)
    await asyncio.sleep(world.rng.uniform(0, 0.5))
    await world.touch(reader_id)


async def start_not_answered(world: Installation, strike: Strike) -> None:
    """Delay the answer to an enrollment request until Home Assistant no longer waits for it."""
    reader_id = world.any_reader_id()
    # The longer ones are long enough to be enrolled meanwhile.
    seconds = world.rng.choice((world.rng.uniform(9, 15), world.rng.uniform(15, 60)))

    def stall(looks: int = 20) -> None:
        app = world.readers[reader_id].app
        if looks and app is not None and not app.scanner.running:
            # The request is still on its way.
            world.later(0.001, partial(stall, looks - 1))
            return
        strike.now(world.readers[reader_id])
        world.network.stall(PARTY, seconds)

    if strike.column in ACTIVITIES:
        await strike.ready(world.readers[reader_id])
    world.home_events.on_enroll_request.append(lambda: world.later(0.001, stall))
    accepted = await world.enroll(reader_id)
    world.home_events.on_enroll_request.clear()
    if not accepted and world.rng.random() < 1 / 2:
        # What has started is not known yet, and only the files tell that its start was given up.
        world.kill_home()
        await world.home.start()


async def will_comes_late(world: Installation, strike: Strike) -> None:
    """Publish the will of a session that ended long ago, while nothing else happens."""
    reader_id = world.any_reader_id()
    await asyncio.sleep(40)
    await strike.ready(world.readers[reader_id])
    strike.now(world.readers[reader_id])
    will = Message(topic_of(reader_id, "status"), b'{"v":1,"online":false}', 1)
    world.trace.note("broker", "tells a late will of %s", reader_id)
    world.broker.tell(PARTY, will)
    # Or the history could be over before the will has any effect.
    await asyncio.sleep(1)


async def message_repeated(world: Installation, strike: Strike) -> None:
    """Repeat old messages."""
    await strike.ready()
    for _ in range(world.rng.randint(1, 4)):
        message = world.broker.replay(world.rng, PARTY)
        if message is not None:
            strike.now()
            world.trace.note("broker", "repeats %s", message)
        await asyncio.sleep(world.rng.uniform(0, 2))


#: With how often each is chosen, compared to the others.
FAULTS: WeightedFaults = (
    (6, broker_restarts),
    (4, broker_stalls),
    (6, connection_cut),
    (5, network_stalls),
    (4, network_blocked),
    (2, touch_sent_after_restart),
    (2, touch_retained),
    (2, network_slow),
    (3, answer_stalls),
    (6, start_not_answered),
    (6, message_repeated),
    (2, will_comes_late),
)
