"""The messages of readers of the first generation, in both directions. Pure.

They send events, not states: one message for each, at QoS 0, never retained. The two versions of
their sketch use different keys; the same code parses both.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ..protocol import parser
from ..protocol.fields import Fields, MalformedError
from ..protocol.messages import Identity

if TYPE_CHECKING:
    from typing import Any

SCANS = 3
"""Number of scans of every enrollment."""

TOUCH_UNKNOWN = -1
TOUCH_HINT = -2
"""Sent by the later sketch: no match, only a hint at who it may be."""

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


class EnrollmentStatus(StrEnum):
    """The statuses of an enrollment."""

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
class EnrollmentMessage:
    """One message about an enrollment; None for keys that it does not have."""

    status: EnrollmentStatus
    step: int | None
    slot: int | None
    template_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """One message on `status`, periodic or an answer."""

    online: bool
    enrolling: bool | None
    capacity: int | None
    stored: int | None


@dataclass(frozen=True, slots=True)
class Touch:
    """One touch; the slot is None for an unknown finger."""

    slot: int | None
    confidence: int


# Parsing


def enrollment_message(payload: bytes) -> EnrollmentMessage:
    """Parse `enroll/response`. Raises `MalformedError`."""
    fields = Fields.parse(payload, version=None)
    template_id = fields.value("template_id")
    text = fields.value("message")
    return EnrollmentMessage(
        status=fields.word("status", EnrollmentStatus),
        step=_optional(fields, "step", 1, SCANS),
        slot=_optional(fields, "slot", 0, _U16),
        # Others may use ids of any form; only a message without an id may be about ours.
        template_id=None if template_id is None else str(template_id),
        text=text if isinstance(text, str) else "",
    )


def reader_status(payload: bytes) -> ReaderStatus:
    """Parse `status`. Raises `MalformedError`."""
    fields = Fields.parse(payload, version=None)
    enrolling = fields.value("enrollment_in_progress")
    # The periodic message and the answer to `sensor_info` use different keys.
    capacity, stored = (
        next((key for key in keys if fields.has(key)), keys[0])
        for keys in (("capacity", "fingerprint_capacity"), ("stored", "fingerprints_stored"))
    )
    return ReaderStatus(
        online=fields.value("status") != "offline",
        enrolling=enrolling if isinstance(enrolling, bool) else None,
        capacity=_optional(fields, capacity, 0, _U16),
        stored=_optional(fields, stored, 0, _U16),
    )


def touch(payload: bytes) -> Touch:
    """Parse `fingerprint`. Raises `MalformedError`."""
    fields = Fields.parse(payload, version=None)
    slot = fields.integer("fingerprint_id", TOUCH_HINT, _U16)
    return Touch(
        slot=None if slot in (TOUCH_UNKNOWN, TOUCH_HINT) else slot,
        confidence=fields.integer("confidence", 0, _U16),
    )


def is_version_1(payload: bytes) -> bool:
    """Return whether a `status` announces a reader of protocol version 1."""
    try:
        return parser.status(payload).identity is not None
    except MalformedError:
        return False


def _optional(fields: Fields, key: str, low: int, high: int) -> int | None:
    return fields.integer(key, low, high) if fields.value(key) is not None else None


# Building


def start(slot: int, template_id: str) -> str:
    """Ask for an enrollment; without a nonce, this must never be sent twice."""
    return _message(action="start", slot=slot, template_id=template_id)


def cancel() -> str:
    """Ask to cancel the running enrollment."""
    return _message(action="cancel")


def confirm() -> str:
    """Allow the later sketch to store the scanned template."""
    return _message(action="confirm")


def saved(template_id: str) -> str:
    """Confirm that an enrollment was saved, so that the later sketch accepts the next one."""
    return _message(status="enrollment_saved", template_id=template_id)


def detect() -> str:
    """Ask the reader to report touches."""
    return _message(action="enable", mode="attendance")


def sensor_info() -> str:
    """Ask for capacity and number of templates."""
    return _message(command="sensor_info")


def _message(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"))


def identity(reader_id: str) -> Identity:
    """Return the identity of such a reader; it has no reliable hardware id."""
    return Identity(
        device=reader_id,
        firmware="first generation",
        board="esp32",
        sensor="R307",
        max_scans=SCANS,
        features=frozenset(),
    )
