"""What readers built before this protocol say, put into the words of version 1. Pure.

They tell moments, not states: one message for each, at QoS 0, never retained. The two versions of
their sketch differ in what a message carries; the same code reads both. Where a message names
neither slot nor template id, it can only be about the enrollment that is running.
"""

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from . import decode
from .fields import Fields, MalformedError
from .messages import IDLE, Identity, Snapshot
from .words import Reason, Refusal, Rejection, Stage

if TYPE_CHECKING:
    from typing import Any

SCANS = 3
"""Every enrollment has so many."""

MOST_SLOT = 127
"""The first sketch refuses a higher one."""

TOUCH_UNKNOWN = -1
TOUCH_HINT = -2
"""Not a match, says the later sketch: only a hint at who it may be."""

_U16 = 0xFFFF


class Topic(StrEnum):
    """A topic below ``biometric/<reader_id>/``."""

    STATUS = "status"
    ENROLLMENT = "enroll/response"
    TOUCH = "fingerprint"
    ENROLL = "enroll/request"
    SAVED = "enroll/completion"
    DETECT = "detect/request"
    COMMAND = "command"


class Said(StrEnum):
    """What can be said of an enrollment."""

    STARTED = "started"
    WAITING = "waiting"
    PROGRESS = "progress"
    CAPTURE_FAILED = "capture_failed"
    READY = "ready_for_confirmation"
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class News:
    """One message about an enrollment; None stands for what it does not carry."""

    said: Said
    step: int | None
    slot: int | None
    template_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Alive:
    """One message on `status`, whatever it was the answer to."""

    online: bool
    enrolling: bool | None
    capacity: int | None
    stored: int | None


@dataclass(frozen=True, slots=True)
class Touch:
    """One finger on the sensor; the slot is None for one that the sensor does not know."""

    slot: int | None
    confidence: int


# From text to message


def news(payload: bytes) -> News:
    """Read `enroll/response`."""
    fields = Fields.parse(payload, version=None)
    template_id = fields.value("template_id")
    text = fields.value("message")
    return News(
        said=fields.word("status", Said),
        step=_optional(fields, "step", 1, SCANS),
        slot=_optional(fields, "slot", 0, _U16),
        template_id=template_id if isinstance(template_id, str) else None,
        text=text if isinstance(text, str) else "",
    )


def alive(payload: bytes) -> Alive:
    """Read `status`."""
    fields = Fields.parse(payload, version=None)
    enrolling = fields.value("enrollment_in_progress")
    # The periodic message and the answer to `sensor_info` have each their own words.
    capacity, stored = (
        next((key for key in keys if fields.has(key)), keys[0])
        for keys in (("capacity", "fingerprint_capacity"), ("stored", "fingerprints_stored"))
    )
    return Alive(
        online=fields.value("status") != "offline",
        enrolling=enrolling if isinstance(enrolling, bool) else None,
        capacity=_optional(fields, capacity, 0, _U16),
        stored=_optional(fields, stored, 0, _U16),
    )


def touch(payload: bytes) -> Touch:
    """Read `fingerprint`."""
    fields = Fields.parse(payload, version=None)
    slot = fields.integer("fingerprint_id", TOUCH_HINT, _U16)
    return Touch(
        slot=None if slot in (TOUCH_UNKNOWN, TOUCH_HINT) else slot,
        confidence=fields.integer("confidence", 0, _U16),
    )


def is_version_1(payload: bytes) -> bool:
    """Return whether a `status` is that of a reader of today, which announces itself."""
    try:
        return decode.status(payload).identity is not None
    except MalformedError:
        return False


def _optional(fields: Fields, key: str, low: int, high: int) -> int | None:
    return fields.integer(key, low, high) if fields.value(key) is not None else None


# From what is wanted to text


def start(slot: int, template_id: str) -> str:
    """Ask for an enrollment; there is no nonce, so this must never be said twice."""
    return _message(action="start", slot=slot, template_id=template_id)


