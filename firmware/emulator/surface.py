"""The glass of one sensor, what lies on it, and what an image of it shows."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from .fingers import Capture, Finger, Quality

if TYPE_CHECKING:
    from collections.abc import Sequence


class Background(StrEnum):
    """What the sensor sees while no finger rests on it."""

    NOTHING = "nothing"
    #: Dirt or light, of which Img2Tz says that it is too messy (06).
    DIRT = "dirt"
    #: Dirt or light that Img2Tz takes for a finger, another one in each image.
    PATTERN = "pattern"
    #: The print that the last finger has left, which the sun lights up: that finger,
    #: in good quality. Before the first finger there is nothing.
    LATENT = "latent"


@dataclass(slots=True)
class _Touch:
    """One finger from its being placed until it is lifted."""

    finger: Finger
    #: How often GenImg has looked at it, and how many of the images were judged.
    looks: int = 0
    captures: int = 0


@dataclass(slots=True)
class Image:
    """What GenImg leaves in the ImageBuffer; judged when Img2Tz first reads it."""

    touch: _Touch
    capture: Capture | None = None


@dataclass(slots=True)
class Surface:
    """The glass of one sensor and whatever lies on it. Knows no power."""

    background: Background = Background.NOTHING
    _touch: _Touch | None = None
    _last: Finger | None = None
    _seen: tuple[bool, ...] = ()
    _script: deque[Quality] = field(default_factory=deque)
    _captures: Counter[str] = field(default_factory=Counter)
    _background_images: int = 0

    @property
    def finger(self) -> Finger | None:
        """The finger that rests on it, seen or not."""
        return self._touch.finger if self._touch else None

    def place(self, finger: Finger) -> None:
        """Begin a touch, also when another finger was on it."""
        self.lift()
        self._touch = _Touch(finger)

    def lift(self) -> None:
        """End the touch, if there is one."""
        self._last = self.finger or self._last
        self._touch = None

    def script(self, *qualities: Quality) -> None:
        """Say how the next captures turn out, of whatever finger."""
        self._script.extend(qualities)

    def flicker(self, seen: Sequence[bool]) -> None:
        """Say which looks at a finger see it, over and over from the beginning of a touch."""
        self._seen = tuple(seen)

    def look(self) -> Image | None:
        """Return what GenImg sees, None for nothing. A finger hides the background."""
        touch = self._touch
        if touch is None:
            return self._look_at_background()
        seen = not self._seen or self._seen[touch.looks % len(self._seen)]
        touch.looks += 1
        return Image(touch) if seen else None

    def _look_at_background(self) -> Image | None:
        """Return what is seen without a finger; its images count for no finger."""
        match self.background:
            case Background.DIRT:
                finger, quality = Finger("dirt"), Quality.TOO_MESSY
            case Background.PATTERN:
                finger, quality = Finger("pattern"), Quality.EDGE
            case Background.LATENT if self._last is not None:
                finger, quality = self._last, Quality.OK
            case _:
                return None
        self._background_images += 1
        return Image(_Touch(finger), Capture(finger, self._background_images, quality))

    def blurred(self, image: Image) -> bool:
        """Tell whether GenImg fails (03) instead of giving this image.

        A failure shows once in a touch, at its first GenImg. A later NO_IMAGE of
        the same touch shows at Img2Tz, as 15. Otherwise a reader that polls GenImg
        to see the finger lifted would use up failures meant for the next touch,
        more or fewer of them depending on its speed.
        """
        if image.capture is not None or image.touch.captures:
            return False
        if self._upcoming(image.touch) is not Quality.NO_IMAGE:
            return False
        self._take(image.touch)
        return True

    def judge(self, image: Image) -> Capture:
        """Return how an image turned out; the same each time for one image."""
        if image.capture is None:
            image.capture = self._take(image.touch)
        return image.capture

    def _upcoming(self, touch: _Touch) -> Quality:
        if self._script:
            return self._script[0]
        finger, number = touch.finger, self._captures[touch.finger.name]
        if number < len(finger.first):
            return finger.first[number]
        if touch.captures < len(finger.early):
            return finger.early[touch.captures]
        return finger.quality

    def _take(self, touch: _Touch) -> Capture:
        finger = touch.finger
        capture = Capture(finger, self._captures[finger.name], self._upcoming(touch))
        if self._script:
            self._script.popleft()
        self._captures[finger.name] += 1
        touch.captures += 1
        return capture
