"""One TCP connection of the simulation: two ends, and the bytes under way between them."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.simulation.packets import Packet

#: Bytes under way after which `drain` waits, as many as an ESP32 has room for.
WINDOW = 5744
#: Chance that bytes which are sent at the same time arrive in one piece.
_TOGETHER = 7 / 8


class _Mark(Enum):
    """The end of a connection, queued behind its bytes."""

    FIN = "fin"
    RESET = "reset"


@dataclass(slots=True)
class Route:
    """What all connections of one party have in common."""

    loop: asyncio.AbstractEventLoop
    rng: Random
    latency: Callable[[], float]
    """Draws how many seconds the next piece takes."""
    stalled_until: float = 0.0


class End:
    """One side of a connection. Its owner sets the callbacks `take` and `ended`.

    `take` is called with bytes; `ended` once with whether it was a reset, unless the owner has
    closed the end before. An owner that accepts whole packets sets `takes_packets`: between two
    simulated MQTT parties encoding and parsing bytes would be most of the work.
    """

    __slots__ = (
        "_drained",
        "_pending",
        "_route",
        "_sent_at",
        "_timer",
        "_under_way",
        "ended",
        "open",
        "peer",
        "take",
        "takes_packets",
    )
    take: Callable[[Any], object]
    ended: Callable[[bool], object]

    def __init__(self, route: Route) -> None:
        self._route = route
        self.peer: End | None = None
        """The other side; None once the connection is cut, or over on both sides."""
        self.open = True
        """Whether the connection is open as far as the owner knows."""
        self.takes_packets = False
        """Whether `take` may be called with a packet."""
        self._under_way: deque[tuple[float, bytes | Packet | _Mark]] = deque()
        """What was sent and has not arrived: when it will at the earliest, and what it is."""
        self._pending = 0
        """How many bytes of it there are."""
        self._sent_at = -1.0
        """When the newest of it was sent."""
        self._timer: asyncio.TimerHandle | None = None
        self._drained: asyncio.Future[None] | None = None

    def send(self, data: bytes) -> None:
        """Send bytes; they are lost if the connection is closed or cut."""
        if self.open:
            self._pending += len(data)
            self._send(data)

    def send_packet(self, packet: Packet) -> None:
        """Send a packet: as an object if the other side takes packets, else as bytes."""
        if self.peer is None or not self.peer.takes_packets:
            self.send(packet.encode())
        elif self.open:
            self._send(packet)

    async def drain(self) -> None:
        """Wait until there is room for more bytes. Raises ConnectionResetError without one."""
        while self.open and self._pending > WINDOW:
            if self._drained is None:
                self._drained = self._route.loop.create_future()
            # Shielded: whoever gives up waiting must not end the wait of others.
            await asyncio.shield(self._drained)
        if not self.open:
            raise ConnectionResetError("Connection lost")

    def close(self) -> None:
        """Close this end; what was sent before still arrives."""
        if self.open:
            self._end()
            self._send(_Mark.FIN)

    def abort(self) -> None:
        """Reset the connection; what was sent before may or may not arrive."""
        if self.open:
            self._end()
            if self._under_way and self._route.rng.random() < 1 / 2:
                self._under_way.clear()
            self._send(_Mark.RESET)

    def postpone(self, until: float) -> None:
        """Let nothing of what was sent arrive before this time."""
        if self._under_way:
            self._under_way = deque((max(due, until), item) for due, item in self._under_way)
            self._arm()

    def cut(self, *, notice: bool) -> None:
        """Lose the connection on this side; `notice`: tell the owner."""
        self.peer = None
        self._under_way.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if notice and self.open:
            self._end()
            # Not at once: the cut may have been made in the middle of the owner's work.
            self._route.loop.call_soon(self.ended, True)

    def _send(self, item: bytes | Packet | _Mark) -> None:
        if self.peer is None:
            return
        route, under_way = self._route, self._under_way
        now = route.loop.time()
        if now == self._sent_at and under_way and route.rng.random() < _TOGETHER:
            due = under_way[-1][0]
        else:
            due = max(now + route.latency(), route.stalled_until)
        self._sent_at = now
        under_way.append((due, item))
        if self._timer is None:
            self._timer = route.loop.call_at(under_way[0][0], self._deliver)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._route.loop.call_at(self._under_way[0][0], self._deliver)

    def _deliver(self) -> None:
        """Deliver what has arrived."""
        self._timer = None
        now = self._route.loop.time()
        first = True  # the one that the timer was for, however the clock rounds
        while self._under_way and (first or self._under_way[0][0] <= now):
            first = False
            _, item = self._under_way.popleft()
            peer = self.peer
            assert peer is not None
            if isinstance(item, _Mark):
                self._finish(peer, item)
                return
            if isinstance(item, bytes):
                self._pending -= len(item)
            if peer.open:
                peer.take(item)
        if self._drained is not None and self._pending <= WINDOW:
            self._drained.set_result(None)
            self._drained = None
        # The owner of the other side may have answered with anything, also with a cut.
        if self._under_way and self._timer is None:
            self._arm()

    def _finish(self, peer: End, mark: _Mark) -> None:
        """Let the end of the connection arrive; nothing follows it."""
        was_open = peer.open
        peer._end()
        for end in (self, peer):
            end.cut(notice=False)
        if was_open:
            peer.ended(mark is _Mark.RESET)

    def _end(self) -> None:
        self.open = False
        if self._drained is not None:
            self._drained.set_result(None)
            self._drained = None
