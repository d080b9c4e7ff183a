"""What each client of a reader is: messages go in, state and events come out."""

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
    """Watches one reader, whatever protocol it speaks."""

    def __init__(self, model: ReaderModel) -> None:
        """Begin with the reader unavailable."""
        self._model = model
        self._host = model.host
        self._loop = model.host.loop
        self.hello_queue = HelloQueue(model)
        self._ask_now = asyncio.Event()
        self._outage_logged = False

    @abstractmethod
    async def async_watch(self) -> None:
        """Ask whether the reader is there whenever there is reason to; runs until cancelled."""

    @abstractmethod
    async def _async_look(self, give_up_at: float) -> None:
        """Ask now, until the loop's time `give_up_at`. Raises `UnreachableError`."""

    async def async_look(self) -> None:
        """Ask now, after everybody who has asked before. Raises `UnreachableError`."""
        async with self.hello_queue.async_turn() as give_up_at:
            await self._async_look(give_up_at)

    def ask_soon(self) -> None:
        """Have the reader asked soon."""
        self._ask_now.set()

    def set_unavailable(self, why: str) -> None:
        """Show the reader as unavailable, and log that once for each outage."""
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
    """What to subscribe to, in this order, each with its QoS."""
    changes: Changes | None = None
    """What can be changed on the reader; None: nothing can."""

    def __init__(self, model: ReaderModel, connection: P) -> None:
        """Follow the reader that this is known of."""
        self.model = model
        self._connection = connection

    @property
    def state(self) -> ReaderState:
        """What is known of the reader now."""
        return self.model.state

    async def async_watch(self) -> None:
        """Ask whether the reader is there whenever there is reason to; for ever."""
        await self._connection.async_watch()

    async def async_look(self) -> None:
        """Ask the reader now for what it can tell. Raises `UnreachableError`."""
        await self._connection.async_look()

    def subscribed(self) -> None:
        """Learn that all topics are subscribed to: from now on an answer would be heard."""
        self._connection.ask_soon()

    def disconnected(self) -> None:
        """Learn that the connection to the broker is lost."""
        self._connection.set_unavailable("the connection to the broker is lost")

    def receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Take a message; whatever is wrong with it ends here, in one log line."""
        try:
            self._receive(topic, payload, retained=retained)
        except MalformedError as err:
            where = topic_of(self.model.reader_id, topic)
            _LOGGER.warning("Dropped a message on %s: %s", where, err)

    @abstractmethod
    def _receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Take a message. Raises `MalformedError`."""
