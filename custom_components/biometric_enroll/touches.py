"""From a touch message to the moment that automations hear of, and back to the reader's journal.

The one place that decides what may open a door: only a touch that is provably live, of a
fingerprint that is known, is reported as `identified` on the event entity Touch.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from . import people
from .moments import Kind, Moment
from .reader.liveness import SLACK, is_live
from .reader.words import TouchResult

if TYPE_CHECKING:
    from .coordinator import ReaderCoordinator
    from .presence import Presence
    from .reader.messages import Touch
    from .reader.state import Subject

UNKNOWN_FINGER = "unknown_finger"
"""The sensor holds no template that matches."""

UNKNOWN_FINGERPRINT = "unknown_fingerprint"
"""The sensor matched a template that has no name here."""


class Touches:
    """Judges the touches of one reader."""

    def __init__(self, coordinator: ReaderCoordinator, presence: Presence) -> None:
        """Judge the touches of the reader of this coordinator."""
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._presence = presence

    @callback
    def take(self, touch: Touch) -> None:
        """Report a touch, unless that was done before, and let the reader forget it."""
        mark = self._coordinator.mark
        if touch.touch not in mark.touches:
            mark.add_touch(touch.touch)
            moment, subject = self._judge(touch)
            if subject is not None:
                # Through unknown, so that the same person twice in a row is two changes, not none.
                self._coordinator.update(identified=None)
                self._coordinator.update(identified=subject)
            self._coordinator.moments.async_report(moment)
        self._coordinator.config_entry.async_create_task(
            self._hass, self._async_acknowledge(touch.touch)
        )

    async def _async_acknowledge(self, touch: str) -> None:
        """Save that a touch was reported, and only then let the reader forget it."""
        await self._coordinator.marks.async_save()
        await self._presence.async_acknowledge(touch)

    def _judge(self, touch: Touch) -> tuple[Moment, Subject | None]:
        """Return what to report, and who was identified live."""
        age = self._presence.liveness.age(touch.hello, touch.at_ms, self._hass.loop.time())
        if age is not None and age < -SLACK:
            # Our clock stood still (a machine that was suspended): a new hello sets it right.
            self._presence.doubt()
        subject = self._subject(touch)
        result, reason = touch.result, touch.reason
        if result is TouchResult.IDENTIFIED and subject is None:
            result = TouchResult.NOT_IDENTIFIED
        if result is TouchResult.NOT_IDENTIFIED:
            why: str | None = UNKNOWN_FINGER if touch.slot is None else UNKNOWN_FINGERPRINT
        else:
            why = reason
        fields: dict[str, Any] = {
            "reason": why,
            "slot": touch.slot,
            "template_id": touch.template_id,
            "confidence": touch.confidence,
            "count": touch.count,
        }
        if is_live(age):
            fields |= people.describe(self._hass, subject)
            return Moment(Kind.TOUCH, result, fields), subject
        touched_at = None if age is None else dt_util.utcnow() - timedelta(seconds=age)
        fields |= {
            "touched_at": None if touched_at is None else touched_at.isoformat(),
            "age": None if age is None else round(age, 1),
            # Other keys than those of a live touch, so that no automation takes one for the other.
            **people.describe(self._hass, subject, "late_"),
        }
        return Moment(Kind.LATE_TOUCH, result, fields), None

    def _subject(self, touch: Touch) -> Subject | None:
        """Return who this finger belongs to; only the template id tells."""
        if touch.template_id is None:
            return None
        fingerprint = self._coordinator.roster.find(self._coordinator.device, touch.template_id)
        return fingerprint.subject if fingerprint else None
