"""The subscriptions of Home Assistant's MQTT client: when to SUBSCRIBE, and what to deliver."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from tests.simulation.broker_sessions import matches
from tests.simulation.packets import Subscribe, Unsubscribe

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.packets import Packet

#: Seconds from the last call of `add` to SUBSCRIBE, before the client has settled and after.
FIRST_COOLDOWN_S = 0.5
COOLDOWN_S = 0.1
#: From the first connection until the client has settled.
SETTLED_AFTER_S = 5
#: How long a SUBACK is waited for; then the subscription counts as done.
SUBACK_WITHIN_S = 10


class Subscriptions:
    """Topic filters with their QoS, over all connections of one client."""

    def __init__(
        self,
        send: Callable[[Packet], bool],
        next_id: Callable[[], int],
        on_subscribed: Callable[[], None],
    ) -> None:
        """Begin without any. `send` returns whether there is a connection to send on."""
        self._send = send
        self._next_id = next_id
        self._on_subscribed = on_subscribed
        self._loop = asyncio.get_running_loop()
        self._wanted: dict[str, int] = {}
        self._matching: dict[str, list[str]] = {}
        """Filters that cover a topic, for topics that came up."""
        self._replayed: dict[tuple[str, str], None] = {}
        """Filters and topics whose retained message has come over this connection."""
        self._settled_at: float | None = None
        self._cooldown: asyncio.TimerHandle | None = None
        self._pending: dict[str, int] = {}
        """Filters to subscribe to after the cool-down."""
        self._rounds: deque[tuple[tuple[str, int], ...]] = deque()
        """Filters whose cool-down is over and that are not yet sent, one entry for each packet."""
        self._asked: int | None = None
        """Packet id of the SUBSCRIBE that waits for its SUBACK."""
        self._wait: asyncio.TimerHandle | None = None
        """The end of that wait."""
        self._done: asyncio.Handle | None = None
        """The scheduled call of `on_subscribed`."""

    # --- calls of the client --------------------------------------------------------------

    def add(self, name: str, qos: int, *, connected: bool) -> None:
        """Add a filter; while connected, SUBSCRIBE follows even if the broker has it already."""
        self._wanted[name] = max(qos, self._wanted.get(name, 0))
        self._matching.clear()
        if connected:
            self._pending[name] = self._wanted[name]
            self._ask_soon()

    def remove(self, name: str, *, connected: bool) -> None:
        """Remove a filter; UNSUBSCRIBE follows unless it is added again until then."""
        self._wanted.pop(name, None)
        self._matching.clear()
        self._pending.pop(name, None)
        self._replayed = {key: None for key in self._replayed if key[0] != name}
        if connected:
            self._loop.call_later(COOLDOWN_S, self._tell_removed, name)

    def connected(self) -> None:
        """Subscribe to everything again, and expect retained messages again."""
        if self._settled_at is None:
            self._settled_at = self._loop.time() + SETTLED_AFTER_S
        self._replayed.clear()
        self._pending = dict(sorted(self._wanted.items()))
        if self._pending:
            self._ask_soon()

    def acknowledged(self, packet_id: int) -> None:
        """Handle a SUBACK."""
        if packet_id == self._asked:
            self._go_on()

    def times(self, topic: str, *, retain: bool) -> int:
        """Return how many subscriptions get this message."""
        if (names := self._matching.get(topic)) is None:
            names = [name for name in self._wanted if matches(name, topic)]
            self._matching[topic] = names
        if retain:
            names = [name for name in names if (name, topic) not in self._replayed]
            self._replayed |= {(name, topic): None for name in names}
        return len(names)

    def stop(self) -> None:
        """Cancel everything that is planned."""
        for handle in (self._cooldown, self._wait, self._done):
            if handle is not None:
                handle.cancel()

    # --- packets to the broker ------------------------------------------------------------

    def _ask_soon(self) -> None:
        """Subscribe once no filter was added for a while."""
        if self._cooldown is not None:
            self._cooldown.cancel()
        settled = self._settled_at is not None and self._loop.time() >= self._settled_at
        self._cooldown = self._loop.call_later(
            COOLDOWN_S if settled else FIRST_COOLDOWN_S, self._ask
        )

    def _ask(self) -> None:
        self._cooldown = None
        if self._asked is not None:
            self._ask_soon()
            return
        pending, self._pending = self._pending, {}
        # Each wildcard by itself, then all plain topics together.
        plain = {name: qos for name, qos in pending.items() if "+" not in name and "#" not in name}
        self._rounds.extend((one,) for one in pending.items() if one[0] not in plain)
        if plain:
            self._rounds.append(tuple(plain.items()))
        self._ask_next()

    def _ask_next(self) -> None:
        if not self._rounds:
            return
        packet_id = self._next_id()
        if self._send(Subscribe(packet_id, self._rounds.popleft())):
            self._asked = packet_id
            self._wait = self._loop.call_later(SUBACK_WITHIN_S, self._go_on)
        else:
            self._rounds.clear()  # the next connection asks for everything

    def _go_on(self) -> None:
        """Continue after a SUBACK, or after its timeout."""
        assert self._wait is not None
        self._wait.cancel()
        self._asked = self._wait = None
        if self._rounds:
            self._ask_next()
        else:
            # Behind the messages that came with the SUBACK.
            self._done = self._loop.call_soon(self._on_subscribed)

    def _tell_removed(self, name: str) -> None:
        if name not in self._wanted:
            self._send(Unsubscribe(self._next_id(), (name,)))
