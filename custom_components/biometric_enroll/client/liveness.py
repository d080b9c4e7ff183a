"""How old a touch is at most, by Home Assistant's own clock. Pure: the time comes from outside.

The reader has no wall clock, and a message may have waited anywhere for any time. But the reader
tells its uptime in each answer to hello, and each touch names the hello that was answered last.
Since the answer cannot have left before the question was first sent, (now - when it was sent) -
(uptime at the touch - uptime of the answer) is never less than the true age. See docs/protocol.md,
"What HA does".
"""

from dataclasses import dataclass

LIVE_AGE = 5.0
"""A touch that is older, in seconds, opens nothing, unless the user has chosen another limit."""

SLACK = 0.5
"""How far in the future, in seconds, a touch may seem to be (drift of the reader's clock between
two hellos)."""

_KEPT = 8


@dataclass(frozen=True, slots=True)
class _Anchor:
    sent: float
    uptime_ms: int | None


class Liveness:
    """The newest hellos of this run of Home Assistant, and what they say of a touch's age."""

    def __init__(self) -> None:
        """Start with no hello said: nothing is live."""
        self._anchors: dict[str, _Anchor] = {}

    def sent(self, request: str, now: float) -> None:
        """Note when a hello was first sent, in seconds of a steady clock."""
        self._anchors[request] = _Anchor(now, None)
        while len(self._anchors) > _KEPT:
            del self._anchors[next(iter(self._anchors))]

    def answered(self, request: str, uptime_ms: int) -> None:
        """Note the reader's uptime in the answer to that hello.

        The first answer counts. One with a lower uptime comes from a reader that has restarted in
        between: which of its two uptimes a touch is measured by, nobody knows any more.
        """
        if (anchor := self._anchors.get(request)) is None:
            return
        if anchor.uptime_ms is None:
            self._anchors[request] = _Anchor(anchor.sent, uptime_ms)
        elif uptime_ms < anchor.uptime_ms:
            del self._anchors[request]

    def sent_at(self, request: str) -> float | None:
        """Return when a hello was first sent, or None if that request was no hello of this run."""
        anchor = self._anchors.get(request)
        return None if anchor is None else anchor.sent

    def age(self, hello: str | None, at_ms: int | None, now: float) -> float | None:
        """Return the most that a touch can be old, in seconds, or None where nothing bounds it."""
        if hello is None or at_ms is None or (anchor := self._anchors.get(hello)) is None:
            return None
        if anchor.uptime_ms is None:
            return None
        return (now - anchor.sent) - (at_ms - anchor.uptime_ms) / 1000


def is_live(age: float | None, limit: float = LIVE_AGE) -> bool:
    """Return whether a touch of this age may open a door."""
    return age is not None and -SLACK <= age <= limit
