"""The messages of the wire protocol as frozen values; `parser` checks every field."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .words import FINAL_STAGES, RUNNING_STAGES, SensorFault, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .words import TouchResult


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a reader; the same in `status` and in the answer to hello."""

    device: str
    """Hardware id."""
    firmware: str
    board: str
    sensor: str
    max_scans: int
    """Maximum number of scans of one enrollment, 3 to 7."""
    features: frozenset[str]


@dataclass(frozen=True, slots=True)
class Status:
    """A `status` message, from the reader or its last will."""

    identity: Identity | None
    """Who is online; None for the last will."""


@dataclass(frozen=True, slots=True)
class SensorErrorDetails:
    """The command of the sensor in which its problem has shown."""

    command: int
    """Number of the command."""
    code: int | None
    """Code of the answer; None for silence."""


@dataclass(frozen=True, slots=True)
class Templates:
    """A summary of the templates on the sensor, and whether the sensor works."""

    capacity: int | None
    count: int | None
    revision: str | None
    sensor_changed: bool
    sensor_error: str | None
    """None without a problem; a `SensorFault`, or a word of a later firmware."""
    sensor_error_details: SensorErrorDetails | None

    @property
    def sensor_works(self) -> bool:
        """Whether the sensor can be used, also if it has a problem."""
        return self.sensor_error in {None, SensorFault.ALWAYS_FINGER}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole enrollment at the time when the reader sent this."""

    template_id: str | None
    seq: int
    slot: int | None
    stage: Stage
    step: int
    """The scan under way, from 1; 0 when idle."""
    total: int
    captured: tuple[int, ...]
    """Attempts of each captured scan, in the order of the scans."""
    rejected: int
    """Number of rejected images of this enrollment."""
    rejected_last: str | None
    """A `Rejection`, or a word of a later firmware."""
    timeout_ms: int | None
    """How long the reader would still wait when it sent this, in milliseconds."""
    reason: str | None
    """Why it failed: a `Reason`, or a word of a later firmware. None: it has not, or unknown."""
    duplicate_of: str | None

    @property
    def running(self) -> bool:
        """Whether the enrollment is still running."""
        return self.stage in RUNNING_STAGES

    @property
    def final(self) -> bool:
        """Whether the enrollment has ended."""
        return self.stage in FINAL_STAGES

    @property
    def progress(self) -> int:
        """Captured scans in percent, rounded."""
        return round(len(self.captured) * 100 / self.total) if self.total else 0

    @property
    def attempts(self) -> int:
        """Images taken for the scan under way, the next one included; 0 when idle."""
        if self.stage is Stage.IDLE:
            return 0
        if len(self.captured) == self.step:
            return self.captured[-1]
        return self.rejected_under_way + 1

    @property
    def rejected_under_way(self) -> int:
        """Number of rejected images of the scan under way."""
        # A reader may have lost its count in a power cut, but not the attempts of captured scans.
        return max(0, self.rejected - sum(attempts - 1 for attempts in self.captured))


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
"""The snapshot of a reader that has never enrolled."""


@dataclass(frozen=True, slots=True)
class Touch:
    """One touch: a finger on the sensor outside an enrollment."""

    touch: str
    boot: str | None
    """Id of the reader's boot at the touch; None if it was before the reader's last start."""
    at_ms: int | None
    """Uptime of that boot at the touch, in milliseconds; None if `boot` is."""
    result: TouchResult
    slot: int | None
    template_id: str | None
    confidence: int | None
    reason: str | None
    """A `Rejection`, or a word of a newer firmware."""
    count: int
    problem: str | None = None
    """What was not understood, in words for a log; then the touch identifies nobody."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The reader's answer to one request."""

    request: str
    result: dict[str, object]


@dataclass(frozen=True, slots=True)
class Refused:
    """The reader's refusal of one request."""

    request: str
    error: str
    """A `Refusal`, or a word of a later firmware."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list of templates."""

    revision: str
    """Of the whole list; pages of different revisions do not belong together."""
    templates: Mapping[int, str | None]
    """Template id by slot; None for a template without one."""
    next: int | None
    """First slot of the next page; None for the last page."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a reader."""

    identification: bool
    """Whether it reports identified touches."""
    security_level: int | None
    """How strictly the sensor compares, 1 to 5; None until the sensor has answered."""
    led_color: str | None
    """A `LedColor`, or a word of a later firmware; None for a sensor whose LED has no colours."""


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Diagnostics of a reader; None for what its board cannot measure."""

    signal: int | None
    """Wi-Fi signal strength, in dBm."""
    free_memory: int | None
    """Bytes."""
    sensor_errors: int
    """Commands to the sensor without a valid answer, since the reader started."""


@dataclass(frozen=True, slots=True)
class SensorInfo:
    """What a reader has found out about its sensor."""

    product: str | None
    """Model as told by the sensor; None if it has no command for it."""
    missing: tuple[int, ...]
    """Numbers of the commands that it lacks, ascending."""
    mark: bool
    """Whether it keeps the reader's mark: otherwise another sensor in its place is not noticed."""
    index: str
    """How the reader learns which slots are occupied: `table` or `load_char`."""
    index_shift: int | None
    """Slot n is bit n + `index_shift` of the index table; None if unknown, or without a table."""
    count_agrees: bool | None
    """Whether its own count of templates is right; None if it has none."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The answer to hello: the state of a reader at the time of the answer."""

    identity: Identity
    boot: str
    uptime_ms: int
    """Uptime of that boot when this was answered."""
    nonce: str
    enrollment: Snapshot | None
    """None if it is malformed: that is no reason to take the reader for unavailable."""
    templates: Templates
    journal: int
    dropped: int
    changing: bool
    """Whether an accepted request may still change something."""
    settings: Settings | None
    """None for a firmware without settings."""
    diagnostics: Diagnostics | None
    """None for a firmware without diagnostics."""
    sensor_info: SensorInfo | None
    """None until the sensor was probed."""
