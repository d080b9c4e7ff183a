"""A simulated TCP network: bytes under way between a party and the broker, and its faults.

A party is named by a word ("reader", "ha"). Its connections lead to whoever listens. Bytes arrive
in order, each piece after a few milliseconds; what was under way when a connection is cut is lost.
"""

from __future__ import annotations

import asyncio
from enum import Enum, Flag
from typing import TYPE_CHECKING

from tests.simulation.tcp import End, Route

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


class Notice(Flag):
    """Which side notices at once that a connection is cut; the other has only its timeouts."""

    NOBODY = 0
    CLIENT = 1
    BROKER = 2
    BOTH = CLIENT | BROKER


class Block(Enum):
    """How connection attempts of a blocked party fail."""

    REFUSED = "refused"
    HANGS = "hangs"


class _Party:
    """The connections of one party, and the faults on them."""

    def __init__(self, network: Network) -> None:
        self.route = Route(network.loop, network.rng, network.latency)
        self.ends: list[End] = []
        """Its own ends of its connections."""
        self.block: Block | None = None
        self.freed = asyncio.Event()


class Writer:
    """The writing half of a connection, as far as the firmware uses `asyncio.StreamWriter`."""

    def __init__(self, end: End, reader: asyncio.StreamReader) -> None:
        self._end = end
        self._reader = reader

    @property
    def transport(self) -> Writer:
        """Return the object that has `abort`."""
        return self

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._end.send(data)

    async def drain(self) -> None:
        """Wait until there is room for more. Raises OSError when the connection is lost."""
        if (error := self._reader.exception()) is not None:
            raise error
        await self._end.drain()

    def close(self) -> None:
        """Close the connection behind what was written."""
        self._end.close()
        self._reader.feed_eof()

    def abort(self) -> None:
        """Reset the connection."""
        self._end.abort()
        self._reader.feed_eof()

    async def wait_closed(self) -> None:
        """Return at once: closing takes no time here."""


class Network:
    """All connections of one history."""

    def __init__(self, rng: Random, *, latency: tuple[float, float] = (0.001, 0.008)) -> None:
        """Make a network without a listener, in the time of the running loop.

        `latency`: minimum and maximum seconds that a piece takes; can be changed later.
        """
        self.rng = rng
        self.loop = asyncio.get_running_loop()
        self.between = latency
        self._parties: dict[str, _Party] = {}
        self._accept: Callable[[End], object] | None = None

    def latency(self) -> float:
        """Draw how many seconds the next piece takes."""
        least, most = self.between
        return least + (most - least) * self.rng.random()

    # --- the two sides ------------------------------------------------------------------

    def listen(self, accept: Callable[[End], object] | None) -> None:
        """Pass new connections to `accept`, as the broker's ends; None refuses them."""
        self._accept = accept

    async def connect(self, party: str) -> End:
        """Open a connection and return the client's end. Raises ConnectionRefusedError."""
        one = self._party(party)
        await asyncio.sleep(self.latency())
        while True:
            if one.block is Block.HANGS:
                await one.freed.wait()
            elif (wait := one.route.stalled_until - self.loop.time()) > 0:
                await asyncio.sleep(wait)
            else:
                break
        if one.block is Block.REFUSED or self._accept is None:
            raise ConnectionRefusedError("connection refused")
        client, server = End(one.route), End(one.route)
        client.peer, server.peer = server, client
        one.ends = [end for end in one.ends if end.peer is not None]
        one.ends.append(client)
        self._accept(server)
        return client

    async def open(self, party: str) -> tuple[asyncio.StreamReader, Writer]:
        """Open a connection with streams. Raises ConnectionRefusedError."""
        end = await self.connect(party)
        reader = asyncio.StreamReader()

        def ended(reset: bool) -> None:
            if reset:
                reader.set_exception(ConnectionResetError("Connection reset by peer"))
            else:
                reader.feed_eof()

        end.take, end.ended = reader.feed_data, ended
        return reader, Writer(end, reader)

    def connected(self, party: str) -> bool:
        """Return whether a party has a connection, as far as it knows."""
        return any(end.open for end in self._party(party).ends)

    # --- faults -------------------------------------------------------------------------

    def cut(self, party: str, notice: Notice = Notice.BOTH) -> None:
        """Cut all connections of a party, with what is under way on them."""
        one = self._party(party)
        ends, one.ends = one.ends, []
        for client in ends:
            server = client.peer
            client.cut(notice=Notice.CLIENT in notice)
            if server is not None:
                server.cut(notice=Notice.BROKER in notice)

    def stall(self, party: str, seconds: float) -> None:
        """Delay all bytes from and to a party for so many seconds; then deliver them in order."""
        one = self._party(party)
        until = max(one.route.stalled_until, self.loop.time() + seconds)
        one.route.stalled_until = until
        for client in one.ends:
            client.postpone(until)
            if client.peer is not None:
                client.peer.postpone(until)

    def block(self, party: str, how: Block = Block.REFUSED) -> None:
        """Let a party open no new connections; existing ones are kept."""
        one = self._party(party)
        one.block = how
        if how is Block.HANGS:
            one.freed.clear()
        else:
            one.freed.set()

    def unblock(self, party: str) -> None:
        """Let a party connect again; attempts that hang go on."""
        one = self._party(party)
        one.block = None
        one.freed.set()

    def _party(self, name: str) -> _Party:
        if name not in self._parties:
            self._parties[name] = _Party(self)
        return self._parties[name]
