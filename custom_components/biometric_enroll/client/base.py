"""The base class of reader clients: messages go in, state and events come out."""

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ..protocol.fields import MalformedError
from ..protocol.words import topic_of
from .hello_queue import HelloQueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .changes import Changes
    from .model import ReaderModel
    from .state import ReaderState

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


class BaseClient[P: BaseConnection](ABC):
    """Follows one reader."""

    topics: Sequence[tuple[str, int]]
    """Topics to subscribe to, in this order, each with its QoS."""
    changes: Changes | None = None
    """The changes that the reader supports; None if it supports none."""

    def __init__(self, model: ReaderModel, connection: P) -> None:
        """Initialize with the model and the connection of one reader."""
        self.model = model
        self._connection = connection

    @property
    def state(self) -> ReaderState:
        """Return the current state of the reader."""
        return self.model.state

    async def async_watch(self) -> None:
        """Keep checking whether the reader is available; never returns."""
        await self._connection.async_watch()

    async def async_look(self) -> None:
        """Request the state of the reader now. Raises `UnreachableError`."""
        await self._connection.async_look()

    def subscribed(self) -> None:
        """Handle that all topics are subscribed: from now on answers are received."""
        self._connection.ask_soon()

    def disconnected(self) -> None:
        """Handle the loss of the connection to the broker."""
        self._connection.set_unavailable("the connection to the broker is lost")

    def receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Handle a message; a malformed one is dropped with one log line."""
        try:
            self._receive(topic, payload, retained=retained)
        except MalformedError as err:
            where = topic_of(self.model.reader_id, topic)
            _LOGGER.warning("Dropped a message on %s: %s", where, err)

    @abstractmethod
    def _receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Handle a message. Raises `MalformedError`."""
