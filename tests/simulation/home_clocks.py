"""The clocks of the machine on which the simulated Home Assistant runs; they can fail."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from custom_components.biometric_enroll.client.liveness import Clocks

EPOCH = datetime(2026, 11, 25, tzinfo=UTC)


class HomeClocks:
    """All clocks, which go on through all runs of Home Assistant."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._slept = 0.0
        self._suspended_at: float | None = None
        self.wall_off = 0.0
        """By how many seconds the wall clock is wrong."""

    def read(self) -> Clocks:
        """Return what all clocks show now."""
        now = self._loop.time()
        slept = self._slept
        if self._suspended_at is not None:
            slept += now - self._suspended_at
        utc = EPOCH.timestamp() + now + self.wall_off
        return Clocks(now - slept, now - slept, now, utc)

    def suspend(self) -> None:
        """Let the clocks stand still that do so while a machine is suspended."""
        if self._suspended_at is None:
            self._suspended_at = self._loop.time()

    def resume(self) -> None:
        """Let them go on."""
        if self._suspended_at is not None:
            self._slept += self._loop.time() - self._suspended_at
            self._suspended_at = None
