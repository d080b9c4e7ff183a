"""Asking a reader whether it is there: one after the other, and for one silence only."""

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
    """Lets one after the other ask a reader whether it is there."""

    def __init__(self, model: ReaderModel) -> None:
        """Begin with nobody who asks."""
        self._model = model
        self._loop = model.host.loop
        self._lock = asyncio.Lock()
        self._unanswered_at = -math.inf

    def give_up_at(self) -> float:
        """Return until when to wait for an answer to what is asked now, as the loop's time.

        Infinity where the usual patience is right: who is known to be away is not waited for as
        long.
        """
        if self._model.state.available:
            return math.inf
        return self._loop.time() + request_channel.AWAY_WITHIN

    def unanswered(self) -> None:
        """Note that whoever has the turn has just asked in vain."""
        self._unanswered_at = self._loop.time()

    @asynccontextmanager
    async def async_turn(self) -> AsyncGenerator[float]:
        """Take the turn; return until when to wait for an answer, see `give_up_at`.

        Raises `UnreachableError` when somebody else meanwhile asks in vain, and nobody since with
        success, and, if the reader is away, when it takes too long until everybody else has asked.
        """
        asked_at, give_up_at = self._loop.time(), self.give_up_at()
        try:
            async with asyncio.timeout_at(None if give_up_at == math.inf else give_up_at):
                await self._lock.acquire()
        except TimeoutError:
            raise UnreachableError from None
        try:
            if self._unanswered_at > asked_at and not self._model.state.available:
                # One silence is enough, unless somebody was answered since.
                raise UnreachableError
            # Whoever is back meanwhile may take its time.
            yield math.inf if self._model.state.available else give_up_at
        finally:
            self._lock.release()

    @asynccontextmanager
    async def async_patient_turn(self) -> AsyncGenerator[None]:
        """Take the turn, however long that takes: for whoever keeps nobody waiting."""
        async with self._lock:
            yield
