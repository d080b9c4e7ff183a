"""The state machine of an enrollment as Home Assistant follows it. Pure: no clock, no I/O.

The reader decides; this side only makes sure that what it believes never goes back
(docs/protocol.md, "What HA does"), and turns the difference of two snapshots into the moments that
lie between them, each exactly once.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from .words import Stage

if TYPE_CHECKING:
    from .messages import Snapshot
    from .words import Reason, Rejection


class EnrollmentMoment(StrEnum):
    """What can happen in an enrollment."""

    STARTED = "started"
    SCAN_CAPTURED = "scan_captured"
    SCAN_REJECTED = "scan_rejected"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


_FINAL_MOMENTS = {
    Stage.COMPLETED: EnrollmentMoment.COMPLETED,
    Stage.FAILED: EnrollmentMoment.FAILED,
    Stage.CANCELLED: EnrollmentMoment.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One moment of an enrollment."""

    moment: EnrollmentMoment
    template_id: str
    slot: int
    step: int
    """The scan that it is about."""
    total: int
    attempts: int | None = None
    """Images that the captured scan took."""
    rejection: Rejection | None = None
    rejected: int | None = None
    """Images rejected since the moment before (more than one: only the newest reason is known)."""
    reason: Reason | None = None


def advances(current: Snapshot, new: Snapshot) -> bool:
    """Return whether a snapshot takes the enrollment forward.

    Another template id is always forward: whether this Home Assistant asked for it is for the
    caller to know.
    """
    if new.template_id != current.template_id:
        return True
    if current.final or len(new.captured) < len(current.captured):
        return False
    return new.final or new.seq > current.seq


def moments(current: Snapshot, new: Snapshot) -> tuple[Happened, ...]:
    """Return what happened between two snapshots, in order; `new` must advance `current`."""
    if new.template_id is None or new.slot is None:
        return ()
    happened = partial(Happened, template_id=new.template_id, slot=new.slot, total=new.total)
    same = new.template_id == current.template_id
    found = [] if same else [happened(EnrollmentMoment.STARTED, step=1)]
    seen = len(current.captured) if same else 0
    captures = [
        happened(EnrollmentMoment.SCAN_CAPTURED, step=step, attempts=attempts)
        for step, attempts in enumerate(new.captured[seen:], start=seen + 1)
    ]
    rejected = new.rejected - (current.rejected if same else 0)
    if rejected > 0:
        rejection = happened(
            EnrollmentMoment.SCAN_REJECTED,
            step=new.step,
            rejection=new.rejected_last,
            rejected=rejected,
        )
        # A rejection is of the scan under way. If that is captured by now, it came before.
        captures.insert(len(captures) if len(new.captured) < new.step else 0, rejection)
    found += captures
    if new.final:
        found.append(happened(_FINAL_MOMENTS[new.stage], step=new.step, reason=new.reason))
    return tuple(found)
