"""The base class of connections: the availability of one reader, of any protocol."""

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from .hello_queue import HelloQueue

if TYPE_CHECKING:
    from .model import ReaderModel

_LOGGER = logging.getLogger(__name__)


class BaseConnection(ABC):
    """The availability of one reader, of any protocol."""

    def __init__(self, model: ReaderModel) -> None:
        """Initialize with the reader unavailable."""
        self._model = model
        self._host = model.host
        self._loop = model.host.loop
        self.hello_queue = HelloQueue(model)
        self._ask_now = asyncio.Event()
        self._outage_logged = False

    @abstractmethod
    async def async_watch(self) -> None:
        """Keep checking whether the reader is available; never returns."""

    @abstractmethod
    async def _async_look(self, give_up_at: float) -> None:
        """Check now, until the loop's time `give_up_at`. Raises `UnreachableError`."""

    async def async_look(self) -> None:
        """Check now, after the checks that already wait. Raises `UnreachableError`."""
        async with self.hello_queue.async_turn() as give_up_at:
            await self._async_look(give_up_at)

    def ask_soon(self) -> None:
        """Make `async_watch` check soon."""
        self._ask_now.set()

    def set_unavailable(self, why: str) -> None:
        """Mark the reader as unavailable, and log that once for each outage."""
        if not self._outage_logged:
            self._outage_logged = True
            _LOGGER.info("Reader %s is unavailable: %s", self._model.reader_id, why)
        if self._model.state.available:
            self._model.update(available=False)

    def _log_return(self) -> None:
        """Log that the reader is available again, once after each outage."""
        if self._outage_logged:
            self._outage_logged = False
            _LOGGER.info("Reader %s is available again", self._model.reader_id)
