"""A broker and its network in virtual time, for a test of them."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.broker import Broker
from tests.simulation.habits import BrokerHabits
from tests.simulation.loop import run
from tests.simulation.network import Network
from tests.simulation.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.simulation.packets import Message


class Rig:
    """A running broker, and the way to it."""

    def __init__(self, habits: BrokerHabits, seed: int) -> None:
        rng = Random(seed)  # noqa: S311 - it has to be the same each time
        self.loop = asyncio.get_running_loop()
        self.trace: list[str] = []
        self.network = Network(rng)
        self.broker = Broker(
            self.network, habits, rng, lambda line: self.trace.append(f"{self.now:.6f} {line}")
        )
        self.broker.start()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self.loop.time()

    async def connect(
        self, name: str, *, clean: bool = True, keepalive_s: int = 0, will: Message | None = None
    ) -> Probe:
        """Connect a client to the broker."""
        return await Probe.connect(
            self.network.open, name, clean=clean, keepalive_s=keepalive_s, will=will
        )


def simulate(
    test: Callable[[Rig], Awaitable[None]],
    *,
    habits: BrokerHabits | None = None,
    seed: int = 1,
) -> list[str]:
    """Run a test with a broker of these habits, and return the broker's trace."""

    async def main() -> list[str]:
        rig = Rig(habits or BrokerHabits(), seed)
        await test(rig)
        return rig.trace

    return run(main())
