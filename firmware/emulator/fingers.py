"""Virtual fingers, and the surface on which they are put.

Everything about a finger follows from its name and from how often it has been
captured, so that a test that fails once fails always.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Quality(StrEnum):
    """What becomes of one capture of a finger."""

    OK = "ok"
    #: Too wet or smeared: Img2Tz answers 06.
    TOO_MESSY = "too_messy"
    #: Too dry, or too little of the finger: Img2Tz answers 07.
    TOO_FEW_FEATURES = "too_few_features"
    #: A finger, but no image: GenImg answers 03 (see `Surface.blurred`).
    NO_IMAGE = "no_image"


class Blend(StrEnum):
    """What is left when RegModel merges a finger with its `twin`."""

    #: Features of both, of each too few: a Search finds neither finger. This is
    #: what a verifying scan must catch whichever finger makes it.
    NEITHER = "neither"
    #: RegModel aligns later scans with the first one and drops what does not fit,
    #: so that the finger of the first buffer is found and the other is not.
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Finger:
    """A finger of somebody.

    Its first captures turn out as `first` says, all later ones as `quality` says.
    RegModel wrongly takes it for the finger named `twin`, as some sensors do
    (Adafruit-Fingerprint-Sensor-Library issues 104 and 120); `blend` says what
    the merged template then matches.
    """

    name: str
    quality: Quality = Quality.OK
    first: Sequence[Quality] = ()
    twin: str | None = None
    blend: Blend = Blend.NEITHER


@dataclass(frozen=True, slots=True)
class Capture:
    """One judged image: capture `number` (from 0) of a finger."""

    finger: Finger
    number: int
    quality: Quality


@dataclass(slots=True)
class Image:
    """What GenImg leaves in the ImageBuffer; judged when Img2Tz first reads it."""

    finger: Finger
    capture: Capture | None = None


class Surface:
    """The glass of one sensor and whatever lies on it. Knows no power."""

    def __init__(self) -> None:
        self.finger: Finger | None = None
        self._script: deque[Quality] = deque()
        self._captures: Counter[str] = Counter()
        self._tried = False

    def place(self, finger: Finger) -> None:
        """Begin a touch, also when another finger was on it."""
        self.finger = finger
        self._tried = False

    def lift(self) -> None:
        """End the touch."""
        self.finger = None

    def script(self, *qualities: Quality) -> None:
        """Say how the next captures turn out, of whatever finger."""
        self._script.extend(qualities)

    def blurred(self) -> bool:
        """Tell whether GenImg fails (03) on the finger that is there.

        A failure shows once in a touch, at its first GenImg. A later NO_IMAGE of
        the same touch shows at Img2Tz, as 15. Otherwise a reader that polls GenImg
        to see the finger lifted would use up failures meant for the next touch,
        more or fewer of them depending on its speed.
        """
        if self._tried or self.finger is None:
            return False
        if self._upcoming(self.finger) is not Quality.NO_IMAGE:
            return False
        self._take(self.finger)
        return True

    def judge(self, image: Image) -> Capture:
        """Return how an image turned out; the same each time for one image."""
        if image.capture is None:
            image.capture = self._take(image.finger)
        return image.capture

    def _upcoming(self, finger: Finger) -> Quality:
        if self._script:
            return self._script[0]
        number = self._captures[finger.name]
        return finger.first[number] if number < len(finger.first) else finger.quality

    def _take(self, finger: Finger) -> Capture:
        capture = Capture(finger, self._captures[finger.name], self._upcoming(finger))
        if self._script:
            self._script.popleft()
        self._captures[finger.name] += 1
        self._tried = True
        return capture
