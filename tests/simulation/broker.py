"""An MQTT 3.1.1 broker in virtual time, with the behavior of real ones.

It exchanges bytes with its clients over the network model. It is one process, which can be killed,
stopped, started again and stalled.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.broker_behavior import TakeoverWill
from tests.simulation.broker_connection import Connection
from tests.simulation.broker_sessions import Session, Store, matches

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.simulation.broker_behavior import BrokerBehavior
    from tests.simulation.network import Network
    from tests.simulation.packets import Message
    from tests.simulation.tcp import End

    #: Whose work it is, None for the broker's own; and what is to be done.
    type Work = tuple[Connection | None, Callable[[], None]]

#: Longest delay of a will that is published after a takeover, in seconds, at a broker without
#: other delays.
_TRAILS_S = 1.0


class Broker:
    """One broker, over all its runs. `trace` is called with a line of text for each packet."""

    def __init__(
        self,
        network: Network,
        behavior: BrokerBehavior,
        rng: Random,
        trace: Callable[[str], object] | None = None,
    ) -> None:
        self.behavior = behavior
        self._network = network
        self._rng = rng
        self._trace = trace
        self._loop = asyncio.get_running_loop()
        self.patient = False
        """Whether clients may be silent for any time, whatever their keepalive."""
        self._running = False
        self._run = 0
        """Counts the runs, so that a timer has no effect after the run in which it was set."""
        self._store = Store()
        self._saved = Store()
        self._save_at = 0.0
        self._connections: dict[Connection, None] = {}
        """All that are open, in the order in which they came."""
        self._online: dict[str, Connection] = {}
        """Those that have a session, by client id."""
        self._held: list[Work] | None = None
        """What waits for the end of a stall."""
        self._stalled_until = 0.0

    # --- the process ------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._running

    @property
    def retained(self) -> dict[str, bytes]:
        """The retained payloads by topic."""
        return {topic: message.payload for topic, message in self._store.retained.items()}

    def start(self, *, forget: bool = False) -> None:
        """Listen, with the state saved last; with none after `forget` or if it never saves."""
        if self._running:
            return
        self._running = True
        if forget:
            self._saved = Store()
        self._store = self._saved.copy()
        if self.behavior.autosave_s is not None:
            self._save_at = self._loop.time() + self.behavior.autosave_s
        self._network.listen(self._accept)

    def stop(self) -> None:
        """Shut down in order: publish the wills of all clients, and save if autosave is on."""
        if not self._running:
            return
        for connection in self._connections:
            if connection.will is not None:
                self.publish(connection.will)
        if self.behavior.autosave_s is not None:
            self._saved = self._store.copy()
        self._die(kill=False)

    def kill(self) -> None:
        """End at once: no will is published, nothing is saved."""
        if self._running:
            self._save_if_due()
            self._die(kill=True)

    def stall(self, seconds: float) -> None:
        """Accept connections and bytes but process nothing for so many seconds; then continue."""
        if self._running:
            self._stalled_until = max(self._stalled_until, self._loop.time() + seconds)
            if self._held is None:
                self._held = []
            self._loop.call_at(self._stalled_until, self._go_on, self._run, self._stalled_until)

    def _die(self, *, kill: bool) -> None:
        self._running = False
        self._run += 1
        self._held = None
        self._stalled_until = 0.0
        self._network.listen(None)
        for connection in self._connections:
            connection.die(kill=kill)
        self._connections.clear()
        self._online.clear()

    def _accept(self, end: End) -> None:
        self._connections[Connection(self, end)] = None

    # --- one thing after the other ----------------------------------------------------

    def postpones[*Ts](
        self, owner: Connection | None, work: Callable[[*Ts], None], *args: *Ts
    ) -> bool:
        """Return whether this work is postponed to the end of a stall, and schedule it if so.

        To be called at the beginning of all work.
        """
        if self._held is None:
            self._save_if_due()
            return False
        self._held.append((owner, partial(work, *args)))
        return True

    def later[*Ts](
        self, seconds: float, work: Callable[[*Ts], None], *args: *Ts
    ) -> asyncio.TimerHandle:
        """Do something later, if the broker still runs."""
        return self._loop.call_later(seconds, self._do, self._run, partial(work, *args))

    def _do(self, run: int, work: Callable[[], None]) -> None:
        if run == self._run and not self.postpones(None, work):
            work()

    def _go_on(self, run: int, stalled_until: float) -> None:
        if run != self._run or stalled_until != self._stalled_until or self._held is None:
            return
        held, self._held = self._held, None
        for work in _shuffled(held, self._rng) if self.behavior.shuffles else [w for _, w in held]:
            work()

    def _save_if_due(self) -> None:
        """Save the state of the last autosave time: nothing has changed since then."""
        if self.behavior.autosave_s is not None and (now := self._loop.time()) >= self._save_at:
            self._saved = self._store.copy()
            self._save_at += self.behavior.autosave_s * (
                (now - self._save_at) // self.behavior.autosave_s + 1
            )

    def note(self, client_id: str, direction: str, what: object) -> None:
        """Trace a packet from a client (>) or to it (<)."""
        if self._trace is not None:
            self._trace(f"{client_id or '?'} {direction} {what}")

    # --- sessions ---------------------------------------------------------------------

    def enter(self, connection: Connection, *, clean: bool) -> tuple[Session, bool]:
        """Give a connection the session of its client id, and say whether it was there before."""
        client_id = connection.client_id
        if (old := self._online.get(client_id)) is not None:
            self._take_over(old)
        self._online[client_id] = connection
        session = self._store.sessions.get(client_id)
        if clean or session is None:
            session = self._store.sessions[client_id] = Session(clean=clean)
            return session, False
        return session, True

    def leave(self, connection: Connection) -> None:
        """Remove a connection that has ended, and publish its will if it still has one."""
        del self._connections[connection]
        client_id = connection.client_id
        if self._online.get(client_id) is connection:
            del self._online[client_id]
            if self._store.sessions[client_id].clean:
                del self._store.sessions[client_id]
        if connection.will is not None and self._rng.random() >= self.behavior.will_lost:
            self._publish_late(connection.will, self.behavior.will_late_s)

    def _take_over(self, old: Connection) -> None:
        will = old.will
        if self.behavior.takeover_will is not TakeoverWill.BEFORE:
            old.will = None
        old.drop()
        if self.behavior.takeover_will is TakeoverWill.AFTER and will is not None:
            self._publish_late(will, max(self.behavior.will_late_s, _TRAILS_S))

    def _publish_late(self, will: Message, most_s: float) -> None:
        if most_s:
            self.later(most_s * self._rng.random(), self.publish, will)
        else:
            self.publish(will)

    # --- messages ---------------------------------------------------------------------

    def publish(self, message: Message) -> None:
        """Store a retained message, and deliver it to all subscribers."""
        if message.retain:
            if message.payload:
                self._store.retained[message.topic] = message
            else:
                self._store.retained.pop(message.topic, None)
            # Flagged as retained only where it is replayed.
            message = message._replace(retain=False)
        for client_id, session in self._store.sessions.items():
            wanted = session.qos_of(message.topic)
            if wanted is None:
                continue
            qos = min(wanted, message.qos)
            if (connection := self._online.get(client_id)) is not None:
                connection.deliver(message, qos)
            elif qos:
                session.waiting.append(message)

    def retained_for(self, name: str) -> list[Message]:
        """Return the retained messages that a topic filter covers."""
        retained = self._store.retained
        return [message for topic, message in retained.items() if matches(name, topic)]

    def draw_ack_delay(self) -> float:
        """Draw how many seconds a publisher waits for this PUBACK."""
        if self.behavior.ack_late and self._rng.random() < self.behavior.ack_late:
            return self._rng.random() * self.behavior.ack_late_s
        return 0.0

    def draw_duplicate(self) -> float | None:
        """Draw after how many seconds this message comes a second time; None: it does not."""
        if self.behavior.duplicated and self._rng.random() < self.behavior.duplicated:
            return self._rng.random() * self.behavior.duplicate_late_s
        return None


def _shuffled(held: list[Work], rng: Random) -> list[Callable[[], None]]:
    """Interleave the work of all connections at random; each keeps its own order."""
    owners = [owner for owner, _ in held]
    works: dict[Connection | None, list[Callable[[], None]]] = {}
    for owner, work in reversed(held):
        works.setdefault(owner, []).append(work)
    rng.shuffle(owners)
    return [works[owner].pop() for owner in owners]
