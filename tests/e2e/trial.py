"""One enrollment that something is done to, and how it has to end whatever that was."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.e2e.bench import ENROLLMENT, PROGRESS
from tests.e2e.hand import Hand

if TYPE_CHECKING:
    from demo.client import State
    from tests.e2e.bench import Bench

_SCAN_TIMEOUT = 120
"""Seconds; the longest there is."""


@dataclass
class Trial:
    """An enrollment of a finger that no sensor has seen."""

    bench: Bench
    hand: Hand
    name: str
    template_id: str
    slot: int

    async def ended(self) -> State:
        """Wait until Home Assistant shows that it has ended, and nothing more is under way."""
        await self.bench.client.async_until(
            lambda states: (
                ENROLLMENT in states
                and states[ENROLLMENT].attributes.get("template_id") == self.template_id
                and states[ENROLLMENT].state in {"completed", "failed", "cancelled"}
            )
        )
        # What is there to tell comes before, or with, the answer to the hello of a reconnect.
        await self.bench.settled()
        return self.bench.client.states[ENROLLMENT]

    async def judge(self, stage: str, captured: int, *, reason: str | None = None) -> None:
        """Check everything that is to be seen of it, and that each scan was told once."""
        state = await self.ended()
        assert (state.state, state.attributes["reason"]) == (stage, reason)
        await self.bench.client.async_until_state(PROGRESS, str(round(100 * captured / 3)))
        await self.known_if(known=stage == "completed")
        told = await self.told()
        scans = [moment["step"] for moment in told if moment["type"] == "scan_captured"]
        assert scans == list(range(1, captured + 1))
        types = [moment["type"] for moment in told]
        assert (types[-1], types.count(stage)) == (stage, 1)

    async def known_if(self, *, known: bool) -> None:
        """Check that there is a name and a template, or neither."""
        with self.bench.reader.line.hold() as sensor:
            assert (self.slot in sensor.templates) == known
        assert (self.name in await self.bench.names()) == known

    async def told(self) -> list[dict[str, Any]]:
        """Return what this client was told of it, in order."""
        return [
            event for event in self.bench.events if event.get("template_id") == self.template_id
        ]


async def begin(bench: Bench) -> Trial:
    """Start an enrollment; the reader has accepted it.

    It waits longer for each scan than the hand for the reader: a machine that stands still for a
    while is not to end it, and where the hand gives up, the reader still shows why.
    """
    finger = bench.new_finger()
    name = f"Owner of {finger.name}"
    accepted = await bench.action("enroll_fingerprint", name=name, scan_timeout=_SCAN_TIMEOUT)
    hand = Hand(bench.reader.line, finger)
    return Trial(bench, hand, name, accepted["template_id"], accepted["slot"])
