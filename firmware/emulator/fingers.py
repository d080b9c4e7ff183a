"""Virtual fingers.

Everything about a finger follows from its name and from how often it has been
captured, so that a test that fails once fails always.
"""

from __future__ import annotations

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
    #: Only the edge of the finger: features that match nothing, not even each other.
    EDGE = "edge"


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

    Its first captures turn out as `first` says, then the first ones of each touch
    as `early` says, all others as `quality` says. RegModel wrongly takes it for the
    finger named `twin`, as some sensors do (Adafruit-Fingerprint-Sensor-Library
    issues 104 and 120); `blend` says what the merged template then matches.
    """

    name: str
    quality: Quality = Quality.OK
    first: Sequence[Quality] = ()
    twin: str | None = None
    blend: Blend = Blend.NEITHER
    early: Sequence[Quality] = ()


@dataclass(frozen=True, slots=True)
class Capture:
    """One judged image: capture `number` (from 0) of a finger."""

    finger: Finger
    number: int
    quality: Quality
