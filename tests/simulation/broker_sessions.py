"""The state of a broker: sessions with their subscriptions, and retained messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.packets import Message

_MOST_ID = 65535


def matches(name: str, topic: str) -> bool:
    """Return whether a topic filter covers a topic (4.7)."""
    if name == topic:
        return True
    if "+" not in name and "#" not in name:
        return False
    wanted, given = name.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(given) or level not in ("+", given[index]):
            return False
    return len(wanted) == len(given)


@dataclass(slots=True)
class Session:
    """The subscriptions of one client id, and the messages under way to it."""

    clean: bool
    filters: dict[str, int] = field(default_factory=dict)
    """Topic filters, each with its QoS."""
    in_flight: dict[int, Message] = field(default_factory=dict)
    """Sent at QoS 1 and not acknowledged, oldest first."""
    waiting: list[Message] = field(default_factory=list)
    """Messages at QoS 1 that arrived while the client was not connected."""
    last_id: int = 0
    _known: dict[str, int | None] = field(default_factory=dict)
    """Cache: topics that were looked up, each with its QoS, None if not subscribed."""

    def subscribe(self, name: str, qos: int) -> None:
        """Add a topic filter with its QoS."""
        self.filters[name] = qos
        self._known.clear()

    def unsubscribe(self, name: str) -> None:
        """Remove a topic filter."""
        self.filters.pop(name, None)
        self._known.clear()

    def qos_of(self, topic: str) -> int | None:
        """Return the highest QoS at which a topic is subscribed to, None if it is not."""
        if topic not in self._known:
            wanted = (qos for name, qos in self.filters.items() if matches(name, topic))
            self._known[topic] = max(wanted, default=None)
        return self._known[topic]

    def sent(self, message: Message) -> int:
        """Return a packet id for a message that is sent at QoS 1."""
        self.last_id = self.last_id % _MOST_ID + 1
        self.in_flight[self.last_id] = message
        return self.last_id

    def copy(self) -> Session:
        """Return the copy that is written to disk."""
        return Session(
            self.clean,
            dict(self.filters),
            dict(self.in_flight),
            list(self.waiting),
            self.last_id,
        )


@dataclass(slots=True)
class Store:
    """The state that a broker can save: retained messages by topic, sessions by client id."""

    retained: dict[str, Message] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)

    def copy(self) -> Store:
        """Return the copy that is written to disk: without clean sessions."""
        sessions = {name: one.copy() for name, one in self.sessions.items() if not one.clean}
        return Store(dict(self.retained), sessions)
