"""The maximum age of a touch, which decides whether it may open a door. Pure: time is passed in.

A touch tells the reader's uptime, which says nothing about now; and a message may be delayed for
any time. But each answer to hello tells an uptime too, and cannot be sent before its hello. With E,
the time since Home Assistant (HA) first sent a hello that was answered in the same boot:

    age <= 1.0005 * E - (uptime at the touch - uptime in the answer)

Delays only make the right side larger. It holds for each answer, so for the least of all bounds.
See docs/protocol.md, "The age of a touch".
"""

from dataclasses import dataclass

LIVE_AGE = 5.0
"""Default maximum age of a live touch, in seconds."""

SLACK = 0.5
"""How far in the future a touch may seem to be, in seconds: clocks are read in turn, and drift."""

_RATE = 0.0005
"""How much faster one clock may run than another: several times what crystals do. Without it, a
touch would seem newer than it is whenever the reader's clock is the faster one."""

_OLDEST = 3600.0
"""Seconds for which an answer counts, so that drift adds 1.8 s to an age at most."""

_JUMP = 1.0
"""Seconds by which the wall clock may be corrected before answers of before are dropped."""

_READING = 0.05
"""Seconds by which uptimes and clocks may be read inexactly."""

_BOOTS, _ANSWERS, _SENT = 4, 8, 8


@dataclass(frozen=True, slots=True)
class Clocks:
    """All clocks of this machine at one moment, in seconds; each of them fails somewhere."""

    monotonic: float
    """CLOCK_MONOTONIC: stands still during suspend; may be slowed to correct the wall clock."""
    raw: float
    """CLOCK_MONOTONIC_RAW: stands still during suspend; never corrected."""
    boottime: float
    """CLOCK_BOOTTIME: goes on during suspend; may be slowed as well."""
    utc: float
    """Seconds since the epoch: goes on during suspend; jumps when it is set."""

    def most_since(self, earlier: Clocks) -> float:
        """Return the largest difference that any clock shows: an age must not seem too low."""
        return max(*self._steady_since(earlier), self.utc - earlier.utc)

    def least_since(self, earlier: Clocks) -> float:
        """Return the smallest one of the clocks that never jump."""
        return min(self._steady_since(earlier))

    def jumped_since(self, earlier: Clocks) -> bool:
        """Return whether the wall clock was set, or another clock has failed to go on."""
        return abs((self.utc - earlier.utc) - (self.boottime - earlier.boottime)) > _JUMP

    def _steady_since(self, earlier: Clocks) -> tuple[float, float, float]:
        return (
            self.monotonic - earlier.monotonic,
            self.raw - earlier.raw,
            self.boottime - earlier.boottime,
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer to hello: the uptime was reached between these two moments."""

    request: str
    sent: Clocks
    received: Clocks
    uptime_ms: int

    def age(self, at_ms: int, now: Clocks) -> float:
        """Return the maximum age of a touch at that uptime, in seconds."""
        return (1 + _RATE) * now.most_since(self.sent) - (at_ms - self.uptime_ms) / 1000

    def counts(self, now: Clocks) -> bool:
        """Return whether it still bounds an age."""
        return now.most_since(self.sent) <= _OLDEST and not now.jumped_since(self.sent)

    def contradicts(self, later: _Answer) -> bool:
        """Return whether both uptimes cannot be true, given when these answers can have been sent.

        Then one of our clocks stood still without the others, or the reader's does not go evenly.
        """
        passed = (later.uptime_ms - self.uptime_ms) / 1000
        most = later.received.most_since(self.sent)
        least = later.sent.least_since(self.received)
        return not (
            least - _RATE * abs(least) - _READING <= passed <= most + _RATE * abs(most) + _READING
        )


class Liveness:
    """The newest answers to hello since Home Assistant started; they bound the age of touches."""

    def __init__(self, loaded: Clocks) -> None:
        """Initialize without answers: no touch is live.

        `loaded` is when this process loaded the ids of the touches that it had reported.
        """
        self._loaded = loaded
        self._sent: dict[str, Clocks] = {}
        """When each of the newest hellos was first sent, by request id."""
        self._boots: dict[str, list[_Answer]] = {}
        """The newest answers of the newest boots."""

    def sent(self, request: str, now: Clocks) -> None:
        """Note when a hello was first sent."""
        self._sent[request] = now
        _keep_newest(self._sent, _SENT)

    def has_sent(self, request: str) -> bool:
        """Return whether this request is one of the newest hellos."""
        return request in self._sent

    def answered(self, request: str, boot: str, uptime_ms: int, now: Clocks) -> bool:
        """Note an answer of our reader; return whether earlier ones were dropped because of it.

        Only the first answer to a hello counts: a repeat bounds no better.
        """
        if (sent := self._sent.get(request)) is None:
            return False
        answers = self._boots.pop(boot, [])
        self._boots[boot] = answers
        _keep_newest(self._boots, _BOOTS)
        if any(answer.request == request for answer in answers):
            return False
        fresh = _Answer(request, sent, now, uptime_ms)
        dropped = any(
            now.jumped_since(answer.sent) or _contradict(answer, fresh) for answer in answers
        )
        if dropped:
            answers.clear()
            # Nor may a repeat bring back what was dropped.
            while next(iter(self._sent)) != request:
                del self._sent[next(iter(self._sent))]
        answers.append(fresh)
        del answers[:-_ANSWERS]
        return dropped

    def knows(self, boot: str | None) -> bool:
        """Return whether our reader has told this boot in an answer to a hello of ours."""
        return boot in self._boots

    def age(self, boot: str | None, at_ms: int | None, now: Clocks) -> float | None:
        """Return the maximum age of a touch in seconds; None if it is unknown."""
        if boot is None or at_ms is None:
            return None
        answers = self._boots.get(boot, ())
        return min(
            (answer.age(at_ms, now) for answer in answers if answer.counts(now)), default=None
        )

    def is_doubtful(self, boot: str | None, at_ms: int | None, now: Clocks) -> bool:
        """Return whether another answer to hello can tell more about a touch.

        So it is for a boot that nobody has told, and if one of the clocks has failed.
        """
        if boot is None or at_ms is None:
            return False
        age = self.age(boot, at_ms, now)
        jumped = any(now.jumped_since(answer.sent) for answer in self._boots.get(boot, ()))
        return age is None or age < -SLACK or jumped

    def is_live(self, age: float | None, now: Clocks, limit: float = LIVE_AGE) -> bool:
        """Return whether a touch of this maximum age is live, so that it may open a door.

        It has to be newer than the list of the reported ones: an earlier run may have opened for an
        older touch, and was killed before that was saved.
        """
        if age is None or not -SLACK <= age <= limit:
            return False
        return age < now.least_since(self._loaded)


def _contradict(one: _Answer, other: _Answer) -> bool:
    if other.sent.monotonic < one.sent.monotonic:
        one, other = other, one
    return one.contradicts(other)


def _keep_newest[V](values: dict[str, V], most: int) -> None:
    while len(values) > most:
        del values[next(iter(values))]
