"""The messages of the wire protocol as frozen values; every field is checked (see decode)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .words import FINAL_STAGES, RUNNING_STAGES, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .words import (
        LedColor,
        Reason,
        Refusal,
        Rejection,
        SensorFault,
        TouchResult,
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a reader is; the same in `status` and in the answer to hello."""

    device: str
    """Hardware id."""
    firmware: str
    board: str
    sensor: str
    max_scans: int
    """Most scans of one enrollment, 3 to 7."""
    features: frozenset[str]


@dataclass(frozen=True, slots=True)
class Status:
    """Presence as the reader, or its last will, announces it."""

    identity: Identity | None
    """Who is online; None is the last will."""


@dataclass(frozen=True, slots=True)
class Templates:
    """What the sensor holds, and whether it works."""

    capacity: int | None
    count: int | None
    revision: str | None
    sensor_changed: bool
    sensor_error: SensorFault | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A whole enrollment as it stood when the reader sent this."""

    template_id: str | None
    seq: int
    slot: int | None
    stage: Stage
    step: int
    """The scan under way, from 1; 0 when idle."""
    total: int
    captured: tuple[int, ...]
    """Attempts that each captured scan took, in the order of the scans."""
    rejected: int
    """Images of this enrollment that were not good enough."""
    rejected_last: Rejection | None
    timeout_ms: int | None
    """How long the reader would still wait when it sent this."""
    reason: Reason | None
    duplicate_of: str | None

    @property
    def running(self) -> bool:
        """Whether the reader is still at it."""
        return self.stage in RUNNING_STAGES

    @property
    def final(self) -> bool:
        """Whether nothing can follow in this enrollment."""
        return self.stage in FINAL_STAGES

    @property
    def progress(self) -> int:
        """Captured scans in whole percent."""
        return round(len(self.captured) * 100 / self.total) if self.total else 0

    @property
    def attempts(self) -> int:
        """Images taken for the scan under way, the next one included; 0 when idle."""
        if self.stage is Stage.IDLE:
            return 0
        if len(self.captured) == self.step:
            return self.captured[-1]
        return self.rejected - sum(attempts - 1 for attempts in self.captured) + 1


IDLE = Snapshot(
    template_id=None,
    seq=0,
    slot=None,
    stage=Stage.IDLE,
    step=0,
    total=0,
    captured=(),
    rejected=0,
    rejected_last=None,
    timeout_ms=None,
    reason=None,
    duplicate_of=None,
)
"""The snapshot of a reader that never enrolled anybody."""


@dataclass(frozen=True, slots=True)
class Touch:
    """One finger on the sensor outside an enrollment."""

    touch: str
    hello: str | None
    """Request id of the hello that the reader answered last."""
    at_ms: int | None
    """Uptime at the touch; None when it was before the reader's last start."""
    result: TouchResult
    slot: int | None
    template_id: str | None
    confidence: int | None
    reason: Rejection | None
    count: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The reader's answer to one request."""

    request: str
    result: dict[str, object]


@dataclass(frozen=True, slots=True)
class Refused:
    """The reader's no to one request."""

    request: str
    error: Refusal


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list of what the sensor holds."""

    revision: str
    """Of the whole list; pages of different revisions do not belong together."""
    templates: Mapping[int, str | None]
    """Template id by slot; None for a template without one."""
    next: int | None
    """Where the next page begins; None for the last one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set on a reader."""

    identification: bool
    """Whether it reports whom it identifies."""
    security_level: int | None
    """How strictly the sensor compares, 1 to 5; None until the sensor has told."""
    led_color: LedColor | None
    """None for a sensor whose light has no colours."""


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """How a reader fares; None for what its board cannot tell."""

    signal: int | None
    """Of the Wi-Fi, in dBm."""
    free_memory: int | None
    """In bytes."""
    sensor_errors: int
    """Commands to the sensor without a valid answer, since the reader started."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The truth about a reader at the moment of its answer."""

    identity: Identity
    uptime_ms: int
    nonce: str
    enrollment: Snapshot
    templates: Templates
    journal: int
    dropped: int
    changing: bool
    """Whether a request that the reader has taken may still change something."""
    settings: Settings | None
    """None for a firmware that has none."""
    diagnostics: Diagnostics | None
    """None for a firmware that has none."""
