"""The base class of reader clients: messages go in, state and events come out."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ..protocol.fields import MalformedError
from ..protocol.words import topic_of
from .complaints import Complaints

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .base_connection import BaseConnection
    from .changes import Changes
    from .model import ReaderModel
    from .state import ReaderState


class BaseClient[P: BaseConnection](ABC):
    """Follows one reader."""

    topics: Sequence[tuple[str, int]]
    """Topics to subscribe to, in this order, each with its QoS."""
    retained: Collection[str] = ()
    """Those that the reader retains: one may be emptied by whoever tidies up the broker."""
    changes: Changes | None = None
    """The changes that the reader supports; None if it supports none."""

    def __init__(self, model: ReaderModel, connection: P) -> None:
        """Initialize with the model and the connection of one reader."""
        self.model = model
        self._connection = connection
        self._complaints = Complaints(model.host.loop)

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
        """Handle a message; a malformed one is dropped, and logged by `Complaints`."""
        if not payload and topic in self.retained:
            return
        try:
            self._receive(topic, payload, retained=retained)
        except MalformedError as err:
            self._complaints.dropped(topic_of(self.model.reader_id, topic), str(err))

    def stop(self) -> None:
        """Stop; callers that still wait for a message get an error."""
        self._complaints.stop()

    @abstractmethod
    def _receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Handle a message. Raises `MalformedError`."""
