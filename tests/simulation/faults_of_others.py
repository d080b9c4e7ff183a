"""Others on the same broker: a second Home Assistant, and devices that are no reader of ours."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from custom_components.biometric_enroll.protocol.words import Topic, topic_of
from tests.simulation.packets import Message

if TYPE_CHECKING:
    from tests.simulation.installation import Installation
    from tests.simulation.reader import SimulatedReader
    from tests.simulation.steering import Strike, WeightedFaults


async def stranger_joins(world: Installation, strike: Strike) -> None:
    """Give power to another reader that was given the same reader id."""
    await strike.ready()
    strike.now()
    await world.stranger(world.rng.uniform(3, 30))


async def stranger_tells_touches(world: Installation, strike: Strike) -> None:
    """Tell touches of our templates as a device that does not know the reader's boot."""
    reader = await strike.ready_at_any()
    strike.now(reader)
    boot = world.rng.randbytes(8).hex()
    for _ in range(world.rng.randint(1, 4)):
        if world.rng.random() < 1 / 4:
            boot = world.rng.randbytes(8).hex()
        message = Message(topic_of(reader.reader_id, Topic.TOUCH), _touch(world, reader, boot), 0)
        if world.broker.running:
            world.trace.note("stranger", "tells %s", message)
            world.broker.publish(message)
        await asyncio.sleep(world.rng.choice((0, world.rng.uniform(0, 5))))


def _touch(world: Installation, reader: SimulatedReader, boot: str) -> bytes:
    ids = [*reader.memory.values(), world.rng.randbytes(8).hex()]
    message = {
        "v": 1,
        "touch": world.rng.randbytes(8).hex(),
        "boot": boot,
        "at_ms": round(reader.uptime_s * 1000),
        "result": "identified",
        "slot": 0,
        "template_id": world.rng.choice(ids),
        "confidence": 200,
        "reason": None,
        "count": 1,
    }
    return json.dumps(message).encode()


async def second_home_assistant(world: Installation, strike: Strike) -> None:
    """Let another Home Assistant speak to the readers for a while."""
    await strike.ready()
    strike.now()
    await world.run_second_home(world.rng.randint(1, 8))


async def touch_garbled(world: Installation, strike: Strike) -> None:
    """Let a reader of somebody else tell its next touches in a way that nobody understands."""
    reader = await strike.ready_at_any()
    strike.now(reader)
    reader.garbles = True
    await world.touch(reader.reader_id)
    await asyncio.sleep(world.rng.uniform(0, 3))
    reader.garbles = False
    await world.touch(reader.reader_id)


#: With how often each is chosen, compared to the others.
FAULTS: WeightedFaults = (
    (2, stranger_joins),
    (3, stranger_tells_touches),
    (2, second_home_assistant),
    (1, touch_garbled),
)
