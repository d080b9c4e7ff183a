"""What following a reader needs of the world around it, and what it tells that world."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from .liveness import LIVE_AGE

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine, Mapping
    from datetime import datetime

    from ..protocol.messages import Identity
    from .state import ReaderState, Subject

type Cause = Any
"""On whose behalf something happens; only handed through (Home Assistant's `Context`)."""


class Kind(StrEnum):
    """The event entity that shows an event."""

    TOUCH = "touch"
    LATE_TOUCH = "late_touch"
    ENROLLMENT = "enrollment_activity"


@dataclass(frozen=True, slots=True)
class ReaderEvent:
    """One thing that happened."""

    kind: Kind
    type: str
    """A type of the event entity of this kind."""
    fields: Mapping[str, Any]
    subject: Subject | None
    """Whose finger it was about."""
    cause: Cause = None


@dataclass(frozen=True, slots=True)
class Options:
    """What the user decides about one reader."""

    min_confidence: int = 0
    """A match with a lower score identifies nobody."""
    live_limit: float = LIVE_AGE
    """A touch that is older, in seconds, opens nothing."""


class Broker(Protocol):
    """What it takes to ask a reader for something."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Whose `time` is the steady clock, in seconds, and whose timers are used."""

    def new_id(self) -> str:
        """Return 16 random hexadecimal digits, the form of every id of the protocol."""

    async def async_publish(self, topic: str, message: str) -> None:
        """Publish at QoS 0, not retained. Raises `UnreachableError` without a broker."""


class Host(Broker, Protocol):
    """The world around the client of one reader."""

    @property
    def options(self) -> Options:
        """What the user has decided by now."""

    def utcnow(self) -> datetime:
        """Return the date and time in UTC."""

    def create_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside; it is over before the client counts as stopped.

        It begins at once: what it does before it first waits is done when this returns.
        """

    def state_changed(self, state: ReaderState, cause: Cause) -> None:
        """Show what is."""

    def report(self, event: ReaderEvent) -> None:
        """Tell what happened, once."""

    def identity_changed(self, identity: Identity) -> None:
        """Note who the reader says that it is."""

    def other_device(self, identity: Identity | None) -> None:
        """Tell that another reader answers under this reader's id; None: not any more."""


class Saved(Protocol):
    """Where one JSON object outlives a restart: Home Assistant's `Store`."""

    async def async_load(self) -> dict[str, Any] | None:
        """Return the object, None if none was ever saved."""

    async def async_save(self, data: dict[str, Any]) -> None:
        """Save the object; done when it is on disk.

        A caller that stops waiting does not stop it.
        """
