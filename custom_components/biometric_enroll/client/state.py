"""What is known of one reader, as one frozen value."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..protocol.messages import IDLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..protocol.messages import (
        Diagnostics,
        Identity,
        Settings,
        Snapshot,
        Templates,
    )


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose finger: a name, and what it may be linked to."""

    name: str
    finger: str | None = None
    """`left_thumb` … `right_little_finger`."""
    person: str | None = None
    """Registry id of a person."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that a sensor holds: one complete list of one revision."""

    revision: str
    templates: Mapping[int, str | None]
    """Template id by slot; None for a template without one."""
    missing: frozenset[str] = frozenset()
    """Ids of the templates that had a name when the list was begun, and are not on it."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Where the newest list and the names of the registry do not match."""

    revision: str | None = None
    """Of that list: another one may tell of other fingers. None without a list of this sensor."""
    unnamed: Mapping[int, str | None] = field(default_factory=dict)
    """Templates that nobody knows by name: template id by slot."""
    missing: frozenset[str] = frozenset()
    """Names whose template is missing: by template id."""


@dataclass(frozen=True, slots=True)
class ReaderState:
    """One reader at one moment."""

    available: bool = False
    """The reader has answered a hello, and nothing speaks against it since."""
    identity: Identity | None = None
    templates: Templates | None = None
    inventory: Inventory | None = None
    """The newest; it may be older than `templates`."""
    unmatched: Unmatched = Unmatched()
    settings: Settings | None = None
    diagnostics: Diagnostics | None = None
    started_at: datetime | None = None
    snapshot: Snapshot = IDLE
    subject: Subject | None = None
    """Who is meant by the snapshot's enrollment."""
    expires_at: datetime | None = None
    """When the reader gives up its present wait; None where that is not known."""
    identified: Subject | None = None
    """Who was identified last, live, in this run."""
