"""A client of the broker that records all messages, and can publish any."""

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

if TYPE_CHECKING:
    from collections.abc import Callable

_WITHIN = 30


@dataclass
class Message:
    """One message on the wire."""

    topic: str
    """Without the prefix of the reader."""
    payload: dict[str, Any]
    retained: bool
    qos: int


class WireTap:
    """Records the messages between one reader and Home Assistant."""

    def __init__(self, port: int, reader_id: str, qos: int = 0) -> None:
        """Connect to the broker on a port, and subscribe with this QoS."""
        self._base = f"biometric/{reader_id}/"
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Condition()
        self.messages: list[Message] = []
        self._looked_at = 0
        """How many messages `next` has checked."""
        self.subscriptions = 0
        """How often it has subscribed: once for each run of the broker."""
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        # By default, paho would reconnect only minutes after a long absence of the broker.
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(self._base + "#", qos)
        self._client.on_subscribe = self._note_subscribed
        self._client.on_message = self._take
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    async def ready(self) -> None:
        await self.until(lambda wire: wire.subscriptions > 0)

    def say(self, topic: str, payload: dict[str, Any] | bytes, *, retain: bool = False) -> None:
        """Publish below the reader's topic."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._client.publish(self._base + topic, data, qos=1, retain=retain)

    async def ask(self, topic: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a request as Home Assistant would, and return the reader's answer."""
        self.say(topic, payload)

        def answer(wire: WireTap) -> dict[str, Any] | None:
            answers = wire.of("command/response")
            return next((m for m in answers if m["request"] == payload["request"]), None)

        await self.until(lambda wire: answer(wire) is not None)
        found = answer(self)
        assert found is not None
        return found

    async def next(self, **wanted: Any) -> Message:
        """Return the next message that has all of these values; skip those before it."""

        def found() -> int | None:
            messages = enumerate(self.messages[self._looked_at :], self._looked_at)
            return next((n for n, m in messages if wanted.items() <= m.payload.items()), None)

        await self.until(lambda _: found() is not None)
        number = found()
        assert number is not None
        self._looked_at = number + 1
        return self.messages[number]

    def of(self, topic: str) -> list[dict[str, Any]]:
        """Return the messages of one of the reader's topics that were not retained."""
        return [m.payload for m in self.messages if m.topic == topic and not m.retained]

    def count(self, topic: str) -> int:
        return len(self.of(topic))

    async def until(self, condition: Callable[[WireTap], bool], within: float = _WITHIN) -> None:
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    def _note_subscribed(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._count_subscription(), self._loop)

    async def _count_subscription(self) -> None:
        async with self._changed:
            self.subscriptions += 1
            self._changed.notify_all()

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        topic = message.topic.removeprefix(self._base)
        try:
            payload = json.loads(message.payload)
        except ValueError:
            return
        taken = Message(topic, payload, bool(message.retain), message.qos)
        asyncio.run_coroutine_threadsafe(self._note(taken), self._loop)

    async def _note(self, message: Message) -> None:
        async with self._changed:
            self.messages.append(message)
            self._changed.notify_all()