def cancel() -> str:
    """Ask to end the enrollment that is running."""
    return _message(action="cancel")


def confirm() -> str:
    """Allow the later sketch to store what it has scanned."""
    return _message(action="confirm")


def saved(template_id: str) -> str:
    """Let the later sketch take the next enrollment."""
    return _message(status="enrollment_saved", template_id=template_id)


def detect() -> str:
    """Have touches reported."""
    return _message(action="enable", mode="attendance")


def sensor_info() -> str:
    """Ask who is there, and how much the sensor holds."""
    return _message(command="sensor_info")


def _message(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"))


# What it means


def identity(reader_id: str) -> Identity:
    """Return who such a reader is: it has no hardware id that could be relied on."""
    return Identity(
        device=reader_id,
        firmware="first generation",
        board="esp32",
        sensor="R307",
        max_scans=SCANS,
        features=frozenset(),
    )


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


def advance(current: Snapshot, news: News) -> Snapshot:  # noqa: PLR0911 - one for each word
    """Return the snapshot after a message about the running enrollment `current`.

    The same snapshot where the message tells nothing new.
    """
    done = len(current.captured)
    match news.said:
        case Said.WAITING if current.stage is Stage.LIFT_FINGER and done < SCANS:
            return _next(current, stage=Stage.PLACE_FINGER, step=done + 1)
        case Said.PROGRESS if news.step is not None and news.step > done:
            return _captured(current, news.step)
        case Said.READY if done < SCANS:
            return _captured(current, SCANS)
        case Said.CAPTURE_FAILED:
            return _next(
                current,
                stage=Stage.LIFT_FINGER,
                step=min(done + 1, SCANS),
                rejected=current.rejected + 1,
                # What it saw was too poor, more it does not tell.
                rejected_last=Rejection.NO_IMAGE,
            )
        case Said.SUCCESS:
            return final(_captured(current, SCANS), Stage.COMPLETED)
        case Said.ERROR:
            return final(current, Stage.FAILED, reason_of(news.text))
        case Said.CANCELLED:
            return final(current, Stage.CANCELLED)
        case _:
            return current


def final(current: Snapshot, stage: Stage, reason: Reason | None = None) -> Snapshot:
    """Return how an enrollment has ended."""
    return _next(current, stage=stage, reason=reason, timeout_ms=None)


def reason_of(text: str) -> Reason:
    """Return our word for an error, which such a reader tells in English only."""
    lower = text.lower()
    for part, reason in (
        ("exist", Reason.DUPLICATE),
        ("duplicate", Reason.DUPLICATE),
        ("timeout", Reason.TIMEOUT),
        ("timed out", Reason.TIMEOUT),
        ("match", Reason.MISMATCH),
    ):
        if part in lower:
            return reason
    return Reason.SENSOR_ERROR


def choose_slot(
    wanted: int | None, taken: set[int], capacity: int | None, stored: int | None
) -> int | Refusal:
    """Choose where a template goes: the wanted slot or, for None, one that is free; or refuse.

    Such a reader tells how many templates it holds, not where. While all of them are known by name
    (`taken`), the lowest other slot is free. Otherwise somebody else has filled it too, from below
    most likely, so we come from above.
    """
    most = min(MOST_SLOT, capacity or MOST_SLOT)
    if wanted is not None and not 1 <= wanted <= most:
        return Refusal.BAD_REQUEST
    if wanted in taken:
        return Refusal.SLOT_OCCUPIED
    if wanted is not None:
        return wanted
    free = [slot for slot in range(1, most + 1) if slot not in taken]
    if not free or (stored or 0) >= most:
        return Refusal.SENSOR_FULL
    return free[0] if (stored or 0) <= len(taken) else free[-1]


def refusal_of(text: str) -> Refusal:
    """Return our word for an error in the place of `started`."""
    lower = text.lower()
    if "slot" in lower:
        return Refusal.BAD_REQUEST
    return Refusal.BUSY if "progress" in lower or "busy" in lower else Refusal.SENSOR_ERROR


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
