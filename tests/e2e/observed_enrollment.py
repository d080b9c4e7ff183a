"""One enrollment that something is done to, and how it has to end whatever that was."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.finger_placement import FingerPlacement
from tests.support.house import ENROLLMENT, PROGRESS

if TYPE_CHECKING:
    from demo.client import State
    from tests.support.house import House

_SCAN_TIMEOUT = 120
"""Seconds; the longest there is."""


@dataclass
class ObservedEnrollment:
    """An enrollment of a finger that no sensor has seen."""

    house: House
    placement: FingerPlacement
    name: str
    template_id: str
    slot: int

    async def ended(self) -> State:
        """Wait until Home Assistant shows that it has ended, and nothing more is under way."""
        await self.house.client.async_until(
            lambda states: (
                ENROLLMENT in states
                and states[ENROLLMENT].attributes.get("template_id") == self.template_id
                and states[ENROLLMENT].state in {"completed", "failed", "cancelled"}
            )
        )
        # What is there to tell comes before, or with, the answer to the hello of a reconnect.
        await self.house.settled()
        return self.house.client.states[ENROLLMENT]

    async def judge(self, stage: str, captured: int, *, reason: str | None = None) -> None:
        """Check everything that is to be seen of it, and that each scan was told once."""
        state = await self.ended()
        assert (state.state, state.attributes["reason"]) == (stage, reason)
        await self.house.client.async_until_state(PROGRESS, str(round(100 * captured / 3)))
        await self.known_if(known=stage == "completed")
        told = await self.told()
        scans = [event["step"] for event in told if event["type"] == "scan_captured"]
        assert scans == list(range(1, captured + 1))
        types = [event["type"] for event in told]
        assert (types[-1], types.count(stage)) == (stage, 1)

    async def known_if(self, *, known: bool) -> None:
        """Check that there is a name and a template, or neither."""
        with self.house.reader.sensor_line.hold() as sensor:
            assert (self.slot in sensor.templates) == known
        assert (self.name in await self.house.names()) == known

    async def told(self) -> list[dict[str, Any]]:
        """Return what this client was told of it, in order."""
        return [
            event for event in self.house.events if event.get("template_id") == self.template_id
        ]


async def begin(house: House) -> ObservedEnrollment:
    """Start an enrollment; the reader has accepted it.

    It waits longer for each scan than the hand for the reader: a machine that stands still for a
    while is not to end it, and where the hand gives up, the reader still shows why.
    """
    finger = house.new_finger()
    name = f"Owner of {finger.name}"
    accepted = await house.action("enroll_fingerprint", name=name, scan_timeout=_SCAN_TIMEOUT)
    placement = FingerPlacement(house.reader.sensor_line, finger)
    return ObservedEnrollment(house, placement, name, accepted["template_id"], accepted["slot"])
