"""Differences between brokers, within MQTT 3.1.1 and a little beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from random import Random


class TakeoverWill(Enum):
    """When a broker publishes the will of a replaced connection.

    It was replaced by one with the same client id.
    """

    NEVER = "never"
    BEFORE = "before"
    """Published before the new connection is accepted, as the standard has it."""
    AFTER = "after"
    """Published later, after messages of the new connection; clusters do that."""


@dataclass(frozen=True, slots=True)
class BrokerBehavior:
    """How one broker behaves.

    The defaults are those of Mosquitto 2.0 without persistence (`test_mosquitto.py` compares).
    Chances are from 0 to 1; each case is drawn by itself.
    """

    takeover_will: TakeoverWill = TakeoverWill.BEFORE
    will_lost: float = 0.0
    """Chance that a will never comes."""
    will_late_s: float = 0.0
    """Longest delay of a will in seconds; it may come after its client has reconnected."""
    enforces_keepalive: bool = True
    """Whether it ends connections on which nothing came for 1.5 times the keepalive."""
    ack_late: float = 0.0
    """Chance that a publisher waits for its PUBACK."""
    ack_late_s: float = 0.0
    """Longest delay of a PUBACK."""
    duplicated: float = 0.0
    """Chance that a subscriber gets a message at QoS 1 a second time."""
    duplicate_late_s: float = 0.0
    """Longest delay of the second delivery; newer messages may come before it."""
    retained_first: bool = False
    """Whether retained messages come before the SUBACK, or after it."""
    autosave_s: float | None = None
    """How often it saves retained messages and sessions; None: a restart begins with nothing."""
    shuffles: bool = False
    """Whether, after a stall, it serves its connections in random order, or in order of arrival."""

    @classmethod
    def random(cls, rng: Random) -> Self:
        """Draw a broker at random: each behavior is mostly the default."""

        def seldom(*others: float) -> float:
            return rng.choice(others) if rng.random() < 1 / 3 else 0.0

        return cls(
            takeover_will=rng.choice(list(TakeoverWill)),
            will_lost=seldom(0.2, 1.0),
            will_late_s=seldom(0.1, 5.0, 60.0),
            enforces_keepalive=rng.random() < 3 / 4,
            ack_late=seldom(0.1, 1.0),
            # The last is longer than the reader waits.
            ack_late_s=rng.choice((0.1, 2.0, 12.0)),
            duplicated=seldom(0.1, 0.5),
            duplicate_late_s=rng.choice((0.0, 0.5, 20.0)),
            retained_first=rng.random() < 1 / 2,
            autosave_s=rng.choice((None, None, 5.0, 60.0, 1800.0)),
            shuffles=rng.random() < 1 / 2,
        )
