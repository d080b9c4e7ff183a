"""Turn touch messages into events, and acknowledge them.

This is the only place that decides what may open a door: only a provably live touch of a known
fingerprint is reported as `identified` on the event entity Touch. One of which that is not known
yet waits for an answer to hello.
"""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ..protocol.words import Rejection, Topic, TouchResult, shown, topic_of
from .host import Kind, ReaderEvent

if TYPE_CHECKING:
    import asyncio

    from ..protocol.messages import Touch
    from .complaints import Complaints
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

STRANGER = "stranger"
"""Another device told this touch under the id of the reader."""

NOT_UNDERSTOOD = "not_understood"
"""The message of the touch was not as the protocol has it."""

MOST_WAITING = 8
"""Touches that wait for hello at the same time. Others are told again by their reader."""

WAIT_AT_MOST = 2.0
"""Seconds that a touch waits for hello: what is not answered by then leaves little to be live."""

_STRANGERS_KEPT = 256

_LOGGER = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    touch: Touch
    since: float
    """The loop's time at which it came."""
    timer: asyncio.TimerHandle


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

    def __init__(self, model: ReaderModel, connection: Connection, complaints: Complaints) -> None:
        """Initialize with the parts of the client of one reader."""
        self._model = model
        self._complaints = complaints
        self._host = model.host
        self._connection = connection
        self._liveness = connection.liveness
        self._loop = model.host.loop
        self._waiting: dict[str, _Waiting] = {}
        self._strangers: dict[str, None] = {}
        """Touches of other devices that were reported."""

    def handle(self, touch: Touch) -> None:
        """Report a touch, unless it was already reported, and acknowledge it; or let it wait."""
        if self._model.delivered.has_touch(touch.touch):
            self._host.create_task(self._async_acknowledge(touch.touch))
        elif not self._is_doubtful(touch):
            self._deliver(touch)
        elif self._is_strange(touch):
            self._report_stranger(touch)
        elif touch.touch not in self._waiting and len(self._waiting) < MOST_WAITING:
            if not self._waiting:
                self._connection.ask_soon()
            timer = self._loop.call_later(WAIT_AT_MOST, self._stop_waiting, touch.touch)
            self._waiting[touch.touch] = _Waiting(touch, self._loop.time(), timer)

    def judge_waiting(self, asked_at: float | None) -> None:
        """Judge, after an answer, the waiting touches that it tells of.

        `asked_at` is when the hello that our reader has answered was first sent, in the loop's
        time; None for any other answer.
        """
        for touch, since, _ in list(self._waiting.values()):
            answered = asked_at is not None and since <= asked_at
            if answered and touch.boot is not None and not self._liveness.knows(touch.boot):
                self._connection.others.deny(touch.boot)
            if self._is_strange(touch):
                self._report_stranger(touch)
            elif answered or not self._is_doubtful(touch):
                self._deliver(touch)

    def _stop_waiting(self, touch: str) -> None:
        """Judge a touch as it is, unless nobody has told its boot: its reader tells it again."""
        waiting = self._waiting[touch].touch
        if self._liveness.knows(waiting.boot):
            self._deliver(waiting)
        else:
            self._end_waiting(touch)
            _LOGGER.debug("Touch %s is of an unknown boot, and hello is not answered", touch)

    def _end_waiting(self, touch: str) -> None:
        if (waiting := self._waiting.pop(touch, None)) is not None:
            waiting.timer.cancel()

    def stop(self) -> None:
        """Stop; what waits is told again by its reader."""
        for touch in list(self._waiting):
            self._end_waiting(touch)

    def _is_doubtful(self, touch: Touch) -> bool:
        return self._liveness.is_doubtful(touch.boot, touch.at_ms, self._host.clocks())

    def _is_strange(self, touch: Touch) -> bool:
        """Return whether a touch is of a boot that our reader did not tell when it was asked."""
        strange = touch.boot in self._connection.others.boots
        return strange and not self._liveness.knows(touch.boot)

    def _report_stranger(self, touch: Touch) -> None:
        """Report a touch of another device, once.

        It is neither saved nor acknowledged: should it be of our own reader after all, from a boot
        of which no answer has come, that tells it again.
        """
        self._end_waiting(touch.touch)
        if touch.touch in self._strangers:
            return
        self._strangers[touch.touch] = None
        if len(self._strangers) > _STRANGERS_KEPT:
            del self._strangers[next(iter(self._strangers))]
        where = topic_of(self._model.reader_id, Topic.TOUCH)
        self._complaints.note("Did not believe", where, "another device told it")
        fields = {**_fields(touch, STRANGER), "touched_at": None, "age": None}
        unreadable = touch.result is TouchResult.UNREADABLE
        result = TouchResult.UNREADABLE if unreadable else TouchResult.NOT_IDENTIFIED
        self._host.report(ReaderEvent(Kind.LATE_TOUCH, result, fields, None))

    def _deliver(self, touch: Touch) -> None:
        """Report a touch, and acknowledge it."""
        self._end_waiting(touch.touch)
        event, subject = self._judge(touch)
        self._model.delivered.add_touch(touch.touch, live=event.kind is Kind.TOUCH)
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
        clocks = self._host.clocks()
        age = self._liveness.age(touch.boot, touch.at_ms, clocks)
        now = self._host.utcnow()
        touched_at = None if age is None else now - timedelta(seconds=age)
        subject, why = self._subject(touch)
        if subject is not None and touch.template_id is not None:
            self._model.delivered.count(touch.template_id, touched_at or now)
        result = touch.result
        if result is TouchResult.IDENTIFIED and subject is None:
            result = TouchResult.NOT_IDENTIFIED
        fields = _fields(touch, why)
        live = self._liveness.is_live(age, clocks, self._host.options.live_limit)
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
            return None, shown(touch.reason, Rejection)
        if touch.problem is not None:
            return None, NOT_UNDERSTOOD
        if touch.slot is None:
            return None, UNKNOWN_FINGER
        fingerprint = None
        if touch.template_id is not None:
            fingerprint = self._model.registry.find(self._model.device, touch.template_id)
        why = objection(fingerprint, touch.confidence, self._host.options)
        return (None if fingerprint is None or why else fingerprint.subject), why


def _fields(touch: Touch, reason: str | None) -> dict[str, Any]:
    return {
        "reason": reason,
        "slot": touch.slot,
        "template_id": touch.template_id,
        "confidence": touch.confidence,
        "count": touch.count,
    }
