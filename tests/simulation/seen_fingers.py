"""Judges the touches of one run of the firmware by what it heard from its sensor.

The rules are those of the protocol ("`fingerprint`: a touch"), written down a second time: the
firmware's own may be broken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custom_components.biometric_enroll.protocol.words import TouchResult

if TYPE_CHECKING:
    from fpreader.touch_record import Touch

#: So many images in a row that show no finger, over so many milliseconds: it is gone.
_EMPTY_IMAGES = 3
_EMPTY_MS = 300
#: A finger that is seen for so long may be none: a known finger on top of it is told.
ALWAYS_MS = 10_000
#: Whoever is not identified is looked at so often, or for so long.
_MOST_LOOKS = 4
_LOOKS_MS = 1000

NO_FINGER = "no_finger"


class SeenFingers:
    """What was heard and told in one run of the firmware. Times are milliseconds of its uptime."""

    def __init__(self, finger: str | None) -> None:
        """`finger` is the name of the one that rests on the sensor at the beginning."""
        self.resting: bool | None = None
        """Whether a finger counts as resting; None before that is known."""
        self.image: str | None = None
        """What the last GenImg said."""
        self.heard_ms = 0
        """When that was heard."""
        self.since_ms = 0
        """When the finger that rests, or rested last, was first heard of."""
        self._before_ms = 0  # when the image before that one was heard
        self._looks = 0  # images of it
        self._empty_since_ms = 0
        self._empty_images = 0
        self._was_empty = False  # in this run
        self._touched = False  # it was told, or scanned
        self._told: set[int] | None = set()  # slots since the sensor was seen empty; None: all
        self._fingers = {finger}  # those that lay on it since then

    def placed(self, finger: str) -> None:
        """Take note of a finger that is put on the sensor."""
        self._fingers.add(finger)

    def heard(self, image: str, finger: str | None, now_ms: int) -> None:
        """Take what GenImg said; `finger` is the one that rests on the sensor in truth."""
        before_ms, self.image, self.heard_ms = self.heard_ms, image, now_ms
        if image != NO_FINGER:
            if not self.resting:
                self.resting, self.since_ms, self._before_ms = True, now_ms, before_ms
                self._looks, self._touched = 0, False
            self._looks += 1
            self._empty_images = 0
            return
        if not self._empty_images:
            self._empty_since_ms = now_ms
        self._empty_images += 1
        if self._empty_images >= _EMPTY_IMAGES and now_ms - self._empty_since_ms >= _EMPTY_MS:
            self.resting, self._was_empty = False, True
            self._told, self._fingers = set(), {finger}

    def enrolled(self) -> None:
        """Take note of the end of an enrollment: who rests there was scanned, and is no touch."""
        if self.resting:
            self._touched, self._told = True, None

    def judge(self, touch: Touch, finger: str | None) -> str | None:
        """Return what is wrong with a touch that is told, if anything.

        `finger` is the one that the last image shows, in truth, or whose print.
        """
        first = not self._touched and self._before_ms <= touch.at_ms <= self.since_ms
        self._touched = True
        if touch.result != TouchResult.IDENTIFIED:
            return None if first else "is a second touch of one finger"
        untold = self._told is not None and touch.slot not in self._told
        if self._told is not None and touch.slot is not None:
            self._told.add(touch.slot)
        always = bool(self.resting) and self.heard_ms - self.since_ms >= ALWAYS_MS
        wrong = {
            "is a second touch of one finger": not first and not (always and untold),
            "is told again before the sensor was seen empty": not untold,
            "has rested there since the reader started": not self._was_empty,
            "is identified after the finger was gone": self.image == NO_FINGER,
            "is the print of a finger that was not put down": finger not in self._fingers,
        }
        return next((what for what, is_so in wrong.items() if is_so), None)

    @property
    def empty(self) -> bool:
        """Whether the next finger is a touch of its own: none lay there since it was seen empty."""
        return self.resting is False and self._fingers == {None}

    def is_early(self, now_ms: int) -> bool:
        """Return whether the finger that rests could still be identified at the next look."""
        looked_ms = now_ms - self.since_ms
        return bool(self.resting) and self._looks < _MOST_LOOKS and looked_ms < _LOOKS_MS
