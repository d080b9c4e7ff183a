"""The client of one reader of the first generation.

It has no hello, no nonce and no touch ids, and its messages are lost while nobody is subscribed. So
its touches are never provably live.
"""

from typing import TYPE_CHECKING, override

from ..client.base import BaseClient
from ..client.host import Kind, ReaderEvent
from ..client.touches import UNKNOWN_FINGER, objection
from ..protocol.fields import MalformedError
from ..protocol.words import TouchResult
from . import protocol
from .connection import LegacyConnection
from .enroller import LegacyEnroller
from .protocol import Topic

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..client.enroller import Enroller
    from ..client.model import ReaderModel
    from ..client.state import Subject

UNPROVEN = "unproven"
"""The sensor knows the finger, but the age of this touch is unknown, so it must open nothing."""

ATTRIBUTED_BY_SLOT = "slot"


class LegacyClient(BaseClient[LegacyConnection]):
    """Follows one reader of the first generation."""

    topics = ((Topic.STATUS, 0), (Topic.ENROLLMENT, 0), (Topic.TOUCH, 0))

    def __init__(
        self,
        model: ReaderModel,
        trusted: Callable[[], bool],
        speaks_version_1: Callable[[], None],
    ) -> None:
        """Initialize from the model, which has the saved state of earlier runs.

        `trusted` returns whether to treat touches as live (an option); `speaks_version_1` is called
        when something under this reader id announces itself in protocol version 1.
        """
        super().__init__(model, LegacyConnection(model))
        self._enrollments = LegacyEnroller(model, self._connection)
        self._host = model.host
        self._trusted = trusted
        self._speaks_version_1 = speaks_version_1

    @property
    def enroller(self) -> Enroller:
        """Return the enroller of this reader."""
        return self._enrollments.enroller

    @override
    def subscribed(self) -> None:
        """Handle that all topics are subscribed: from now on answers are received."""
        super().subscribed()
        self._enrollments.resume()

    @override
    def stop(self) -> None:
        super().stop()
        self._connection.stop()
        self._enrollments.stop()

    # Messages of the reader

    @override
    def _receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic == Topic.STATUS and protocol.is_version_1(payload):
            self._speaks_version_1()
            return
        if retained:
            raise MalformedError("a reader of the first generation retains nothing")
        match topic:
            case Topic.STATUS:
                status = protocol.reader_status(payload)
                self._connection.handle(status)
                if status.enrolling is False:
                    self._enrollments.handle_idle()
                if self.model.state.doubtful:
                    # More than this it never says.
                    self.model.update(doubtful=False)
            case Topic.ENROLLMENT:
                message = protocol.enrollment_message(payload)
                self._connection.heard()
                self._enrollments.handle(message)
            case Topic.TOUCH:
                touch = protocol.touch(payload)
                self._connection.heard()
                self._handle_touch(touch)

    def _handle_touch(self, touch: protocol.Touch) -> None:
        fields: dict[str, Any] = {
            "reason": UNKNOWN_FINGER if touch.slot is None else None,
            "slot": touch.slot,
            "template_id": None,
            "confidence": touch.confidence,
            "count": 1,
        }
        self._host.report(
            self._trusted_touch(touch, fields) if self._trusted() else _late_touch(touch, fields)
        )

    def _trusted_touch(self, touch: protocol.Touch, fields: dict[str, Any]) -> ReaderEvent:
        """Treat a touch as live, and identify by slot, as the user has chosen."""
        subject: Subject | None = None
        if touch.slot is not None:
            known = self.model.registry.at(self.model.device, touch.slot)
            why = objection(known, touch.confidence, self._host.options)
            fields["reason"] = why
            subject = known.subject if known is not None and why is None else None
        if subject is None:
            return ReaderEvent(Kind.TOUCH, TouchResult.NOT_IDENTIFIED, fields, None)
        self.model.identified(subject)
        fields["attributed_by"] = ATTRIBUTED_BY_SLOT
        return ReaderEvent(Kind.TOUCH, TouchResult.IDENTIFIED, fields, subject)


def _late_touch(touch: protocol.Touch, fields: dict[str, Any]) -> ReaderEvent:
    """Return the event for a touch of unknown age, without a name."""
    fields |= {"touched_at": None, "age": None}
    if touch.slot is None:
        return ReaderEvent(Kind.LATE_TOUCH, TouchResult.NOT_IDENTIFIED, fields, None)
    fields["reason"] = UNPROVEN
    return ReaderEvent(Kind.LATE_TOUCH, TouchResult.IDENTIFIED, fields, None)
