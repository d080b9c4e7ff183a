"""A person at the reader: does what the enrollment sensor asks for, and nothing else."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.fingers import Finger
    from emulator.line import SensorLine

    from .client import Client, State


def _enroll_options(state: State) -> str:
    """Return a key of what is asked for, which differs also between two equal stages."""
    attributes = state.attributes
    return f"{state.state} {attributes.get('captured')} {attributes.get('rejected')}"


@dataclass(frozen=True, slots=True)
class Person:
    """A person who watches the enrollment sensor, and places and lifts fingers."""

    client: Client
    line: SensorLine
    entity_id: str
    """The enrollment sensor that is watched."""

    async def async_enroll(self, *fingers: Finger, within: float = 60) -> str:
        """Place and lift as asked until the enrollment ends; return its last stage.

        Several fingers are placed one after the other, the last one repeatedly. The state at the
        time of the call is taken for the end of an earlier enrollment.
        """
        queue = list(fingers)
        asked = _enroll_options(self.client.states[self.entity_id])
        async with asyncio.timeout(within):
            while True:
                state = await self.client.async_until_other(self.entity_id, asked, _enroll_options)
                asked = _enroll_options(state)
                match state.state:
                    case "place_finger":
                        self.line.place(queue.pop(0) if len(queue) > 1 else queue[0])
                    case "lift_finger":
                        self.line.lift()
                    case "completed" | "failed" | "cancelled":
                        self.line.lift()
                        return state.state
