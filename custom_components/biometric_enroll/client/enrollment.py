"""The state machine of an enrollment as Home Assistant follows it. Pure: no clock, no I/O.

The reader decides; this side only ensures that its state never goes backwards (docs/protocol.md,
"What HA does"), and turns the difference of two snapshots into events, each exactly once.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from ..protocol.words import Reason, Stage

if TYPE_CHECKING:
    from ..protocol.messages import Snapshot


class EnrollmentEventType(StrEnum):
    """The event types of an enrollment."""

    STARTED = "started"
    SCAN_CAPTURED = "scan_captured"
    SCAN_REJECTED = "scan_rejected"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


GIVEN_UP = "given_up"
"""Home Assistant's own reason of a failure: it had reported that the enrollment did not start."""

REASONS = frozenset({*Reason, GIVEN_UP})
"""All known reasons of a failure."""

_FINAL_EVENTS = {
    Stage.COMPLETED: EnrollmentEventType.COMPLETED,
    Stage.FAILED: EnrollmentEventType.FAILED,
    Stage.CANCELLED: EnrollmentEventType.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class EnrollmentEvent:
    """One event of an enrollment."""

    event: EnrollmentEventType
    template_id: str
    slot: int
    step: int
    """The scan that the event is about."""
    total: int
    attempts: int | None = None
    """Images that were needed for the captured scan."""
    rejection: str | None = None
    """Why the newest image was rejected; None if unknown."""
    rejected: int | None = None
    """Images of this scan rejected since the previous event."""
    reason: str | None = None


def advances(current: Snapshot, new: Snapshot) -> bool:
    """Return whether a snapshot advances the enrollment.

    Another template id always does: the caller checks whether Home Assistant asked for it.
    """
    if new.template_id != current.template_id:
        return True
    if current.final or len(new.captured) < len(current.captured):
        return False
    return new.final or new.seq > current.seq


def events(current: Snapshot, new: Snapshot) -> tuple[EnrollmentEvent, ...]:
    """Return the events between two snapshots, in order; `new` must advance `current`."""
    if new.template_id is None or new.slot is None:
        return ()
    happened = partial(EnrollmentEvent, template_id=new.template_id, slot=new.slot, total=new.total)
    same = new.template_id == current.template_id
    found = [] if same else [happened(EnrollmentEventType.STARTED, step=1)]
    seen = len(current.captured) if same else 0
    # The attempts of a captured scan tell how many of the rejected images belong to it.
    told = current.rejected_under_way if same else 0
    for step, attempts in enumerate(new.captured[seen:], start=seen + 1):
        if attempts - 1 > told:
            found.append(
                happened(EnrollmentEventType.SCAN_REJECTED, step=step, rejected=attempts - 1 - told)
            )
        told = 0
        found.append(happened(EnrollmentEventType.SCAN_CAPTURED, step=step, attempts=attempts))
    if (rejected := new.rejected_under_way) > told:
        found.append(
            happened(EnrollmentEventType.SCAN_REJECTED, step=new.step, rejected=rejected - told)
        )
    found = _with_newest_rejection(found, new.rejected_last)
    if new.final:
        found.append(happened(_FINAL_EVENTS[new.stage], step=new.step, reason=new.reason))
    return tuple(found)


def _with_newest_rejection(found: list[EnrollmentEvent], last: str | None) -> list[EnrollmentEvent]:
    """Add the reason to the newest rejection event, the only one whose reason is known."""
    for index in reversed(range(len(found))):
        if found[index].event is EnrollmentEventType.SCAN_REJECTED:
            found[index] = replace(found[index], rejection=last)
            break
    return found
