"""Everything that a broker was told, to be told again when nobody expects it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, override

from tests.simulation.broker import Broker

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.packets import Message

_LENGTH = 64


class TapedBroker(Broker):
    """A broker with a bridge behind it that keeps old messages and lets some of them loose."""

    tape: deque[Message]

    @override
    def publish(self, message: Message) -> None:
        if not hasattr(self, "tape"):
            self.tape = deque(maxlen=_LENGTH)
        self.tape.append(message)
        super().publish(message)

    def replay(self, rng: Random, *, retain: bool) -> Message | None:
        """Say one of the old messages again, or have it retained; return it."""
        if not self.running or not getattr(self, "tape", None):
            return None
        message = rng.choice(list(self.tape))._replace(retain=retain)
        super().publish(message)
        return message
