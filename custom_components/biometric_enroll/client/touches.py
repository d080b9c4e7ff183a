"""Turn touch messages into events, and acknowledge them.

This is the only place that decides what may open a door: only a provably live touch of a known
fingerprint is reported as `identified` on the event entity Touch.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..protocol.words import TouchResult
from .host import Kind, ReaderEvent
from .liveness import SLACK

if TYPE_CHECKING:
    from ..protocol.messages import Touch
    from .connection import Connection
    from .fingerprint_registry import Fingerprint
    from .host import Options
    from .model import ReaderModel
    from .state import Subject

UNKNOWN_FINGER = "unknown_finger"
"""The sensor has no matching template."""

UNKNOWN_FINGERPRINT = "unknown_fingerprint"
"""The sensor matched an unnamed template."""

DISABLED = "disabled"
"""The user has disabled the fingerprint."""

LOW_CONFIDENCE = "low_confidence"
"""The score of the match is below the minimum confidence."""


def objection(
    fingerprint: Fingerprint | None, confidence: int | None, options: Options
) -> str | None:
    """Return why a match does not identify this fingerprint; None if it does."""
    if fingerprint is None:
        return UNKNOWN_FINGERPRINT
    if not fingerprint.enabled:
        return DISABLED
    return LOW_CONFIDENCE if (confidence or 0) < options.min_confidence else None


class Touches:
    """Evaluates and reports the touches of one reader."""

    def __init__(self, model: ReaderModel, connection: Connection) -> None:
        """Initialize with the model and the connection of one reader."""
        self._model = model
        self._host = model.host
        self._connection = connection

    def handle(self, touch: Touch) -> None:
        """Report a touch, unless it was already reported, and acknowledge it."""
        delivered = self._model.delivered
        if touch.touch not in delivered.touches:
            delivered.add_touch(touch.touch)
            event, subject = self._judge(touch)
            if subject is not None:
                self._model.identified(subject)
            self._host.report(event)
        self._host.create_task(self._async_acknowledge(touch.touch))

    async def _async_acknowledge(self, touch: str) -> None:
        """Save that a touch was reported, and only then acknowledge it."""
        await self._model.delivery_log.async_save()
        await self._connection.async_acknowledge(touch)

    def _judge(self, touch: Touch) -> tuple[ReaderEvent, Subject | None]:
        """Count a touch; return the event, and who was identified if the touch is live."""
        liveness, clocks = self._connection.liveness, self._host.clocks()
        age = liveness.age(touch.boot, touch.at_ms, clocks)
        if age is not None and age < -SLACK:
            # Our clock stood still while the machine was suspended: a new hello corrects this.
            self._connection.ask_soon()
        now = self._host.utcnow()
        touched_at = None if age is None else now - timedelta(seconds=age)
        subject, why = self._subject(touch)
        if subject is not None and touch.template_id is not None:
            self._model.delivered.count(touch.template_id, touched_at or now)
        result = touch.result
        if result is TouchResult.IDENTIFIED and subject is None:
            result = TouchResult.NOT_IDENTIFIED
        fields: dict[str, Any] = {
            "reason": why,
            "slot": touch.slot,
            "template_id": touch.template_id,
            "confidence": touch.confidence,
            "count": touch.count,
        }
        live = liveness.is_live(age, clocks, self._host.options.live_limit)
        if live and not (result is TouchResult.IDENTIFIED and self._locked_out()):
            return ReaderEvent(Kind.TOUCH, result, fields, subject), subject
        fields |= {
            "touched_at": None if touched_at is None else touched_at.isoformat(),
            "age": None if age is None else round(age, 1),
        }
        return ReaderEvent(Kind.LATE_TOUCH, result, fields, subject), None

    def _locked_out(self) -> bool:
        """Return whether identification is switched off at the reader.

        A touch from just before that is sent again now must not open anything.
        """
        settings = self._model.state.settings
        return settings is not None and not settings.identification

    def _subject(self, touch: Touch) -> tuple[Subject | None, str | None]:
        """Return whose finger it is, by the template id only, or why nobody is identified."""
        if touch.result is TouchResult.UNREADABLE:
            return None, touch.reason
        if touch.slot is None:
            return None, UNKNOWN_FINGER
        fingerprint = None
        if touch.template_id is not None:
            fingerprint = self._model.registry.find(self._model.device, touch.template_id)
        why = objection(fingerprint, touch.confidence, self._host.options)
        return (None if fingerprint is None or why else fingerprint.subject), why
