"""The queue of hellos to one reader: one at a time, and all waiting ones fail with one timeout."""

import asyncio
import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from . import request_channel
from .errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from .model import ReaderModel


class HelloQueue:
    """Lets callers send hello to one reader one at a time."""

    def __init__(self, model: ReaderModel) -> None:
        """Initialize with no hello in progress."""
        self._model = model
        self._loop = model.host.loop
        self._lock = asyncio.Lock()
        self._unanswered_at = -math.inf

    def give_up_at(self) -> float:
        """Return the deadline for the answer to a request made now, as the loop's time.

        Infinity means the usual timeout; for an unavailable reader it is shorter.
        """
        if self._model.state.available:
            return math.inf
        return self._loop.time() + request_channel.AWAY_WITHIN

    def unanswered(self) -> None:
        """Note that the hello of the current turn was not answered."""
        self._unanswered_at = self._loop.time()

    @asynccontextmanager
    async def async_turn(self) -> AsyncGenerator[float]:
        """Wait for the turn; yield the deadline for the answer, see `give_up_at`.

        Raises `UnreachableError` if another hello stayed unanswered meanwhile, and none was
        answered since, and also, for an unavailable reader, if the turn comes too late.
        """
        asked_at, give_up_at = self._loop.time(), self.give_up_at()
        try:
            async with asyncio.timeout_at(None if give_up_at == math.inf else give_up_at):
                await self._lock.acquire()
        except TimeoutError:
            raise UnreachableError from None
        try:
            if self._unanswered_at > asked_at and not self._model.state.available:
                # One timeout is enough, unless another hello was answered since.
                raise UnreachableError
            # A reader that became available meanwhile gets the usual timeout.
            yield math.inf if self._model.state.available else give_up_at
        finally:
            self._lock.release()

    @asynccontextmanager
    async def async_patient_turn(self) -> AsyncGenerator[None]:
        """Wait for the turn without a limit, for background work."""
        async with self._lock:
            yield
