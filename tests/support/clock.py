"""Clocks for tests of Home Assistant: a virtual one, and one that ignores the load of the machine.

A folder of tests runs in virtual time if its `conftest.py` imports the two functions at the end:
there, only the work of threads takes real time.
"""

import asyncio
import selectors
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, override
from unittest.mock import patch

import pytest
from homeassistant.util import dt as dt_util

from custom_components.biometric_enroll.client.liveness import Clocks
from tests.simulation.loop import VirtualTime

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from concurrent.futures import Executor
    from datetime import datetime

    from homeassistant.core import HomeAssistant


MOST_FOR_A_TURN = 0.005
"""Longest time that one turn of the loop counts for, in seconds, however long it takes."""


class LoopClocks:
    """The clocks of the integration, in the place of `clocks.read`: all go as the loop's time.

    A test may let single ones stand still or jump.
    """

    def __init__(self) -> None:
        self.off = Clocks(0, 0, 0, 1_764_000_000)
        """How much later than the loop's time each clock is, in seconds."""

    def forward(self, seconds: float) -> None:
        """Put all clocks forward, as if that time had passed."""
        off = self.off
        self.off = Clocks(
            off.monotonic + seconds, off.raw + seconds, off.boottime + seconds, off.utc + seconds
        )

    def read(self, hass: HomeAssistant) -> Clocks:
        """Return what all clocks show now."""
        now = hass.loop.time()
        off = self.off
        return Clocks(now + off.monotonic, now + off.raw, now + off.boottime, now + off.utc)


@pytest.fixture(autouse=True)
def loop_clocks() -> Generator[LoopClocks]:
    """Let the integration's clocks go as the loop's time."""
    clocks = LoopClocks()
    with patch("custom_components.biometric_enroll.clocks.read", clocks.read):
        yield clocks


class SteadyTime:
    """Counts the time for which the loop has planned to wait, and a little for each turn.

    It does not count delays by other work of the machine. The tests give a silent reader a tenth
    of a second; on a busy machine that can pass between two steps of one answer, and a reader that
    has answered would be treated as unavailable.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take over the time of a running loop."""
        self._at = loop.time()
        self._turned = time.monotonic()
        selector = loop._selector  # type: ignore[attr-defined]
        self._select: Callable[[float | None], list[Any]] = selector.select
        selector.select = self.select
        loop.time = self.time  # type: ignore[method-assign]

    def time(self) -> float:
        """Return the counted seconds."""
        return self._at + min(time.monotonic() - self._turned, MOST_FOR_A_TURN)

    def select(self, timeout: float | None = None) -> list[Any]:
        """Wait like the loop's own selector."""
        self._at = self.time()
        began = time.monotonic()
        ready = self._select(timeout)
        self._turned = time.monotonic()
        waited = self._turned - began
        self._at += waited if timeout is None else min(waited, max(timeout, 0.0))
        return ready


class _Clock(selectors.DefaultSelector):
    """Waits by jumping ahead, unless a thread is at work: its duration is unknown."""

    def __init__(self) -> None:
        super().__init__()
        # Home Assistant also asks the real clock.
        self.now = time.monotonic()
        self.at_work = 0
        """How many jobs of threads have no result yet."""
        self.loop: VirtualTime | None = None

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; if nothing is ready, advance to the next timer."""
        if timeout == 0 or timeout is None or self.loop is None or self.at_work:
            return super().select(0 if timeout == 0 else None)
        if not (ready := super().select(0)):
            self.now = self.loop.next_timer()
        return ready


class HomeLoop(VirtualTime, asyncio.SelectorEventLoop):
    """Jumps to the next timer whenever no callback is ready."""

    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)
        self._clock.loop = self
        # The clock may be so large that adding a nanosecond does not change it.
        self._clock_resolution = 1e-6

    def keep_time(self) -> None:
        """Use the virtual time again, which Home Assistant has replaced by the real one."""
        vars(self).pop("time", None)
        # It notes where every callback was made, which takes half of the processor.
        self.set_debug(False)

    @override
    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run something in a thread; the virtual time stands still until it is done."""
        self._clock.at_work += 1
        job = super().run_in_executor(executor, func, *args)
        job.add_done_callback(self._done)
        return job

    def _done(self, _: asyncio.Future[Any]) -> None:
        self._clock.at_work -= 1


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the tests of a folder on a loop in virtual time."""
    return {"virtual time": HomeLoop}


@pytest.fixture(autouse=True)
async def virtual_time(
    configure_event_loop: None, enable_event_loop_debug: None
) -> AsyncGenerator[None]:
    """Derive the wall clock from the loop's time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, HomeLoop)
    loop.keep_time()
    begin, started = dt_util.utcnow(), loop.time()

    def utcnow() -> datetime:
        return begin + timedelta(seconds=loop.time() - started)

    with patch.object(dt_util, "utcnow", utcnow):
        yield
