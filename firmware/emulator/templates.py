"""What the emulator stores as features and templates, and how it compares them.

Real contents are secret and irrelevant: these bytes carry which fingers and
captures they were made of, fill the size that the model has, and end in a CRC,
so that a byte lost in a transfer shows as a template that matches nothing.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256, shake_256
from typing import TYPE_CHECKING, Final

from .fingers import Blend, Quality

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .fingers import Capture

#: Least score that counts as a match, by security level 1 to 5.
THRESHOLDS: Final = {1: 30, 2: 40, 3: 50, 4: 60, 5: 70}

#: Scores of a finger against its own template. All pass at every level.
_LOWEST_SCORE = 70
_SCORE_SPREAD = 120
_FULL_WEIGHT = 100
# A quarter of the best score (189) stays below the threshold of level 3, the
# default, and above that of level 1, as one would expect of a bad template.
_BLENDED_WEIGHT = 25

_MAGIC = b"EMFP"
_HEAD = struct.Struct(">4sB")
_PART = struct.Struct(">8s8sHB?")
_CRC_BYTES = 4
_MAX_PARTS = 6
#: Files whose contents are kept at hand; the same few are asked for again and again.
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Part:
    """One capture inside features (one part) or a template (several)."""

    finger: bytes
    twin: bytes
    number: int
    #: Percent of the full score that this part still gives.
    weight: int
    keeps_first: bool

    def strength(self) -> int:
        """Return the score that this capture reaches against its own finger."""
        digest = sha256(self.finger + self.number.to_bytes(2, "big")).digest()
        return _LOWEST_SCORE + digest[0] % _SCORE_SPREAD


def features(capture: Capture, size: int) -> bytes:
    """Return the character file of one capture, as Img2Tz makes it."""
    finger = capture.finger
    name, twin = finger.name, finger.twin
    if capture.quality is Quality.EDGE:
        name, twin = f"{name}, edge {capture.number}", None
    part = Part(
        finger=identity(name),
        twin=b"" if twin is None else identity(twin),
        number=capture.number & 0xFFFF,
        weight=_FULL_WEIGHT,
        keeps_first=finger.blend is Blend.FIRST,
    )
    return _encode((part,), size)


def merge(files: Iterable[bytes], size: int) -> bytes | None:
    """Return the template that RegModel makes of features, in their order.

    None: they do not belong together, or one of them is damaged.
    """
    parts: tuple[Part, ...] = ()
    for data in files:
        decoded = _decode(data)
        if decoded is None:
            return None
        parts += decoded
    first = parts[0]
    if any(not _taken_for_one(first, part) for part in parts):
        return None
    if any(part.finger != first.finger for part in parts):
        parts = _blend(parts)
    return _encode(parts[:_MAX_PARTS], size)


def score(probe: bytes, template: bytes) -> int:
    """Return how well features match a template; 0 for a stranger or damage."""
    probes, parts = _decode(probe), _decode(template)
    if probes is None or parts is None:
        return 0
    strength = probes[0].strength() * probes[0].weight // _FULL_WEIGHT
    return max(
        (
            strength * part.weight // _FULL_WEIGHT
            for part in parts
            if part.finger == probes[0].finger
        ),
        default=0,
    )


@lru_cache(_REMEMBERED)
def made_of(data: bytes) -> frozenset[bytes]:
    """Return the identities of the fingers in features or a template, none for damage."""
    return frozenset(part.finger for part in _decode(data) or ())


@lru_cache(_REMEMBERED)
def identity(name: str) -> bytes:
    """Return what features and templates carry of a finger's name."""
    return sha256(name.encode()).digest()[:8]


def _taken_for_one(one: Part, other: Part) -> bool:
    return other.finger in (one.finger, one.twin) or other.twin == one.finger


def _blend(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Weaken the parts of different fingers, as `Blend` says."""
    kept = parts[0].finger if any(part.keeps_first for part in parts) else None
    return tuple(
        part if part.finger == kept else replace(part, weight=_BLENDED_WEIGHT) for part in parts
    )


@lru_cache(_REMEMBERED)
def _encode(parts: tuple[Part, ...], size: int) -> bytes:
    """Return bytes that look like a template and carry the parts."""
    data = _HEAD.pack(_MAGIC, len(parts))
    for part in parts:
        data += _PART.pack(part.finger, part.twin, part.number, part.weight, part.keeps_first)
    data += shake_256(data).digest(size - len(data) - _CRC_BYTES)
    return data + zlib.crc32(data).to_bytes(_CRC_BYTES, "big")


@lru_cache(_REMEMBERED)
def _decode(data: bytes) -> tuple[Part, ...] | None:
    """Return the parts; None when the bytes are not intact or not from here."""
    body, crc = data[:-_CRC_BYTES], data[-_CRC_BYTES:]
    if not data.startswith(_MAGIC) or zlib.crc32(body).to_bytes(4, "big") != crc:
        return None
    count = _HEAD.unpack_from(data)[1]
    return tuple(
        Part(*_PART.unpack_from(data, _HEAD.size + index * _PART.size)) for index in range(count)
    )
