"""Places a finger for an enrollment by watching the sensor only, so also without the broker."""

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING

from emulator.seen_empty import wait_until_seen_empty
from emulator.wire import Code, Command

if TYPE_CHECKING:
    from emulator.fingers import Finger
    from emulator.line import SensorLine

_WITHIN = 60
"""Seconds within which the reader has to send the command that a step waits for."""


class ScanStep(StrEnum):
    """The steps of an enrollment with three scans, in order."""

    PLACE_1 = "place 1"
    LIFT_1 = "lift 1"
    PLACE_2 = "place 2"
    LIFT_2 = "lift 2"  # the sensor has stored the template
    PLACE_3 = "place 3"
    COMPLETED = "completed"


CAPTURED = dict(zip(ScanStep, (0, 1, 1, 2, 2, 3), strict=True))
"""How many scans the reader has captured at each step, and written to its flash."""

_SCANS = {
    ScanStep.LIFT_1: (Command.SEARCH, Code.NOT_FOUND),
    ScanStep.LIFT_2: (Command.STORE, Code.OK),
    ScanStep.COMPLETED: (Command.SEARCH, Code.OK),
}
"""The last command of each scan, and the sensor's answer to it."""


class FingerPlacement:
    """Places one finger on one sensor, three times."""

    def __init__(self, line: SensorLine, finger: Finger) -> None:
        """Start at the first step; the reader has accepted the enrollment."""
        self._line = line
        self._finger = finger
        self._at = ScanStep.PLACE_1

    async def go_on(self, to: ScanStep = ScanStep.COMPLETED) -> None:
        """Place and lift until a step is reached, and the scans up to it are in flash."""
        steps = list(ScanStep)
        for step in steps[steps.index(self._at) + 1 : steps.index(to) + 1]:
            if step in _SCANS:
                await self.scan(step)
                # The reader polls for lifting, so this scan is complete.
                await self._seen(Command.GEN_IMG, Code.OK, self._line.command_count)
            else:
                await self._lift()
        self._at = to

    async def scan(self, step: ScanStep) -> None:
        """Place the finger; return when the sensor has answered the last command of that scan."""
        since = self._line.command_count
        self._line.place(self._finger)
        await self._seen(*_SCANS[step], since)

    async def _lift(self) -> None:
        """Lift the finger; return when the reader knows that it is gone."""
        self._line.lift()
        await asyncio.to_thread(wait_until_seen_empty, self._line, _WITHIN)

    async def _seen(self, command: Command, code: Code, since: int) -> int:
        """Wait until the sensor has answered a command with a code; return the command's number."""
        seen = await asyncio.to_thread(
            self._line.wait_for_command, command, _WITHIN, code=code, since=since
        )
        return seen.number
