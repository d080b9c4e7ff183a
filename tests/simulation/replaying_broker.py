"""A broker that repeats old messages at unexpected times."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, override

from tests.simulation.broker import Broker

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.packets import Message

_LENGTH = 128
#: Ends of the topics, or words of the messages, that would do the most harm.
_HARMFUL = ("enroll/request", "fingerprint", "/status", '"command":"settings"')


class ReplayingBroker(Broker):
    """Keeps the newest messages, and publishes some of them again, as bridges and retries do."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._recent: deque[Message] = deque(maxlen=_LENGTH)

    @override
    def publish(self, message: Message) -> None:
        self._recent.append(message)
        super().publish(message)

    def replay(self, rng: Random, listener: str) -> Message | None:
        """Publish an old message again: to all clients, to one, or retained; return it.

        `listener` is the beginning of the client id of that one: it gets a retry at QoS 1 alone.
        """
        wanted = rng.choice((*_HARMFUL, ""))
        found = [
            message
            for message in self._recent
            if message.topic.endswith(wanted) or wanted.encode() in message.payload
        ]
        if not self.running or not found:
            return None
        message = rng.choice(found)
        how = rng.randrange(3)
        if how == 0:
            super().publish(message._replace(retain=False))
        elif how == 1:
            message = message._replace(retain=True)
            super().publish(message)
        else:
            self.tell(listener, message._replace(retain=False))
        return message

    def retain_newest(self, topic: str) -> None:
        """Publish the newest message whose topic ends so once more, and retain it."""
        found = [message for message in self._recent if message.topic.endswith(topic)]
        if self.running and found:
            super().publish(found[-1]._replace(retain=True))

    def tell(self, listener: str, message: Message) -> None:
        """Deliver a message to one client only, by the beginning of its id."""
        for client_id, connection in self._online.items():
            if client_id.startswith(listener):
                connection.deliver(message, message.qos)
