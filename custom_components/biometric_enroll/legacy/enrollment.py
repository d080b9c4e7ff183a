"""An enrollment on a reader of the first generation, as snapshots of version 1. Pure.

The reader runs one enrollment at a time. A message with neither slot nor template id can only be
about that one, whoever requested it.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from ..protocol.messages import IDLE
from ..protocol.words import (
    Reason,
    Refusal,
    Rejection,
    Stage,
)
from .protocol import SCANS, EnrollmentStatus

if TYPE_CHECKING:
    from typing import Any

    from ..protocol.messages import Snapshot
    from .protocol import EnrollmentMessage

MOST_SLOT = 127
"""The first sketch refuses a higher one."""

STATUSES_OF_RUNNING = frozenset(EnrollmentStatus) - {
    EnrollmentStatus.ERROR,
    EnrollmentStatus.CANCELLED,
}
"""Statuses that are sent only about the running enrollment."""


def started(template_id: str, slot: int, timeout_ms: int) -> Snapshot:
    """Return the first snapshot of an enrollment."""
    return replace(
        IDLE,
        template_id=template_id,
        seq=1,
        slot=slot,
        stage=Stage.PLACE_FINGER,
        step=1,
        total=SCANS,
        timeout_ms=timeout_ms,
    )


def names_another(message: EnrollmentMessage, current: Snapshot) -> bool:
    """Return whether a message has the slot or template id of another enrollment than `current`.

    `cancelled` never counts as that: it has at most the slot, and nothing runs after it.
    """
    if message.status is EnrollmentStatus.CANCELLED:
        return False
    ours = message.template_id in {None, current.template_id} and message.slot in {
        None,
        current.slot,
    }
    return not ours


def advance(current: Snapshot, message: EnrollmentMessage) -> Snapshot:  # noqa: PLR0911 - one for each word
    """Return the snapshot after a message about the running enrollment `current`.

    The same snapshot if the message has nothing new.
    """
    done = len(current.captured)
    match message.status:
        case EnrollmentStatus.WAITING if current.stage is Stage.LIFT_FINGER and done < SCANS:
            return _next(current, stage=Stage.PLACE_FINGER, step=done + 1)
        case EnrollmentStatus.PROGRESS if message.step is not None and message.step > done:
            return _captured(current, message.step)
        case EnrollmentStatus.READY if done < SCANS:
            return _captured(current, SCANS)
        case EnrollmentStatus.CAPTURE_FAILED:
            return _next(
                current,
                stage=Stage.LIFT_FINGER,
                step=min(done + 1, SCANS),
                rejected=current.rejected + 1,
                # The message does not say why the image was rejected.
                rejected_last=Rejection.NO_IMAGE,
            )
        # Only the template id proves that this was our enrollment.
        case EnrollmentStatus.SUCCESS if message.template_id == current.template_id:
            return final(_captured(current, SCANS), Stage.COMPLETED)
        case EnrollmentStatus.ERROR:
            return _after_error(current, message.text)
        case EnrollmentStatus.CANCELLED:
            return final(current, Stage.CANCELLED)
        case _:
            return current


def _after_error(current: Snapshot, text: str) -> Snapshot:
    match refusal_of(text):
        case None:
            return final(current, Stage.FAILED, reason_of(text))
        case Refusal.NOT_RUNNING:
            # The message about its end was lost, or the reader restarted.
            return final(current, Stage.FAILED, Reason.READER_RESTARTED)
        case _:
            # The answer to another client's request; this enrollment goes on.
            return current


def final(current: Snapshot, stage: Stage, reason: Reason | None = None) -> Snapshot:
    """Return the final snapshot of an enrollment."""
    return _next(current, stage=stage, reason=reason, timeout_ms=None)


def reason_of(text: str) -> Reason:
    """Return the reason for an error text, which is always in English."""
    lower = text.lower()
    for part, reason in (
        ("exist", Reason.DUPLICATE),
        ("already", Reason.DUPLICATE),
        ("duplicate", Reason.DUPLICATE),
        ("timeout", Reason.TIMEOUT),
        ("timed out", Reason.TIMEOUT),
        ("match", Reason.MISMATCH),
    ):
        if part in lower:
            return reason
    return Reason.SENSOR_ERROR


def refusal_of(text: str) -> Refusal | None:
    """Return the refusal for an error text; None if the error ends an enrollment."""
    lower = text.lower()
    for part, refusal in (
        ("invalid slot", Refusal.BAD_REQUEST),
        ("no enrollment", Refusal.NOT_RUNNING),
        ("in progress", Refusal.BUSY),
        ("busy", Refusal.BUSY),
    ):
        if part in lower:
            return refusal
    return None


def choose_slot(
    wanted: int | None, taken: set[int], capacity: int | None, stored: int | None
) -> int | Refusal:
    """Return the wanted slot or, for None, a free one; or a refusal.

    Such a reader reports how many templates it stores, not where. If all of them are known by name
    (`taken`), the lowest other slot is free. Otherwise another program has stored some, most likely
    from the lowest slot up, so the highest slot is used.
    """
    if wanted is not None:
        if not 1 <= wanted <= (capacity or MOST_SLOT):
            return Refusal.BAD_REQUEST
        return Refusal.SLOT_OCCUPIED if wanted in taken else wanted
    most = min(MOST_SLOT, capacity or MOST_SLOT)
    free = [slot for slot in range(1, most + 1) if slot not in taken]
    if not free or (stored or 0) >= most:
        return Refusal.SENSOR_FULL
    return free[0] if (stored or 0) <= len(taken) else free[-1]


def _captured(current: Snapshot, step: int) -> Snapshot:
    """Mark all scans up to this one as captured: earlier messages may have been lost."""
    missing = step - len(current.captured)
    if not missing:
        return current
    attempts = current.rejected - sum(each - 1 for each in current.captured) + 1
    return _next(
        current,
        stage=Stage.LIFT_FINGER,
        step=step,
        captured=(*current.captured, attempts, *[1] * (missing - 1)),
    )


def _next(current: Snapshot, **changes: Any) -> Snapshot:
    return replace(current, seq=current.seq + 1, **changes)
