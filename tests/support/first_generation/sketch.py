"""The two versions of the sketch, and the sensor."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

GOOD = 85
"""Quality of an image that both sketches accept."""

POOR = 45
"""Quality of an image that both sketches reject."""

_GOOD_ENOUGH = 60
# The reference has one number, 45, for an image that was too poor; the limit is ours.


class Sketch(StrEnum):
    """Which of the two sketches a reader runs."""

    FIRST = "first"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Press:
    """A finger on the sensor, and how good its image is, 0 to 100."""

    finger: Hashable
    quality: int

    @property
    def usable(self) -> bool:
        return self.quality >= _GOOD_ENOUGH


@dataclass(slots=True)
class Sensor:
    """The sensor: the placed finger, and the templates, which it keeps without power."""

    capacity: int
    press: Press | None = None
    templates: dict[int, Hashable] = field(default_factory=dict)
    """Finger by slot."""
    refuses_to_store: bool = False

    def find(self, finger: Hashable) -> int | None:
        """Return the lowest slot that holds a finger, as Search does."""
        return min((slot for slot, one in self.templates.items() if one == finger), default=None)
