"""An enrollment on a reader of the first generation, put into the words of version 1. Pure.

The reader runs one enrollment at a time. Where a message names neither slot nor template id, it can
only be about that one, whoever has asked for it.
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

TELLS_WHOSE = frozenset(EnrollmentStatus) - {EnrollmentStatus.ERROR, EnrollmentStatus.CANCELLED}
"""What is said only of the enrollment that has the reader for itself."""


def started(template_id: str, slot: int, timeout_ms: int) -> Snapshot:
    """Return the snapshot of an enrollment that begins."""
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
    """Return whether a message is about another enrollment than the running one, by what it says.

    `cancelled` never is: it carries the slot at most, and nothing runs after it.
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

    The same snapshot where the message tells nothing new.
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
                # What it saw was too poor, more it does not tell.
                rejected_last=Rejection.NO_IMAGE,
            )
        # Whose template it was, only the template id tells.
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
            # Its end was lost, or the reader was restarted.
            return final(current, Stage.FAILED, Reason.READER_RESTARTED)
        case _:
            # Somebody else has asked for an enrollment, and this one goes on.
            return current


def final(current: Snapshot, stage: Stage, reason: Reason | None = None) -> Snapshot:
    """Return how an enrollment has ended."""
    return _next(current, stage=stage, reason=reason, timeout_ms=None)


def reason_of(text: str) -> Reason:
    """Return our word for an error, which such a reader tells in English only."""
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
    """Return our word for an error that refuses a request; None for one that ends an enrollment."""
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
    """Choose where a template goes: the wanted slot or, for None, one that is free; or refuse.

    Such a reader tells how many templates it holds, not where. While all of them are known by name
    (`taken`), the lowest other slot is free. Otherwise somebody else has filled it too, from below
    most likely, so we come from above.
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
    """Count the scans up to this one; the message about an earlier one may have been lost."""
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
