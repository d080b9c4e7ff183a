"""An enrollment during which a test breaks something, and checks of how it has ended."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.finger_placement import FingerPlacement
from tests.support.house import ENROLLMENT, PROGRESS

if TYPE_CHECKING:
    from demo.client import State
    from tests.support.house import House

_SCAN_TIMEOUT = 120
"""Seconds; the maximum."""


@dataclass
class ObservedEnrollment:
    """An enrollment of a finger that was not used before."""

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
        # All snapshots come before the answer to the hello of a reconnect, or with it.
        await self.house.settled()
        return self.house.client.states[ENROLLMENT]

    async def judge(self, stage: str, captured: int, *, reason: str | None = None) -> None:
        """Check all entities, names and events of it; each scan must be reported once."""
        state = await self.ended()
        assert (state.state, state.attributes["reason"]) == (stage, reason)
        await self.house.client.async_until_state(PROGRESS, str(round(100 * captured / 3)))
        await self.check_stored(stored=stage == "completed")
        told = await self.told()
        scans = [event["step"] for event in told if event["type"] == "scan_captured"]
        assert scans == list(range(1, captured + 1))
        types = [event["type"] for event in told]
        assert (types[-1], types.count(stage)) == (stage, 1)

    async def check_stored(self, *, stored: bool) -> None:
        """Check that there are a name and a template, or neither."""
        with self.house.reader.sensor_line.hold() as sensor:
            assert (self.slot in sensor.templates) == stored
        assert (self.name in await self.house.names()) == stored

    async def told(self) -> list[dict[str, Any]]:
        """Return its events that the client has received, in order."""
        return [
            event for event in self.house.events if event.get("template_id") == self.template_id
        ]


async def begin(house: House) -> ObservedEnrollment:
    """Start an enrollment, and return it when the reader has accepted it.

    Its scan timeout is longer than that of `FingerPlacement`: a machine that is busy for a while
    must not end it, and when the placement times out, the reader still shows its state.
    """
    finger = house.new_finger()
    name = f"Owner of {finger.name}"
    accepted = await house.action("enroll_fingerprint", name=name, scan_timeout=_SCAN_TIMEOUT)
    placement = FingerPlacement(house.reader.sensor_line, finger)
    return ObservedEnrollment(house, placement, name, accepted["template_id"], accepted["slot"])
