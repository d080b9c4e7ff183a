"""A test bench for MQTT in virtual time: a broker with its network, and clients to talk to it."""

from __future__ import annotations

import asyncio
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Self

from tests.simulation.broker import Broker
from tests.simulation.broker_behavior import BrokerBehavior
from tests.simulation.ha_mqtt_client import HaMqttClient
from tests.simulation.loop import as_test, run
from tests.simulation.network import Network
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
from tests.simulation.trace import Recorder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    #: Opens a connection for a party: `Network.open`, or one on sockets.
    type Open = Callable[[str], Awaitable[tuple[asyncio.StreamReader, Any]]]


class RawClient:
    """A connection that sends exactly what a test wants, to the simulated broker or to a real one.

    All packets that it receives are in `heard`; it answers none by itself.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: Any) -> None:
        self.heard: list[Packet] = []
        self.ended = False
        self._reader = reader
        self._writer = writer
        self._news = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())
        self._last_id = 0
        self._seen = 0
        """How many of `heard` were returned by `next` so far."""

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
        """Subscribe, and wait for the SUBACK."""
        self.say(Subscribe(self._next_id(), filters))
        while not isinstance(await self.next(), Suback):
            pass

    def acknowledge(self, publish: Packet) -> None:
        """Send the PUBACK of a message that was received."""
        assert isinstance(publish, Publish)
        assert publish.packet_id is not None
        self.say(Puback(publish.packet_id))

    async def next(self) -> Packet:
        """Wait for the next packet. Raises ConnectionError at the end of the connection."""
        while len(self.heard) == self._seen:
            if self.ended:
                raise ConnectionError("the connection has ended")
            self._news.clear()
            await self._news.wait()
        self._seen += 1
        return self.heard[self._seen - 1]

    async def up_to_date(self) -> None:
        """Wait until the broker has processed all that this client sent: ping it."""
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
        """Close the connection without DISCONNECT."""
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


class BrokerBench:
    """A running broker and the network to it."""

    def __init__(self, behavior: BrokerBehavior, seed: int) -> None:
        rng = Random(seed)  # noqa: S311 - it has to be the same each time
        self.loop = asyncio.get_running_loop()
        self.trace: list[str] = []
        self.network = Network(rng)
        self.broker = Broker(
            self.network, behavior, rng, lambda line: self.trace.append(f"{self.now:.6f} {line}")
        )
        self.broker.start()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self.loop.time()

    async def connect(
        self, name: str, *, clean: bool = True, keepalive_s: int = 0, will: Message | None = None
    ) -> RawClient:
        """Connect a client to the broker."""
        return await RawClient.connect(
            self.network.open, name, clean=clean, keepalive_s=keepalive_s, will=will
        )

    async def listener(self, name: str) -> RawClient:
        """Connect a client that subscribes to everything at QoS 1."""
        one = await self.connect(name)
        await one.subscribe(("#", 1))
        return one

    def heard(self, *words: str) -> list[str]:
        """Return the lines of the broker's trace that have all these words."""
        return [line for line in self.trace if all(word in line for word in words)]


class RecordedClient(Recorder):
    """Home Assistant's MQTT client; records its callbacks."""

    def __init__(self, bench: BrokerBench, *topics: str, client_id: str = "ha-1") -> None:
        super().__init__()
        self.client = HaMqttClient(
            bench.network,
            "ha",
            client_id,
            on_message=self._on_message,
            on_connection=lambda connected: self.note("connected" if connected else "lost"),
            on_subscribed=lambda: self.note("subscribed"),
        )
        for topic in topics:
            self.client.subscribe(topic, 1)
        self.client.start()

    async def until(self, what: str) -> None:
        """Wait for the next callback of this text."""
        await self.wait(what, since=len(self.trace))

    @property
    def told(self) -> list[str]:
        """The callbacks so far, as text."""
        return [what for _, what, _ in self.trace]

    @property
    def times(self) -> list[float]:
        """The times of these callbacks."""
        return [at for at, _, _ in self.trace]

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        self.note(f"{topic} {payload.decode()}{' retained' * retained}")


def simulate(
    test: Callable[[BrokerBench], Awaitable[None]],
    *,
    behavior: BrokerBehavior | None = None,
    seed: int = 1,
) -> list[str]:
    """Run a test with a broker of this behavior, and return the broker's trace."""

    async def main() -> list[str]:
        bench = BrokerBench(behavior or BrokerBehavior(), seed)
        await test(bench)
        return bench.trace

    return run(main())


def simulated(
    *, behavior: BrokerBehavior | None = None, seed: int = 1
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Run a test on such a bench."""
    return as_test(partial(simulate, behavior=behavior, seed=seed))
