"""The interface between a client and its environment: broker, clock, tasks, storage, events."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from .liveness import LIVE_AGE, Clocks

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine, Mapping
    from datetime import datetime

    from ..protocol.messages import Identity
    from .state import ReaderState, Subject

type Cause = Any
"""The context of the requester (Home Assistant's `Context`); only passed through."""


class Kind(StrEnum):
    """The event entity that an event belongs to."""

    TOUCH = "touch"
    LATE_TOUCH = "late_touch"
    ENROLLMENT = "enrollment_activity"


@dataclass(frozen=True, slots=True)
class ReaderEvent:
    """One event of a reader."""

    kind: Kind
    type: str
    """An event type of the event entity of this kind."""
    fields: Mapping[str, Any]
    subject: Subject | None
    """Whose finger the event is about; None if unknown."""
    cause: Cause = None


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one reader."""

    min_confidence: int = 0
    """Minimum confidence: a match with a lower score identifies nobody."""
    live_limit: float = LIVE_AGE
    """Maximum age of a live touch, in seconds."""


class Broker(Protocol):
    """What is needed to send requests to a reader."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop, for timers; its `time` is the monotonic clock, in seconds."""

    def new_id(self) -> str:
        """Return 16 random hexadecimal digits, the form of every id of the protocol."""

    async def async_publish(self, topic: str, message: str) -> None:
        """Publish at QoS 0, not retained. Raises `UnreachableError` without a broker."""


class Host(Broker, Protocol):
    """The environment of the client of one reader."""

    @property
    def options(self) -> Options:
        """Return the current options of the reader."""

    def utcnow(self) -> datetime:
        """Return the date and time in UTC."""

    def clocks(self) -> Clocks:
        """Return what all clocks show now; `monotonic` is the loop's time."""

    def create_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine as a task that ends before the client counts as stopped.

        It starts eagerly: everything before its first wait is done when this returns.
        """

    def state_changed(self, state: ReaderState, cause: Cause) -> None:
        """Handle a new state, with the context of the requester."""

    def report(self, event: ReaderEvent) -> None:
        """Report an event, once."""

    def identity_changed(self, identity: Identity) -> None:
        """Handle a new identity of the reader."""

    def other_device(self, identity: Identity | None) -> None:
        """Report that another device uses this reader id; None: no longer."""


class Saved(Protocol):
    """Storage of one JSON object across restarts: Home Assistant's `Store`."""

    async def async_load(self) -> dict[str, Any] | None:
        """Return the object; None if none was ever saved."""

    async def async_save(self, data: dict[str, Any]) -> None:
        """Save the object; returns when it is on disk.

        Cancelling the caller does not cancel saving.
        """
