"""An event loop for Home Assistant on which nothing takes time but the work of its threads.

A folder of tests lives on it where its `conftest.py` imports the two functions at the end.
"""

import asyncio
import selectors
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, override
from unittest.mock import patch

import pytest
from homeassistant.util import dt as dt_util

from tests.simulation.loop import VirtualTime

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from concurrent.futures import Executor
    from datetime import datetime


class _Clock(selectors.DefaultSelector):
    """Waits by jumping ahead, unless a thread is at work: nobody can tell how long that takes."""

    def __init__(self) -> None:
        super().__init__()
        # Home Assistant also asks the real clock.
        self.now = time.monotonic()
        self.at_work = 0
        """How many jobs of threads have no result yet."""
        self.loop: VirtualTime | None = None

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Give what is ready now; where that is nothing, it is later when this returns."""
        if timeout == 0 or timeout is None or self.loop is None or self.at_work:
            return super().select(0 if timeout == 0 else None)
        if not (ready := super().select(0)):
            self.now = self.loop.next_timer()
        return ready


class HomeLoop(VirtualTime, asyncio.SelectorEventLoop):
    """Jumps to the next timer whenever nobody has anything to do."""

    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)
        self._clock.loop = self
        # What the clock shows may be so large that a nanosecond more is none.
        self._clock_resolution = 1e-6

    def keep_time(self) -> None:
        """Go by the virtual time again, which Home Assistant has replaced by the real one."""
        vars(self).pop("time", None)
        # It notes where every callback was made, which takes half of the processor.
        self.set_debug(False)

    @override
    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Have a thread do something; until it is done, no time goes by."""
        self._clock.at_work += 1
        job = super().run_in_executor(executor, func, *args)
        job.add_done_callback(self._done)
        return job

    def _done(self, _: asyncio.Future[Any]) -> None:
        self._clock.at_work -= 1


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Have the tests of a folder run on a loop of virtual time."""
    return {"virtual time": HomeLoop}


@pytest.fixture(autouse=True)
async def virtual_time(
    configure_event_loop: None, enable_event_loop_debug: None
) -> AsyncGenerator[None]:
    """Let the wall clock go by the loop's time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, HomeLoop)
    loop.keep_time()
    begin, started = dt_util.utcnow(), loop.time()

    def utcnow() -> datetime:
        return begin + timedelta(seconds=loop.time() - started)

    with patch.object(dt_util, "utcnow", utcnow):
        yield
