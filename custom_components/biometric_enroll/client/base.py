"""What each client of a reader is: messages go in, state and events come out."""

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from ..protocol.fields import MalformedError
from ..protocol.words import topic_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .changes import Changes
    from .model import ReaderModel
    from .state import ReaderState

_LOGGER = logging.getLogger(__name__)


class ReaderConnection(Protocol):
    """How a reader of one dialect is watched."""

    async def async_watch(self) -> None:
        """Ask whether the reader is there whenever there is reason to; for ever."""

    async def async_look(self) -> None:
        """Ask now. Raises `UnreachableError`."""

    def set_unavailable(self, why: str) -> None:
        """Take the reader for unavailable."""

    def ask_soon(self) -> None:
        """Have the reader asked soon."""


class BaseClient[P: ReaderConnection](ABC):
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
