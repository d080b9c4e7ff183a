"""The maximum age of a touch, by Home Assistant's own clock. Pure: the time is passed in.

The reader has no wall clock, and a message may be delayed anywhere for any time. But each answer to
hello has the reader's uptime, and each touch names the hello that was answered last. Because an
answer cannot be sent before its hello, (now - when hello was first sent) - (uptime at the touch -
uptime in the answer) is never less than the true age. See docs/protocol.md, "What HA does".
"""

from dataclasses import dataclass

LIVE_AGE = 5.0
"""Default maximum age of a live touch, in seconds."""

SLACK = 0.5
"""How far in the future a touch may seem to be, in seconds, because the reader's clock drifts
between two hellos."""

_KEPT = 8


@dataclass(frozen=True, slots=True)
class _Anchor:
    sent: float
    uptime_ms: int | None


class Liveness:
    """The newest hellos since Home Assistant started; they bound the age of touches."""

    def __init__(self) -> None:
        """Initialize without hellos: no touch is live."""
        self._anchors: dict[str, _Anchor] = {}

    def sent(self, request: str, now: float) -> None:
        """Note when a hello was first sent, in seconds of a monotonic clock."""
        self._anchors[request] = _Anchor(now, None)
        while len(self._anchors) > _KEPT:
            del self._anchors[next(iter(self._anchors))]

    def answered(self, request: str, uptime_ms: int) -> None:
        """Note the reader's uptime in the answer to that hello.

        The first answer counts. A later one with a lower uptime comes after a restart of the
        reader: then it is unknown which of the two uptimes a touch refers to.
        """
        if (anchor := self._anchors.get(request)) is None:
            return
        if anchor.uptime_ms is None:
            self._anchors[request] = _Anchor(anchor.sent, uptime_ms)
        elif uptime_ms < anchor.uptime_ms:
            del self._anchors[request]

    def sent_at(self, request: str) -> float | None:
        """Return when a hello was first sent; None if this request is no known hello."""
        anchor = self._anchors.get(request)
        return None if anchor is None else anchor.sent

    def age(self, hello: str | None, at_ms: int | None, now: float) -> float | None:
        """Return the maximum age of a touch in seconds; None if it is unknown."""
        if hello is None or at_ms is None or (anchor := self._anchors.get(hello)) is None:
            return None
        if anchor.uptime_ms is None:
            return None
        return (now - anchor.sent) - (at_ms - anchor.uptime_ms) / 1000


def is_live(age: float | None, limit: float = LIVE_AGE) -> bool:
    """Return whether a touch of this maximum age is live, so that it may open a door."""
    return age is not None and -SLACK <= age <= limit
