"""The state of one reader, as one frozen value."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..protocol.messages import IDLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..protocol.messages import (
        Diagnostics,
        Identity,
        SensorInfo,
        Settings,
        Snapshot,
        Templates,
    )


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose finger it is: a name, and optionally finger and person."""

    name: str
    finger: str | None = None
    """`left_thumb` … `right_little_finger`."""
    person: str | None = None
    """Registry id of a person."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All templates of a sensor: one complete list of one revision."""

    revision: str
    templates: Mapping[int, str | None]
    """Template id by slot; None for a template without one."""
    missing: frozenset[str] = frozenset()
    """Ids of the templates that had a name when listing began, and are not on the list."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Where the newest list and the names of the registry do not match."""

    revision: str | None = None
    """Of that list: in another one, a slot may hold another finger. None without a list."""
    unnamed: Mapping[int, str | None] = field(default_factory=dict)
    """Templates without a name: template id by slot."""
    missing: frozenset[str] = frozenset()
    """Template ids of the names without a template."""


@dataclass(frozen=True, slots=True)
class ReaderState:
    """The state of one reader at one time."""

    available: bool = False
    """The reader has answered, and no sign of an outage has followed."""
    identity: Identity | None = None
    templates: Templates | None = None
    inventory: Inventory | None = None
    """The newest list; it may be older than `templates`."""
    unmatched: Unmatched = Unmatched()
    settings: Settings | None = None
    diagnostics: Diagnostics | None = None
    sensor_info: SensorInfo | None = None
    started_at: datetime | None = None
    snapshot: Snapshot = IDLE
    doubtful: bool = False
    """The snapshot is of an earlier run, and the reader has not said yet whether it still holds."""
    subject: Subject | None = None
    """Whose finger the snapshot's enrollment is about."""
    expires_at: datetime | None = None
    """When the reader's current wait times out; None if unknown."""
    identified: Subject | None = None
    """Who was last identified by a live touch since Home Assistant started."""
