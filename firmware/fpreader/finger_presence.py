"""Tells when the finger that rests on the sensor is gone.

A sensor says "no finger" now and then while one rests: dry skin, sunlight, or because it calibrates
itself again, as an R503 does every four seconds.
"""

#: So many images without a finger in a row, over so long, mean that it is gone. A person who lifts
#: a finger and puts it down again takes longer; one image that fails is followed by a good one.
EMPTY_IMAGES = 3
EMPTY_MS = 300
#: Pause between two images while that is undecided: a person is not to wait for it.
UNDECIDED_MS = 50


class FingerPresence:
    """Judges what GenImg says, one image after the other. Times are milliseconds of uptime."""

    def __init__(self, *, resting: "bool | None") -> None:
        self.resting = resting
        """Whether a finger is there, or may be; None while nothing was seen."""
        self._empty_since: int | None = None
        self._empty_images = 0

    @property
    def undecided(self) -> bool:
        """Whether the last image was empty, and the finger may be there all the same."""
        return self.resting is not False and self._empty_images > 0

    def judge(self, image: str, now: int) -> None:
        """Take what GenImg said: finger, no_finger, no_image (a finger, but a failed image)."""
        if image != "no_finger":
            self.resting = True
            self._empty_since, self._empty_images = None, 0
            return
        if self._empty_since is None:
            self._empty_since = now
        self._empty_images += 1
        if self._empty_images >= EMPTY_IMAGES and now - self._empty_since >= EMPTY_MS:
            self.resting = False
