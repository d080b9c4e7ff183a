"""A client that says exactly what a test wants, to the simulated broker or to a real one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from tests.simulation.packets import (
    Connect,
    Message,
    Packet,
    Parser,
    Puback,
    Publish,
    Signal,
    Suback,
    Subscribe,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    #: Opens a connection for a party: `Network.open`, or one on sockets.
    type Open = Callable[[str], Awaitable[tuple[asyncio.StreamReader, Any]]]


class Probe:
    """One connection. All that it hears is in `heard`; it answers nothing by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: Any) -> None:
        self.heard: list[Packet] = []
        self.ended = False
        self._reader = reader
        self._writer = writer
        self._news = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())
        self._last_id = 0
        self._seen = 0
        """How many of `heard` were waited for."""

    @classmethod
    async def connect(
        cls,
        open_: Open,
        name: str,
        *,
        clean: bool = True,
        keepalive_s: int = 0,
        will: Message | None = None,
    ) -> Self:
        """Connect as the party and client id `name`, and wait for the CONNACK."""
        one = cls(*await open_(name))
        one.say(Connect(name, keepalive_s, clean, will))
        await one.next()
        return one

    def say(self, packet: Packet) -> None:
        """Send a packet."""
        self._writer.write(packet.encode())

    def publish(self, topic: str, payload: bytes, qos: int = 0, *, retain: bool = False) -> None:
        """Send a message."""
        self.say(Publish(topic, payload, retain, self._next_id() if qos else None))

    async def subscribe(self, *filters: tuple[str, int]) -> None:
        """Subscribe, and wait until that stands."""
        self.say(Subscribe(self._next_id(), filters))
        while not isinstance(await self.next(), Suback):
            pass

    def acknowledge(self, publish: Packet) -> None:
        """Send the PUBACK of a message that was heard."""
        assert isinstance(publish, Publish)
        assert publish.packet_id is not None
        self.say(Puback(publish.packet_id))

    async def next(self) -> Packet:
        """Wait for the next packet that was not waited for. Raises ConnectionError at the end."""
        while len(self.heard) == self._seen:
            if self.ended:
                raise ConnectionError("the connection has ended")
            self._news.clear()
            await self._news.wait()
        self._seen += 1
        return self.heard[self._seen - 1]

    async def up_to_date(self) -> None:
        """Wait until the broker has done all that this client asked for, and said so."""
        self.say(Signal.PINGREQ)
        while await self.next() is not Signal.PINGRESP:
            pass

    async def up_to(self, message: str) -> None:
        """Wait until a message comes, as `messages` has it."""
        while not isinstance(packet := await self.next(), Publish) or _text(packet) != message:
            pass

    async def end(self) -> None:
        """Wait until the broker ends the connection."""
        await self._listening

    def vanish(self) -> None:
        """Reset the connection."""
        self._writer.transport.abort()

    def close(self) -> None:
        """Close the connection without a word."""
        self._writer.close()

    def write(self, data: bytes) -> None:
        """Send any bytes."""
        self._writer.write(data)

    @property
    def messages(self) -> list[str]:
        """What was published to it, without packet ids: topic, payload, QoS and flags."""
        return [_text(packet) for packet in self.heard if isinstance(packet, Publish)]

    async def _listen(self) -> None:
        parser = Parser()
        try:
            while data := await self._reader.read(4096):
                self.heard += parser.packets(data)
                self._news.set()
        except ConnectionError:
            pass
        finally:
            self.ended = True
            self._news.set()

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id


def _text(publish: Publish) -> str:
    flags = f" q{0 if publish.packet_id is None else 1}"
    flags += " retained" * publish.retain + " duplicate" * publish.duplicate
    return f"{publish.topic} {publish.payload.decode()}{flags}"
