"""From a touch message to the moment that automations hear of, and back to the reader's journal.

The one place that decides what may open a door: only a touch that is provably live, of a
fingerprint that is known, is reported as `identified` on the event entity Touch.
"""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.util import dt as dt_util

from . import people
from .conversation import UnreachableError, new_id
from .moments import Kind, Moment
from .reader import build
from .reader.liveness import Liveness, is_live
from .reader.words import Topic, TouchResult

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .conversation import Conversation
    from .marks import Mark, Marks
    from .reader.messages import Touch
    from .reader.state import Subject
    from .roster import Roster

_LOGGER = logging.getLogger(__name__)

UNKNOWN_FINGER = "unknown_finger"
"""The sensor holds no template that matches."""

UNKNOWN_FINGERPRINT = "unknown_fingerprint"
"""The sensor matched a template that has no name here."""


class Touches:
    """Judges the touches of one reader."""

    def __init__(self, hass: HomeAssistant, device: str, roster: Roster, mark: Mark) -> None:
        """Judge the touches of the reader with this hardware id."""
        self._hass = hass
        self._device = device
        self._roster = roster
        self._mark = mark
        self.liveness = Liveness()

    def judge(self, touch: Touch) -> tuple[Moment, Subject | None] | None:
        """Return what to report, and who was identified live; None if it was reported before."""
        if touch.touch in self._mark.touches:
            return None
        self._mark.add_touch(touch.touch)
        age = self.liveness.age(touch.hello, touch.at_ms, self._hass.loop.time())
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
        fingerprint = self._roster.find(self._device, touch.template_id)
        return fingerprint.subject if fingerprint else None


async def async_acknowledge(marks: Marks, conversation: Conversation, touch: Touch) -> None:
    """Save that a touch was reported, and only then let the reader forget it."""
    await marks.async_save()
    try:
        await conversation.async_say(Topic.COMMAND, build.ack(new_id(), touch=touch.touch))
    except UnreachableError:
        # It comes again after the next hello, and is acknowledged then.
        _LOGGER.debug("Could not acknowledge touch %s", touch.touch)
